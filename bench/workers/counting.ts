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
}

export const CALLS_PATH = '/__calls';

/** The same Worker with its bindings counted. */
export function counting<Env>(worker: Handler<Env>): ExportedHandler {
  const calls: Calls = { d1: 0, kv: 0, objects: 0 };
  let counted: Env | undefined;
  return {
    async fetch(request, env, ctx) {
      if (new URL(request.url).pathname === CALLS_PATH) {
        const answer = Response.json(calls);
        Object.assign(calls, { d1: 0, kv: 0, objects: 0 });
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

/** A statement is made for nothing; running it, or a batch, is one call. */
function countDatabase(db: object, calls: Calls): object {
  const raw = new WeakMap<object, object>();
  const statement = (made: object): object => {
    const wrapped = intercept(made, (name, call) => (...args) => {
      if (name === 'bind') return statement(call(...args) as object);
      calls.d1++;
      return call(...args);
    });
    raw.set(wrapped, made);
    return wrapped;
  };
  return intercept(db, (name, call) => (...args) => {
    if (name === 'prepare') return statement(call(...args) as object);
    if (name === 'withSession') return countDatabase(call(...args) as object, calls);
    if (name === 'getBookmark') return call(...args);
    calls.d1++;
    return name === 'batch' ? call((args[0] as object[]).map((each) => raw.get(each) ?? each)) : call(...args);
  });
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
