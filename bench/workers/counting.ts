/*
 * Counts the calls that a Worker makes of its stores, by standing in front of its bindings. Only for counting: the
 * measured rounds run without it.
 */

type Bindings = Readonly<Record<string, unknown>>;
type AnyFunction = (...args: unknown[]) => unknown;

interface Handler<Env> {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** What is asked for at {@link CALLS_PATH}: calls since the last time it was asked. */
export interface Calls {
  d1: number;
  kv: number;
  objects: number;
  /** Of D1, as the answers of statements tell them. */
  d1RowsRead: number;
  d1RowsWritten: number;
  /** Of the database, at last. */
  d1Bytes: number;
}

export const CALLS_PATH = '/__calls';

function noCalls(): Calls {
  return { d1: 0, kv: 0, objects: 0, d1RowsRead: 0, d1RowsWritten: 0, d1Bytes: 0 };
}

/** The same Worker with its bindings counted. */
export function counting<Env>(worker: Handler<Env>): ExportedHandler {
  const calls = noCalls();
  let counted: Env | undefined;
  return {
    async fetch(request, env, ctx) {
      if (new URL(request.url).pathname === CALLS_PATH) {
        const answer = Response.json(calls);
        Object.assign(calls, noCalls());
        return answer;
      }
      counted ??= countBindings(env as Bindings, calls) as Env;
      return worker.fetch(request as Request, counted, ctx);
    },
  };
}

function countBindings(env: Bindings, calls: Calls): Bindings {
  const counted: Record<string, unknown> = { ...env };
  for (const [name, binding] of Object.entries(env)) {
    if (typeof binding !== 'object' || binding === null) continue;
    if ('prepare' in binding) counted[name] = countDatabase(binding, calls);
    else if ('idFromName' in binding) counted[name] = countObjects(binding, calls);
    else if ('getWithMetadata' in binding) counted[name] = countEvery(binding, () => calls.kv++);
  }
  return counted;
}

/** A statement is made for nothing; running it, or a batch, is one call. `first` tells no rows, so `all` runs for it. */
function countDatabase(db: object, calls: Calls): object {
  const raw = new WeakMap<object, object>();
  const statement = (made: object): object => {
    const wrapped = intercept(made, (name, call) => (...args) => {
      if (name === 'bind') return statement(call(...args) as object);
      calls.d1++;
      return name === 'first' ? first(made as D1PreparedStatement, calls) : noteRows(call(...args), calls);
    });
    raw.set(wrapped, made);
    return wrapped;
  };
  return intercept(db, (name, call) => (...args) => {
    if (name === 'prepare') return statement(call(...args) as object);
    if (name === 'withSession') return countDatabase(call(...args) as object, calls);
    if (name === 'getBookmark') return call(...args);
    calls.d1++;
    if (name !== 'batch') return call(...args);
    return noteRows(call((args[0] as object[]).map((each) => raw.get(each) ?? each)), calls);
  });
}

async function first(statement: D1PreparedStatement, calls: Calls): Promise<unknown> {
  const { results } = (await noteRows(statement.all(), calls)) as D1Result;
  return results[0] ?? null;
}

async function noteRows(running: unknown, calls: Calls): Promise<unknown> {
  const done = await running;
  for (const { meta } of [done].flat() as D1Result[]) {
    if (meta === undefined) continue;
    calls.d1RowsRead += meta.rows_read;
    calls.d1RowsWritten += meta.rows_written;
    calls.d1Bytes = meta.size_after;
  }
  return done;
}

function countObjects(namespace: object, calls: Calls): object {
  return intercept(namespace, (name, call) => (...args) => {
    const made = call(...args);
    return name === 'get' || name === 'getByName' ? countEvery(made as object, () => calls.objects++) : made;
  });
}

function countEvery(target: object, note: () => void): object {
  return intercept(target, (_, call) => (...args) => {
    note();
    return call(...args);
  });
}

/** A stand-in whose methods go through `around`. */
function intercept(target: object, around: (name: string, call: AnyFunction) => AnyFunction): object {
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return around(name, (...args) => Reflect.apply(value, target, args));
    },
  });
}
