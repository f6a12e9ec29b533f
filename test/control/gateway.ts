import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { bundleWorker } from '../../dev/bundle.ts';
import type { LogBatch } from '../../src/decision/event.ts';
import type { AccountLedger } from '../../src/objects/account-ledger.ts';
import type { CountedValues, MetricsBoard } from '../../src/objects/metrics-board.ts';
import { apply, migrations } from '../registry/database.ts';

/** The name of the one object that sums up metrics. */
const BOARD = 'metrics';

/** A full and a read-only admin token. */
export const FULL = 'full-token-0123456789';
export const READ = 'read-token-0123456789';

/** JSON whose fields a test names as it expects them. */
export type Json = ReturnType<typeof JSON.parse>;

/** What a call answered. `body` is its JSON, or null where there is none. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  /** null: none. */
  readonly token?: string | null;
  /** null: none. */
  readonly address?: string | null;
  readonly headers?: Record<string, string>;
}

/** Text and streams are sent as they are, anything else as JSON. */
function sent(body: unknown) {
  if (body === undefined) return {};
  if (body instanceof ReadableStream) return { body: body as never, duplex: 'half' as const };
  return { body: typeof body === 'string' ? body : JSON.stringify(body) };
}

const script = bundleWorker(new URL('./worker.ts', import.meta.url).pathname);

/** Control routes in workerd, with empty stores of their own. */
export async function openGateway(variables: Record<string, string | undefined> = {}, policy: object = {}) {
  const bindings = {
    ADMIN_TOKEN: `ada=${FULL},dash:read=${READ}`,
    PEPPERS: `1:${'ab'.repeat(32)}`,
    WEBHOOK_KEYS: `1:${'3c'.repeat(32)}`,
    POLICY: JSON.stringify(policy),
    ...variables,
  };
  const logs: string[] = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: ({ message }: { message: string }) => logs.push(message),
      modules: true,
      script: await script,
      compatibilityDate: '2026-10-20',
      compatibilityFlags: ['enable_request_signal'],
      d1Databases: ['DB'],
      kvNamespaces: ['KEYS'],
      queueProducers: { EVENTS: 'keystile-events' },
      durableObjects: {
        KEY_GATE: { className: 'KeyGate', useSQLite: true },
        LOCKOUT: { className: 'Lockout', useSQLite: true },
        LEDGER: { className: 'AccountLedger', useSQLite: true },
        METRICS: { className: 'MetricsBoard', useSQLite: true },
      },
      bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined)),
    }),
  );
  const db = (await miniflare.getD1Database('DB')) as unknown as D1Database;
  await apply(db, migrations);

  const call = async (path: string, { method = 'GET', body, token = null, address = '192.0.2.1', headers }: Call) => {
    const response = await miniflare.dispatchFetch(`http://gateway.example${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(address === null ? {} : { 'cf-connecting-ip': address }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...sent(body),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    const reply: Reply = {
      status: response.status,
      headers: response.headers as unknown as Headers,
      body: isJson && text !== '' ? JSON.parse(text) : text === '' ? null : text,
    };
    return reply;
  };
  const admin = (method: string, path: string, body?: unknown, more: Call = {}) =>
    call(`/admin/v1${path}`, { token: FULL, method, body, ...more });
  return {
    db,
    call,
    admin,
    /** A new account's id. */
    account: async (): Promise<string> => (await admin('POST', '/accounts', { name: 'One' })).body.id,
    /** A new key, as it was answered. */
    key: async (accountId: string, body: object = {}) =>
      (await admin('POST', `/accounts/${accountId}/keys`, { environment: 'live', ...body })).body,
    /** Records requests in an account's ledger. */
    record: async (accountId: string, batch: LogBatch): Promise<void> => {
      const ledgers = (await miniflare.getDurableObjectNamespace(
        'LEDGER',
      )) as unknown as DurableObjectNamespace<AccountLedger>;
      const retention = { ageMs: 86_400_000, bytes: 1_000_000_000 };
      await ledgers.get(ledgers.idFromName(accountId)).record(batch, { retention, anchorMs: 0 });
    },
    /** Counts for the metrics what an isolate would have. */
    count: async (values: CountedValues): Promise<void> => {
      const boards = (await miniflare.getDurableObjectNamespace(
        'METRICS',
      )) as unknown as DurableObjectNamespace<MetricsBoard>;
      await boards.get(boards.idFromName(BOARD)).add(values);
    },
    /** Runs the schedules as if it were `atMs`, and they had been due at `dueAtMs`. */
    schedule: (atMs: number, dueAtMs = atMs, headers: Record<string, string> = {}) =>
      call('/', { headers: { 'x-test-at': String(atMs), 'x-test-due': String(dueAtMs), ...headers } }),
    /** What has been logged. */
    logs,
    close: () => miniflare.dispose(),
  };
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>;
