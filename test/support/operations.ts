import type { Described, Section } from '../../src/control/openapi/section.ts';
import { ADMIN_TOKEN, type Cluster, type Send } from './cluster.ts';
import { NOBODY, type PlantedWebhook, plantWebhook } from './webhooks.ts';

/* How an operation of the route tables is called, as its own example says, about things that exist. */

/** What paths and inputs may name. */
export interface Things {
  readonly account: string;
  readonly member: string;
  readonly key: { readonly id: string; readonly key: string };
  /** The secret of a trial key. */
  readonly trial?: string;
  /** The secret of a service key. */
  readonly service?: string;
  readonly webhook?: PlantedWebhook;
}

/** An operation and what stands in front of its path. */
export interface Operation {
  readonly base: Section['base'];
  readonly route: Described;
}

const JSON_BODY = { 'content-type': 'application/json' };

/** What is sent in place of the example, where that names something in particular. */
const INPUT: Readonly<Record<string, (things: Things) => object>> = {
  lookUpKey: ({ key }) => ({ key: key.key }),
  createWebhook: () => ({ url: NOBODY, events: ['key_leaked'] }),
  createOperatorWebhook: () => ({ url: NOBODY, events: ['key_leaked'] }),
  updateWebhook: () => ({ url: `${NOBODY}?again`, status: 'active' }),
  updateOperatorWebhook: () => ({ url: `${NOBODY}?again`, status: 'active' }),
  verifyKey: ({ key }) => ({ key: key.key, method: 'GET', path: '/v1/models', client_ip: '192.0.2.1' }),
};

/** Does what must have been done before an operation can be. */
export async function prepare<T extends Things>(cluster: Cluster, operation: string, things: T): Promise<T> {
  if (operation === 'eraseAccount') await done(cluster.admin('POST', `/accounts/${things.account}/close`));
  if (operation === 'showImport') {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/x-ndjson' };
    await done(cluster.send('/admin/v1/imports?import=move-1&chunk=2', { method: 'POST', headers, body: '{}' }));
  }
  if (operation === 'verifyKey') {
    return { ...things, service: (await cluster.issue(things.account, { role: 'service' })).key };
  }
  if (/Webhook|Deliver/.test(operation)) {
    const isOperators = operation.includes('Operator');
    const name = `${isOperators ? 'operator_' : ''}${things.member}`;
    return { ...things, webhook: await plantWebhook(cluster, isOperators ? null : things.account, name) };
  }
  if (operation !== 'revokeTrialKey') return things;
  const minted = await done(cluster.send('/api/v1/onboarding/temp-key', { method: 'POST', address: '192.0.2.3' }));
  return { ...things, trial: ((await minted.json()) as { api_key: string }).api_key };
}

async function done(asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response;
}

/** The call of an operation with its example as input, unless another one is given. Credentials are up to the caller. */
export function callOf(
  { base, route: { method, path, about } }: Operation,
  things: Things,
  input: unknown = INPUT[about.id]?.(things) ?? about.example.input,
): { readonly path: string; readonly send: Send & { readonly headers: Readonly<Record<string, string>> } } {
  const values: Readonly<Record<string, string>> = {
    accounts: things.account,
    members: things.member,
    keys: things.key.id,
    'api-keys': things.key.id,
    webhooks: things.webhook?.id ?? '',
    deliveries: things.webhook?.delivery ?? '',
    imports: 'move-1',
    lockouts: 'ip',
    ':kind': '192.0.2.77',
    'temp-key': things.trial?.slice(0, 20) ?? '',
  };
  const segments = path.split('/');
  const filled = segments.map((segment, i) => (segment.startsWith(':') ? values[segments[i - 1] ?? ''] : segment));
  const { upload } = about;
  const reads = method === 'GET' || method === 'DELETE' || upload !== undefined;
  const query = reads && input !== undefined ? `?${new URLSearchParams(input as Record<string, string>)}` : '';
  const headers = {
    ...(!reads && JSON_BODY),
    ...(upload && { 'content-type': upload.type }),
    ...(about.needsIdempotencyKey && { 'idempotency-key': crypto.randomUUID() }),
  };
  const body =
    upload !== undefined
      ? { body: upload.example }
      : reads || input === undefined
        ? {}
        : { body: JSON.stringify(input) };
  return { path: base + filled.join('/') + query, send: { method, headers, ...body } };
}
