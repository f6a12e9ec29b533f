import { mintSigningSecret } from '../../credential/mint.ts';
import { deny } from '../../decision/denial.ts';
import { resolveTarget } from '../../events/resolve.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  type Endpoint,
  listEndpoints,
  readEndpoint,
  rotateEndpointSecret,
  type SealedSecret,
} from '../../registry/webhooks.ts';
import { type Answer, denied, EMPTY, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { Rotation } from '../inputs/rotation.ts';
import type { EndpointChange, NewEndpoint } from '../inputs/webhooks.ts';

/** Whose endpoints: an account's, or (null) the operator's. */
export type Owner = string | null;

/** An endpoint as answers show it. */
export function endpointView(endpoint: Endpoint) {
  const { id, accountId: account, url, description, events, status, disabledBy } = endpoint;
  const { createdAtMs, failures, failingSinceAtMs } = endpoint;
  const shown = { id, account, url, description, events, status, disabled_by: disabledBy };
  return { ...shown, created_at: rfc3339(createdAtMs), failures, failing_since: rfc3339(failingSinceAtMs) };
}

/** There is no such endpoint. */
export const missing = (): Answer => denied(deny('not_found', { detail: 'there is no webhook endpoint with this id' }));

/** All endpoints, newest first. */
export async function showEndpoints({ force }: Desk, accountId: Owner): Promise<Answer> {
  const endpoints = await listEndpoints(force.db.withSession('first-primary'), accountId);
  return json({ webhooks: endpoints.map(endpointView) });
}

/** One endpoint. */
export async function showEndpoint({ force }: Desk, accountId: Owner, id: string): Promise<Answer> {
  const endpoint = await readEndpoint(force.db.withSession('first-primary'), { accountId, id });
  return endpoint === null ? missing() : json(endpointView(endpoint));
}

/** Makes an endpoint. Its secret stands in this answer and nowhere else. */
export async function makeEndpoint(desk: Desk, accountId: Owner, input: NewEndpoint): Promise<Answer> {
  const { house, force, actor, nowMs, entropy } = desk;
  const refusal = await targetRefusal(desk, input.url);
  if (refusal !== null) return refusal;
  const minted = await sealedSecret(desk);
  if (minted === null) return unsealed(desk);
  const { url, description = null, events = null } = input;
  const wanted = { accountId, id: entropy.id('whe'), url, description, events };
  const most = house.policy.webhooks.endpoints;
  const made = await createEndpoint(force.db, wanted, minted.stored, most, actor, nowMs);
  if (made.ok) return withSecret(minted, 201, endpointView(made.endpoint));
  if (made.reason === 'account_suspended') return denied(deny('account_suspended'));
  const detail = `there are ${made.count} webhook endpoints of at most ${most}: delete one that is not used`;
  return denied(deny('conflict', { detail }));
}

/** Changes an endpoint. What has waited for one that is active again goes out. */
export async function alterEndpoint(desk: Desk, accountId: Owner, id: string, set: EndpointChange): Promise<Answer> {
  const { force, actor, nowMs } = desk;
  if (set.url !== undefined) {
    const refusal = await targetRefusal(desk, set.url);
    if (refusal !== null) return refusal;
  }
  const endpoint = await changeEndpoint(force.db, { accountId, id }, set, actor, nowMs);
  if (endpoint === null) return missing();
  if (endpoint.status === 'active') force.wake();
  return json(endpointView(endpoint));
}

/** Deletes an endpoint, with its secrets and what waits for it. */
export async function removeEndpoint(desk: Desk, accountId: Owner, id: string): Promise<Answer> {
  const { force, actor, nowMs } = desk;
  return (await deleteEndpoint(force.db, { accountId, id }, actor, nowMs)) ? EMPTY : missing();
}

/**
 * Gives an endpoint another secret, which stands in this answer and nowhere else. The one before is valid until
 * `grace_period_ends_at`: deliveries are signed with both.
 */
export async function rotateEndpoint(desk: Desk, accountId: Owner, id: string, input: Rotation): Promise<Answer> {
  const { house, force, actor, nowMs } = desk;
  const mostMs = house.policy.webhooks.secret_grace;
  const graceMs = input.grace_seconds === undefined ? mostMs : 1_000 * input.grace_seconds;
  if (graceMs > mostMs) return denied(invalid('grace_seconds', `expected at most ${mostMs / 1_000}`).denial);
  const minted = await sealedSecret(desk);
  if (minted === null) return unsealed(desk);
  const endsAtMs = nowMs + graceMs;
  const endpoint = await rotateEndpointSecret(force.db, { accountId, id }, minted.stored, endsAtMs, actor, nowMs);
  if (endpoint === null) return missing();
  return withSecret(minted, 200, { grace_period_ends_at: rfc3339(endsAtMs), ...endpointView(endpoint) });
}

/** A new secret, and all that the registry gets of it. */
interface Minted {
  readonly secret: string;
  readonly stored: SealedSecret;
}

/** null: there is no key to seal it under. */
async function sealedSecret({ house, entropy }: Desk): Promise<Minted | null> {
  const { seal } = house.courier;
  if (seal === null) return null;
  const secret = mintSigningSecret(entropy.secret);
  const id = entropy.id('whs');
  return { secret, stored: { id, sealed: await seal.seal(secret, id), keyVersion: seal.version } };
}

function withSecret({ secret, stored }: Minted, status: 200 | 201, shown: object): Answer {
  return { kind: 'json', status, body: { secret, ...shown }, secret: { field: 'secret', signing: stored.id } };
}

function unsealed({ house }: Desk): Answer {
  house.logger.alert('misconfigured', { problems: 'WEBHOOK_KEYS: not set, so webhook endpoints can have no secrets' });
  const detail = 'webhooks are not set up here: the operator has to set WEBHOOK_KEYS';
  return denied(deny('misconfigured', { retryAfterMs: 60_000, detail }));
}

/** Why nothing may be sent to a URL; null: it may. */
async function targetRefusal({ house }: Desk, url: string): Promise<Answer | null> {
  const problem = await resolveTarget(url, house.courier.rules);
  return problem === null ? null : denied(invalid('url', problem).denial);
}
