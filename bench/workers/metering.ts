/*
 * What Durable Objects are billed for, counted from inside: their requests and alarms, the rows that they read and
 * write, and the time for which they are active. `../prices.ts` names the rules.
 */

/** What the objects of one class have come to. */
export interface ObjectUse {
  /** By method; `alarm` is one. */
  calls: Record<string, number>;
  /** Objects that were brought into memory. */
  starts: number;
  rowsRead: number;
  rowsWritten: number;
  /** Time with at least one call under way, of each object by itself. */
  activeMs: number;
}

type Cursor = SqlStorageCursor<Record<string, SqlStorageValue>>;
type Notes = Readonly<Record<string, (result: unknown) => void>>;

/** An object in memory. Its cursors count on while they are read, so they are summed up when its calls have ended. */
interface Metered {
  readonly sql: SqlStorage;
  readonly cursors: Cursor[];
  running: number;
  sinceMs: number;
}

/** Where a Worker gives {@link takeUse}. */
export const USE_PATH = '/__use';

let used: Record<string, ObjectUse> = {};
const metered = new WeakMap<DurableObjectState, Metered>();
/** Bytes of each object's database. */
const sizes = new Map<string, number>();

/** What was counted since this was asked last, by class, and the bytes that all objects store. */
export function takeUse(): { readonly objects: Record<string, ObjectUse>; readonly bytes: number } {
  const objects = used;
  used = {};
  return { objects, bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) };
}

function useOf(type: string): ObjectUse {
  used[type] ??= { calls: {}, starts: 0, rowsRead: 0, rowsWritten: 0, activeMs: 0 };
  return used[type];
}

/**
 * The state of an object, its storage counted. A key of the key-value interface is a row of a hidden table, and
 * `setAlarm` is a row. Whether `deleteAlarm` is billed is not published: it is counted as a row too. `movedMs` tells
 * how far the object's clock is ahead; an alarm that it sets comes as much sooner.
 */
export function meterState(ctx: DurableObjectState, type: string, movedMs = () => 0): DurableObjectState {
  const { storage } = ctx;
  const cursors: Cursor[] = [];
  const read = () => useOf(type).rowsRead++;
  const wrote = () => useOf(type).rowsWritten++;
  const keys = { get: read, put: wrote, delete: wrote };
  const kv = noting(storage.kv, keys);
  const sql = noting(storage.sql, { exec: (cursor) => cursors.push(cursor as Cursor) });
  const methods = noting(storage, { ...keys, setAlarm: wrote, deleteAlarm: wrote });
  const counted = new Proxy(methods, {
    get(of, property) {
      if (property === 'kv') return kv;
      if (property === 'sql') return sql;
      if (property === 'setAlarm') return (atMs: number) => of.setAlarm(atMs - movedMs());
      return Reflect.get(of, property);
    },
  });
  useOf(type).starts++;
  metered.set(ctx, { sql: storage.sql, cursors, running: 0, sinceMs: 0 });
  return Object.defineProperty(ctx, 'storage', { value: counted });
}

/** A stand-in that notes what some methods return. */
function noting<T extends object>(target: T, notes: Notes): T {
  return new Proxy(target, {
    get(of, property) {
      const value = Reflect.get(of, property, of) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const result = Reflect.apply(value, of, args) as unknown;
        notes[String(property)]?.(result);
        return result;
      };
    },
  });
}

/** An object as this room sees it: `ctx` is protected in its type. */
interface Instance {
  readonly ctx: DurableObjectState;
}

function begin({ ctx }: Instance): void {
  const object = metered.get(ctx);
  if (object === undefined || object.running++ > 0) return;
  object.sinceMs = Date.now();
}

function end({ ctx }: Instance, type: string): void {
  const object = metered.get(ctx);
  if (object === undefined || --object.running > 0) return;
  const use = useOf(type);
  use.activeMs += Date.now() - object.sinceMs;
  for (const { rowsRead, rowsWritten } of object.cursors.splice(0)) {
    use.rowsRead += rowsRead;
    use.rowsWritten += rowsWritten;
  }
  sizes.set(ctx.id.toString(), object.sql.databaseSize);
}

/** Counts the calls of a class's methods, but for those that an object makes of its own methods. */
export function meterCalls(type: string, { prototype }: { readonly prototype: object }, methods: string[]): void {
  for (const method of methods) {
    const inner = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
    const value = function (this: Instance, ...args: unknown[]): unknown {
      const call = () => Reflect.apply(inner, this, args);
      return depth > 0 ? call() : meterCall(this, type, method, call);
    };
    Object.defineProperty(prototype, method, { value });
  }
}

/** How many counted methods are on the stack. */
let depth = 0;

async function meterCall(object: Instance, type: string, method: string, call: () => unknown): Promise<unknown> {
  const { calls } = useOf(type);
  calls[method] = (calls[method] ?? 0) + 1;
  begin(object);
  try {
    return await nested(call);
  } finally {
    end(object, type);
  }
}

function nested(call: () => unknown): unknown {
  depth++;
  try {
    return call();
  } finally {
    depth--;
  }
}
