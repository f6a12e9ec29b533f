import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptionsShape } from 'miniflare';
import { newAssertionKey } from '../dev/assertion-key.ts';
import { bundleWorker } from '../dev/bundle.ts';
import { applyMigrations } from '../dev/migrate.ts';
import { workerdProcesses } from './machine.ts';
import { CALLS_PATH, type Calls } from './workers/counting.ts';

export const VARIANT_IDS = ['a', 'b', 'c', 'd', 'e'] as const;
export type VariantId = (typeof VARIANT_IDS)[number];

/** What each variant is. */
export const TITLES: Readonly<Record<VariantId, string>> = {
  a: 'a Worker that only does fetch(origin)',
  b: "Hono's proxy(), no checks",
  c: 'Keystile, warm, lease 1 s',
  d: 'Keystile, lease 0 s',
  e: 'textbook: D1 read and object call each',
};

/** A variant in a workerd process of its own, warm. */
export interface Variant {
  readonly id: VariantId;
  readonly pid: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The inspector of its isolate; null unless it was asked for. */
  readonly inspectorUrl: string | null;
  /** Calls of stores since the last time; null where they are not counted. */
  readonly takeCalls: (() => Promise<Calls>) | null;
  stop(): Promise<void>;
}

/** How a variant is started. */
export interface VariantOptions {
  readonly id: VariantId;
  readonly originUrl: string;
  /** Whether its bindings are counted; slower, so never where time is measured. */
  readonly counted: boolean;
  readonly inspected: boolean;
  /** Another Worker in its place, on the same stores. */
  readonly entry?: string;
  /** Of Keystile: laid over the policy that passes everything on to the origin. */
  readonly policy?: object;
}

const WORKERS = join(import.meta.dirname, 'workers');
const ROOT = join(import.meta.dirname, '..');
const COMPATIBILITY = { compatibilityDate: '2026-10-20', compatibilityFlags: ['enable_request_signal'] };
/** A limit that is counted for every request and never reached. */
const RATE_PER_MINUTE = 100_000_000;
const CLIENT = { 'cf-connecting-ip': '203.0.113.7' };
const PATH = '/v1/models';

/** Starts a variant, behind a socket of its own without any proxy, and makes the key that it is called with. */
export async function startVariant(options: VariantOptions): Promise<Variant> {
  const { id, counted, inspected, entry = entryOf(id, counted) } = options;
  const adminToken = randomBytes(24).toString('hex');
  const before = new Set(workerdProcesses());
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new Log(LogLevel.NONE),
      logRequests: false,
      ...(inspected ? { inspectorPort: 0 } : {}),
      workers: [
        {
          name: id,
          modules: true,
          script: await bundleWorker(entry),
          ...COMPATIBILITY,
          ...bindingsOf(options, adminToken),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
          stripCfConnectingIp: false,
        },
      ],
    }),
  );
  await miniflare.ready;
  const [pid] = workerdProcesses().filter((each) => !before.has(each));
  if (pid === undefined) throw new Error('no workerd process was started');
  const { origin } = await miniflare.unsafeGetDirectURL(id);
  const key = await prepare(miniflare, id, origin, adminToken);
  const inspector = inspected ? await miniflare.getInspectorURL() : null;
  return {
    id,
    pid,
    url: origin + PATH,
    headers: { ...CLIENT, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
    inspectorUrl: inspector === null ? null : new URL(`/core:user:${id}`, inspector).href,
    takeCalls: counted ? async () => (await (await fetch(origin + CALLS_PATH)).json()) as Calls : null,
    stop: () => miniflare.dispose(),
  };
}

/** Whether a variant has stores to call at all. */
export function hasStores(id: VariantId): boolean {
  return id !== 'a' && id !== 'b';
}

function entryOf(id: VariantId, counted: boolean): string {
  switch (id) {
    case 'a':
      return join(WORKERS, 'bare.ts');
    case 'b':
      return join(WORKERS, 'hono.ts');
    case 'c':
    case 'd':
      return counted ? join(WORKERS, 'counted-keystile.ts') : join(ROOT, 'src/index.ts');
    case 'e':
      return join(WORKERS, counted ? 'counted-textbook.ts' : 'textbook.ts');
  }
}

function bindingsOf({ id, originUrl, policy: changes }: VariantOptions, adminToken: string): V4WorkerOptionsShape {
  if (!hasStores(id)) return { bindings: { ORIGIN: originUrl } };
  if (id === 'e') {
    const durableObjects = { COUNTER: { className: 'Counter', useSQLite: true } };
    return { bindings: { ORIGIN: originUrl }, d1Databases: { DB: 'textbook' }, durableObjects };
  }
  const policy = {
    lease: id === 'c' ? '1s' : '0s',
    limits: { default_rate_per_minute: RATE_PER_MINUTE, max_rate_per_minute: RATE_PER_MINUTE },
    upstreams: [{ name: 'origin', origins: [{ url: originUrl }] }],
    ...changes,
  };
  return {
    bindings: {
      POLICY: JSON.stringify(policy),
      PEPPERS: `1:${randomBytes(32).toString('hex')}`,
      ADMIN_TOKEN: adminToken,
      // Read where the policy asks for assertions.
      ASSERTION_KEYS: newAssertionKey('bench'),
    },
    d1Databases: { DB: 'keystile' },
    kvNamespaces: { KEYS: 'keys' },
    durableObjects: {
      KEY_GATE: { className: 'KeyGate', useSQLite: true },
      LOCKOUT: { className: 'Lockout', useSQLite: true },
      LEDGER: { className: 'AccountLedger', useSQLite: true },
      METRICS: { className: 'MetricsBoard', useSQLite: true },
    },
  };
}

/** Fills the stores of a variant that has any; the key that opens it, or null. */
async function prepare(miniflare: Miniflare, id: VariantId, url: string, token: string): Promise<string | null> {
  if (!hasStores(id)) return null;
  const db = await miniflare.getD1Database('DB');
  if (id === 'e') {
    const key = randomBytes(24).toString('hex');
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(key))).toString('hex');
    await db.batch([
      db.prepare('CREATE TABLE keys (digest TEXT PRIMARY KEY, id TEXT, status TEXT, rate_per_minute INTEGER)'),
      db.prepare("INSERT INTO keys VALUES (?, 'key', 'active', ?)").bind(digest, RATE_PER_MINUTE),
    ]);
    return key;
  }
  await applyMigrations(db, join(ROOT, 'src/registry/migrations'));
  const admin = async (path: string, body: object) => {
    const headers = { ...CLIENT, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/admin/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { id: string; key: string };
  };
  const account = await admin('/accounts', { name: 'Bench' });
  return (await admin(`/accounts/${account.id}/keys`, { label: 'bench', environment: 'live' })).key;
}
