import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { bundleModules, bundleWorker } from '../../dev/bundle.ts';
import { createKeystile, type Keystile, type operations, orThrow } from '../../src/client/client.ts';
import type { EventQueue } from '../../src/events/queue.ts';
import type { Decision } from '../../src/index.ts';
import { startOrigin, type TestOrigin } from './origin.ts';

/*
 * Whole gateways in workerd: several isolates, each behind a socket of its own, on one D1, one KV and one set of
 * objects, in front of a real origin. Requests go over real HTTP.
 */

export const ADMIN_TOKEN = 'test-admin-token-0123456789';
export const READ_TOKEN = 'test-reader-token-0123456789';
export const PEPPERS = `1:${'5a'.repeat(32)}`;
export const WEBHOOK_KEYS = `1:${'3c'.repeat(32)}`;
const COMPATIBILITY = {
  compatibilityDate: '2026-10-20',
  compatibilityFlags: ['enable_request_signal', 'queue_consumer_no_wait_for_wait_until', 'nodejs_als'],
};

const GATEWAY = join(import.meta.dirname, 'isolate.ts');
const gatewayScript = bundleWorker(GATEWAY);
const objectsScript = bundleWorker(join(import.meta.dirname, 'objects-worker.ts'));
const callerScript = join(import.meta.dirname, 'caller-worker.ts');
const schema = readFileSync(join(import.meta.dirname, '../../schema.sql'), 'utf8');

export interface ClusterOptions {
  readonly isolates?: number;
  /** Merged over the preset; without `upstreams` everything goes to the test's origin. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Laid over `policy` for single isolates. */
  readonly policies?: Readonly<Record<number, Readonly<Record<string, unknown>>>>;
  readonly vars?: Readonly<Record<string, string>>;
  /** Laid over `vars` for single isolates. */
  readonly varsOf?: Readonly<Record<number, Readonly<Record<string, string>>>>;
  /** Keeps the state there, so that another cluster can be started on it. */
  readonly stateDir?: string;
  /** By how much every clock is moved from the beginning, as when time has passed between two clusters. */
  readonly movedMs?: number;
  /** An origin that outlives the cluster; else one is started, and stopped with it. */
  readonly origin?: TestOrigin;
  /** Another entry for the objects' Worker, with classes of the same names. */
  readonly objects?: string;
  /** Whether there is a Worker that is bound to the isolates as another service; see `caller-worker.ts`. */
  readonly caller?: boolean;
  /** Whether the gateways carry the page of `/docs`. */
  readonly page?: boolean;
}

/** How a request is sent; the client address is 192.0.2.1 unless given, and null sends none. */
export interface Send {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly address?: string | null;
  readonly signal?: AbortSignal;
}

/** As whom a client calls: for which account, of which isolate, and from where. */
export interface ClientOptions {
  readonly isolate?: number;
  readonly account?: string;
  readonly address?: string;
}

/** What may be said of a new key. */
export type KeyFields = Partial<NonNullable<operations['createKey']['requestBody']>['content']['application/json']>;

export interface IssuedKey {
  readonly key: string;
  readonly id: string;
  readonly prefix: string;
}

export class Cluster {
  readonly #miniflare: Miniflare;
  readonly objectsUrl: string;
  readonly urls: readonly string[];
  readonly origin: TestOrigin;
  /** What the gateways have logged. */
  readonly logs: string[];
  /** Of the Worker that is bound to the isolates; null: there is none. */
  readonly callerUrl: string | null;

  constructor(
    miniflare: Miniflare,
    urls: readonly string[],
    objectsUrl: string,
    origin: TestOrigin,
    logs: string[],
    callerUrl: string | null,
  ) {
    this.callerUrl = callerUrl;
    this.#miniflare = miniflare;
    this.urls = urls;
    this.objectsUrl = objectsUrl;
    this.origin = origin;
    this.logs = logs;
  }

  /** Sends a request to one isolate. Redirects are not followed. */
  send(path: string, { address = '192.0.2.1', ...init }: Send = {}, isolate = 0): Promise<Response> {
    const headers = new Headers(init.headers);
    if (address !== null) headers.set('cf-connecting-ip', address);
    return fetch(`${this.urls[isolate]}${path}`, { redirect: 'manual', ...init, headers });
  }

  /** Calls the origin with a key. */
  call(key: string, isolate = 0, address = '192.0.2.1', path = '/v1/models'): Promise<Response> {
    return this.send(path, { headers: { authorization: `Bearer ${key}` }, address }, isolate);
  }

  /** Asks the entrypoint of an isolate, as a Worker that is bound to it. */
  async askBound(question: unknown, isolate = 0): Promise<Decision> {
    const response = await fetch(`${this.callerUrl}/${isolate}`, { method: 'POST', body: JSON.stringify(question) });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as Decision;
  }

  /** Calls an admin route. */
  admin(method: string, path: string, body?: unknown, isolate = 0, token = ADMIN_TOKEN): Promise<Response> {
    return this.send(
      `/admin/v1${path}`,
      {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        address: '198.51.100.7',
      },
      isolate,
    );
  }

  /** The client of customers and operators, for one isolate. */
  client(token: string, { isolate = 0, account, address = '192.0.2.1' }: ClientOptions = {}): Keystile {
    return createKeystile({
      baseUrl: this.urls[isolate] ?? '',
      token,
      ...(account !== undefined && { account }),
      fetch(request) {
        request.headers.set('cf-connecting-ip', address);
        return fetch(request);
      },
    });
  }

  /** The client of the operator. */
  operator(isolate = 0): Keystile {
    return this.client(ADMIN_TOKEN, { isolate, address: '198.51.100.7' });
  }

  /** A new account's id. */
  async account(name = 'One', plan?: string): Promise<string> {
    const body = { name, ...(plan !== undefined && { plan }) };
    return (await orThrow(this.operator().POST('/admin/v1/accounts', { body }))).id;
  }

  /** A new key of an account. */
  async issue(account: string, fields: KeyFields = {}, isolate = 0): Promise<IssuedKey> {
    const sent = { params: { path: { id: account } }, body: { environment: 'live', ...fields } };
    return orThrow(this.operator(isolate).POST('/admin/v1/accounts/{id}/keys', sent));
  }

  /**
   * Steers an isolate: its `clock`, its `delays`, its `death` at a later call, its `queue` that hangs, or `forget` (as a
   * new isolate).
   */
  async steer(
    isolate: number,
    what: 'clock' | 'delays' | 'death' | 'queue' | 'forget',
    body: Record<string, number> = {},
  ): Promise<void> {
    await fetch(`${this.urls[isolate]}/__test/${what}`, { method: 'POST', body: JSON.stringify(body) });
  }

  /** How many calls of each binding an isolate has made since this was asked last. */
  async calls(isolate = 0): Promise<Record<string, number>> {
    return (await this.#counted(isolate)).calls;
  }

  /** The same, one by one in the order in which they began; of very many the first. */
  async callsInOrder(isolate = 0): Promise<readonly string[]> {
    return (await this.#counted(isolate)).order;
  }

  /** The bodies of what the queue has brought to its consumer since this was asked last. */
  async messages(): Promise<readonly unknown[]> {
    return (await (await fetch(`${this.urls[0]}/__test/messages`)).json()) as unknown[];
  }

  async #counted(isolate: number): Promise<{ calls: Record<string, number>; order: string[] }> {
    const response = await fetch(`${this.urls[isolate]}/__test/calls`);
    return (await response.json()) as { calls: Record<string, number>; order: string[] };
  }

  /** Moves the clock of all objects. */
  async moveObjects(movedMs: number): Promise<void> {
    await fetch(`${this.objectsUrl}/clock`, { method: 'POST', body: JSON.stringify({ movedMs }) });
  }

  /** Moves every clock alike, as if this much time had passed. */
  async moveTime(ms: number): Promise<void> {
    await this.moveObjects(ms);
    await Promise.all(this.urls.map((_, isolate) => this.steer(isolate, 'clock', { offsetMs: ms })));
  }

  /** Ends a key's gate as a crash would. */
  async crashGate(key: string): Promise<void> {
    await fetch(`${this.objectsUrl}/crash`, { method: 'POST', body: JSON.stringify({ key }) });
  }

  /** Ends an account's ledger as a crash would. */
  async crashLedger(account: string): Promise<void> {
    await fetch(`${this.objectsUrl}/crash`, { method: 'POST', body: JSON.stringify({ account }) });
  }

  /** Lets a key's gate forget everything, as after its retirement; its alarm does so soon after this has answered. */
  async eraseGate(key: string): Promise<void> {
    await fetch(`${this.objectsUrl}/erase`, { method: 'POST', body: JSON.stringify({ key }) });
  }

  /** Fires the cron of an isolate. */
  async schedule(isolate = 0): Promise<void> {
    const worker = await this.#miniflare.getWorker(`edge-${isolate}`);
    await worker.scheduled({ cron: '* * * * *' });
  }

  async database(): Promise<D1Database> {
    return (await this.#miniflare.getD1Database('DB', 'edge-0')) as unknown as D1Database;
  }

  async records(): Promise<KVNamespace> {
    return (await this.#miniflare.getKVNamespace('KEYS', 'edge-0')) as unknown as KVNamespace;
  }

  /** What the gateways send to their queue. */
  async queue(): Promise<EventQueue> {
    return (await this.#miniflare.getQueueProducer('EVENTS', 'edge-0')) as unknown as EventQueue;
  }

  /** Ends the process of all gateways and objects without warning; the origin goes on. */
  async kill(): Promise<void> {
    await this.#miniflare.dispose();
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.origin.stop();
  }
}

/** As in `wrangler.toml`. */
const CONSUMERS = {
  'keystile-events': {
    maxBatchSize: 5,
    maxBatchTimeout: 0,
    maxRetries: 3,
    deadLetterQueue: 'keystile-events-dead',
  },
  'keystile-events-dead': { maxBatchTimeout: 1 },
};

const alone = (script: string) => ({ modules: true, script }) as const;

/** Starts isolates on one set of stores, with the schema applied. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { isolates = 1, policy = {}, policies = {}, vars = {}, varsOf = {}, stateDir, movedMs = 0 } = options;
  const origin = options.origin ?? (await startOrigin());
  const logs: string[] = [];
  const upstreams = [{ name: 'origin', origins: [{ url: origin.url }] }];
  const [code, objects] = await Promise.all([
    options.page === true ? bundleModules(GATEWAY).then((modules) => ({ modules })) : gatewayScript.then(alone),
    options.objects === undefined ? objectsScript : bundleWorker(options.objects),
  ]);
  const sockets = { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] };
  const bound = (_: unknown, i: number) => [`EDGE_${i}`, { name: `edge-${i}`, entrypoint: 'Keystile' }] as const;
  const callers =
    options.caller === true
      ? [
          {
            ...COMPATIBILITY,
            ...sockets,
            name: 'caller',
            ...alone(await bundleWorker(callerScript)),
            serviceBindings: Object.fromEntries(Array.from({ length: isolates }, bound)),
          },
        ]
      : [];
  const queue = { queueProducers: { EVENTS: 'keystile-events' } };
  const stores = { d1Databases: { DB: 'keystile' }, kvNamespaces: { KEYS: 'keystile' }, ...queue };
  const edges = Array.from({ length: isolates }, (_, i) => ({
    ...COMPATIBILITY,
    ...stores,
    name: `edge-${i}`,
    ...code,
    ...(i === 0 && { queueConsumers: CONSUMERS }),
    durableObjects: {
      KEY_GATE: { className: 'MovableKeyGate', scriptName: 'objects', useSQLite: true },
      LOCKOUT: { className: 'MovableLockout', scriptName: 'objects', useSQLite: true },
      LEDGER: { className: 'MovableLedger', scriptName: 'objects', useSQLite: true },
      METRICS: { className: 'MetricsBoard', scriptName: 'objects', useSQLite: true },
    },
    bindings: {
      POLICY: { upstreams, ...policy, ...policies[i] } as never,
      PEPPERS,
      WEBHOOK_KEYS,
      MOVED_MS: movedMs as never,
      ADMIN_TOKEN: `root=${ADMIN_TOKEN},reader:read=${READ_TOKEN}`,
      ...vars,
      ...varsOf[i],
    },
    ...sockets,
  }));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...(stateDir !== undefined && { resourcePersistencePath: stateDir }),
      handleStructuredLogs: ({ message }: { message: string }) => logs.push(message),
      workers: [
        ...edges,
        ...callers,
        {
          ...COMPATIBILITY,
          name: 'objects',
          modules: true,
          script: objects,
          bindings: { MOVED_MS: movedMs },
          d1Databases: stores.d1Databases,
          ...queue,
          durableObjects: {
            KEY_GATE: { className: 'MovableKeyGate', useSQLite: true },
            LOCKOUT: { className: 'MovableLockout', useSQLite: true },
            LEDGER: { className: 'MovableLedger', useSQLite: true },
            METRICS: { className: 'MetricsBoard', useSQLite: true },
          },
          ...sockets,
        },
      ],
    } as never),
  );
  await miniflare.ready;
  const urls = await Promise.all(edges.map(async ({ name }) => (await miniflare.unsafeGetDirectURL(name)).origin));
  const objectsUrl = (await miniflare.unsafeGetDirectURL('objects')).origin;
  const db = (await miniflare.getD1Database('DB', 'edge-0')) as unknown as D1Database;
  // All its statements at once: one by one they take a third of the start.
  await db.prepare(schema).run();
  const callerUrl = callers.length === 0 ? null : (await miniflare.unsafeGetDirectURL('caller')).origin;
  return new Cluster(miniflare, urls, objectsUrl, origin, logs, callerUrl);
}
