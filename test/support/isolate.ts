import { env, WorkerEntrypoint } from 'cloudflare:workers';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventMessage } from '../../src/events/queue.ts';
import { createWorker, type Decision, type Env, type Question } from '../../src/index.ts';

/*
 * The Worker as tests run it: the real one, with a clock that can be skewed, made to drift and stepped back, and with
 * every call to a binding counted and, if asked for, delayed by a seeded random time before and after. It can be made
 * to die at any of these calls. Steered over `/__test/…`, which the real Worker does not have.
 */

interface Clockwork {
  offsetMs: number;
  /** How much faster than true the clock runs, in parts per million, since then or since it was steered last. */
  driftPpm: number;
  sinceMs: number;
}

/** By how much time was moved before this process began. */
const BEGAN_MOVED_MS = Number((env as { readonly MOVED_MS?: number }).MOVED_MS ?? 0);
const clock: Clockwork = { offsetMs: BEGAN_MOVED_MS, driftPpm: 0, sinceMs: Date.now() };
const delays = { seed: 0, maxMs: 0 };
let calls: { [call: string]: number } = {};
/** The same, one after the other; no more of them than anybody looks at. */
let order: string[] = [];
const MOST_ORDERED = 1_000;
/** Whether nothing that is sent to the queue arrives, or is ever answered. */
const queue = { hangs: 0 };
let worker = createWorker(readClock);
let instrumented: Env | undefined;

function readClock(): number {
  const nowMs = Date.now();
  return Math.round(nowMs + clock.offsetMs + ((nowMs - clock.sinceMs) * clock.driftPpm) / 1_000_000);
}

/** A small seeded generator (mulberry32), so that a run can be repeated. */
function random(): number {
  delays.seed = (delays.seed + 0x6d2b79f5) | 0;
  let t = Math.imul(delays.seed ^ (delays.seed >>> 15), 1 | delays.seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}

async function delay(): Promise<void> {
  if (delays.maxMs > 0) await scheduler.wait(random() * delays.maxMs);
}

/**
 * How many more calls begin before this isolate dies: from then on none begins and none is answered, as after a kill.
 * The call at which it dies is not made either, unless `isDone`: then it is made, and its answer never arrives.
 */
const death = { callsLeft: Number.POSITIVE_INFINITY, isDone: 0 };
/** What tells the clients of requests that are under way. */
const mourners = new Set<() => void>();

/** Never ends, for the isolate is dead. */
function die(): Promise<never> {
  for (const tell of mourners) tell();
  return new Promise(() => undefined);
}

/** Whether the queue has begun it: what goes on beside requests is not counted with them. */
const ofQueue = new AsyncLocalStorage<true>();

/** Counts a call, and delays it on both sides. */
async function watched<T>(name: string, call: () => Promise<T>): Promise<T> {
  if (ofQueue.getStore() === undefined) calls[name] = (calls[name] ?? 0) + 1;
  if (order.length < MOST_ORDERED) order.push(name);
  death.callsLeft--;
  const dies = death.callsLeft < 0;
  if (dies && !(death.isDone === 1 && death.callsLeft === -1)) await die();
  await delay();
  const result = await call();
  if (dies) await die();
  await delay();
  return result;
}

/** What a client sees of an isolate that dies while it waits. */
const KILLED = 599;

/** What was answered, or `killed` where the isolate dies before. */
async function orKilled<T>(answer: () => Promise<T>, killed: T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<void>();
  mourners.add(resolve);
  try {
    return await Promise.race([answer(), promise.then(() => killed)]);
  } finally {
    mourners.delete(resolve);
  }
}

// Signatures are counted too.
const sign = crypto.subtle.sign.bind(crypto.subtle);
crypto.subtle.sign = (algorithm, ...rest) => {
  const name = typeof algorithm === 'string' ? algorithm : algorithm.name;
  if (name === 'Ed25519') calls['ed25519.sign'] = (calls['ed25519.sign'] ?? 0) + 1;
  return sign(algorithm, ...rest);
};

/** Watches each call of the methods that do I/O; other methods return what they return. */
function watch<T extends object>(target: T, name: string, methods: readonly string[]): T {
  return new Proxy(target, {
    get(of, property) {
      const value = Reflect.get(of, property) as unknown;
      if (typeof value !== 'function') return value;
      if (!methods.includes(String(property))) return (value as () => unknown).bind(of);
      return (...args: unknown[]) =>
        watched(name, () => (value as (...args: unknown[]) => Promise<unknown>).apply(of, args));
    },
  });
}

function watchDatabase<T extends D1Database | D1DatabaseSession>(db: T): T {
  const counted = watch(db, 'd1', ['batch', 'exec']);
  return new Proxy(counted, {
    get(of, property) {
      if (property === 'withSession') return (how: string) => watchDatabase((db as D1Database).withSession(how));
      if (property === 'prepare') return (sql: string) => watchStatement(db.prepare(sql));
      if (property === 'batch') {
        return (statements: D1PreparedStatement[]) => counted.batch(statements.map((s) => unwrap.get(s) ?? s));
      }
      return Reflect.get(of, property);
    },
  });
}

const unwrap = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

function watchStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const counted = watch(statement, 'd1', ['first', 'all', 'run', 'raw']);
  const wrapped = new Proxy(counted, {
    get(of, property) {
      if (property === 'bind') return (...values: unknown[]) => watchStatement(statement.bind(...values));
      return Reflect.get(of, property);
    },
  });
  unwrap.set(wrapped, statement);
  return wrapped;
}

const GATE_METHODS = ['admit', 'confirm', 'settle', 'advance', 'inspect', 'retire', 'retireIfUnused'];
const LEDGER_METHODS = [
  'draw',
  'settle',
  'record',
  'grantCredits',
  'statement',
  'logs',
  'exportLogs',
  'usage',
  'lastUsed',
  'limitHits',
  'eraseRequests',
  'inspect',
];
const LOCKOUT_METHODS = ['ask', 'strike', 'lift', 'inspect', 'take'];

function watchObjects<N extends { getByName(name: string): object }>(namespace: N, name: string, methods: string[]): N {
  return new Proxy(namespace, {
    get(of, property) {
      if (property !== 'getByName') return Reflect.get(of, property);
      return (id: string) => watchStub(of.getByName(id), name, methods);
    },
  });
}

function watchStub(stub: object, name: string, methods: readonly string[]): object {
  const call = (method: string, args: unknown[]) =>
    watched(`${name}.${method}`, async () =>
      (stub as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]?.(...args),
    );
  return Object.fromEntries(methods.map((method) => [method, (...args: unknown[]) => call(method, args)]));
}

/** What the queue has brought, whoever has sent it. */
let messages: EventMessage[] = [];

/** What is sent to the queue is counted with no other calls: nobody waits for it. */
function watchQueue(target: Env['EVENTS']): Env['EVENTS'] {
  return new Proxy(target, {
    get(of, property) {
      if (queue.hangs === 1) return () => new Promise(() => undefined);
      return (Reflect.get(of, property) as () => unknown).bind(of);
    },
  });
}

function instrument(env: Env): Env {
  return {
    ...env,
    EVENTS: watchQueue(env.EVENTS),
    DB: watchDatabase(env.DB),
    KEYS: watch(env.KEYS, 'kv', ['get', 'put', 'delete', 'getWithMetadata', 'list']),
    KEY_GATE: watchObjects(env.KEY_GATE, 'gate', GATE_METHODS),
    LOCKOUT: watchObjects(env.LOCKOUT, 'lockout', LOCKOUT_METHODS),
    LEDGER: watchObjects(env.LEDGER, 'ledger', LEDGER_METHODS),
  };
}

async function steer(request: Request, path: string): Promise<Response> {
  const body = request.method === 'POST' ? ((await request.json()) as Record<string, number>) : {};
  if (path === '/__test/clock') Object.assign(clock, { sinceMs: Date.now() }, body);
  else if (path === '/__test/delays') Object.assign(delays, body);
  else if (path === '/__test/death') Object.assign(death, body);
  else if (path === '/__test/queue') Object.assign(queue, body);
  else if (path === '/__test/forget') {
    worker = createWorker(readClock);
    instrumented = undefined;
    death.callsLeft = Number.POSITIVE_INFINITY;
  } else if (path === '/__test/calls') {
    const counted = { calls, order };
    calls = {};
    order = [];
    return Response.json(counted);
  } else if (path === '/__test/messages') {
    const brought = messages;
    messages = [];
    return Response.json(brought);
  } else return new Response(null, { status: 404 });
  return Response.json({ nowMs: readClock() });
}

/** As the real Worker offers it to others that are bound to it. */
export class Keystile extends WorkerEntrypoint<Env> {
  verify(question: Question): Promise<Decision> {
    instrumented ??= instrument(this.env);
    return worker.verify(question, instrumented, this.ctx);
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/__test/')) return steer(request, pathname);
    instrumented ??= instrument(env);
    const gateway = instrumented;
    return orKilled(() => worker.fetch(request, gateway, ctx), new Response(null, { status: KILLED }));
  },
  async scheduled(controller: ScheduledController, env: Env, ctx: ExecutionContext): Promise<void> {
    instrumented ??= instrument(env);
    const gateway = instrumented;
    await orKilled(() => worker.scheduled(controller, gateway, ctx), undefined);
  },
  async queue(batch: MessageBatch<EventMessage>, env: Env, ctx: ExecutionContext): Promise<void> {
    messages.push(...batch.messages.map(({ body }) => body));
    instrumented ??= instrument(env);
    const gateway = instrumented;
    await ofQueue.run(true, () => orKilled(() => worker.queue(batch, gateway, ctx), undefined));
  },
};
