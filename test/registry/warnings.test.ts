import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { House } from '../../src/env.ts';
import { goOn, type Walk } from '../../src/registry/warnings.ts';
import { tellExpired, tellGraceEnds, warnExpiring } from '../../src/schedules/moments.ts';
import { makeKey, NOW_MS, openForTests } from './database.ts';

/*
 * What is told of keys because time passes, by runs of the cron at any time and by any clock, on real D1.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const SPANS = [2 * WEEK_MS, WEEK_MS, DAY_MS];
/** The longest that a change may be on its way. */
const SETTLED_MS = 15_000;

const store = openForTests();
/** The trail stays from test to test, and knows what was told of keys: each test has keys of its own. */
let tests = 0;
beforeEach(async () => {
  tests++;
  await store.db.prepare('DELETE FROM schedule_progress').run();
});
const own = (id: string) => `${id}#${tests}`;

const house = (expiry: readonly number[] = SPANS) =>
  ({ env: { DB: store.db }, policy: { warnings: { expiry } } }) as unknown as House;

/** A run of the cron at that time. */
async function run(atMs: number, expiry?: readonly number[]): Promise<void> {
  for (const job of [warnExpiring, tellExpired, tellGraceEnds]) await job(house(expiry), atMs);
}

interface Told {
  readonly action: string;
  readonly keyId: string;
  readonly atMs: number;
  readonly after: Readonly<Record<string, unknown>>;
}

let since = 0;
beforeEach(async () => {
  await told();
});

/** What was told since this was asked last, in order. */
async function told(): Promise<Told[]> {
  const { results } = await store.db
    .prepare(
      `SELECT id, action, key_id AS keyId, at_ms AS atMs, after FROM audit
       WHERE id > ? AND actor = 'system' ORDER BY id`,
    )
    .bind(since)
    .all<{ id: number; action: string; keyId: string; atMs: number; after: string }>();
  since = results.at(-1)?.id ?? since;
  return results.map(({ id: _, after, keyId, ...row }) => ({
    ...row,
    keyId: keyId.split('#')[0] ?? '',
    after: JSON.parse(after),
  }));
}

/** The same in short: which key by which span, in days. */
async function warned(): Promise<string[]> {
  return (await told()).map(({ action, keyId, after }) =>
    action === 'key.expiring' ? `${keyId} ${Number(after.beforeMs) / DAY_MS}` : `${keyId} ${action.slice(4)}`,
  );
}

/** A key that was made long ago, so that every span warns of it. */
function oldKey(id: string, expiresAtMs: number | null, createdAtMs = NOW_MS - 400 * DAY_MS) {
  return makeKey(store.db, { id: own(id), expiresAtMs }, {}, createdAtMs);
}

function change(id: string, set: string, ...values: unknown[]) {
  return store.db
    .prepare(`UPDATE keys SET generation = generation + 1, ${set} WHERE id = ?`)
    .bind(...values, own(id))
    .run();
}

const expireAt = (id: string, atMs: number | null) => change(id, 'expires_at_ms = ?', atMs);

describe('a key that expires', () => {
  it('is told of once for each span and once when it has, and the entry says which', async () => {
    const expiresAtMs = NOW_MS + 15 * DAY_MS;
    await oldKey('k1', expiresAtMs);
    await oldKey('never', null);
    for (let atMs = NOW_MS; atMs < expiresAtMs + DAY_MS; atMs += 12 * HOUR_MS) await run(atMs + 1);
    const warnings = SPANS.map((beforeMs) => ({
      action: 'key.expiring',
      keyId: 'k1',
      atMs: expiresAtMs - beforeMs + 1,
      after: { expiresAtMs, beforeMs },
    }));
    const atMs = expiresAtMs + 12 * HOUR_MS + 1;
    expect(await told()).toEqual([...warnings, { action: 'key.expired', keyId: 'k1', atMs, after: { expiresAtMs } }]);
  });

  it('is warned of also while it is inactive, but not once it is revoked, nor by a span that is all its life', async () => {
    const expiresAtMs = NOW_MS + DAY_MS;
    for (const id of ['active', 'inactive', 'revoked']) await oldKey(id, expiresAtMs + 1);
    await oldKey('as long', expiresAtMs + 1, NOW_MS + 1);
    await oldKey('a little longer', expiresAtMs + 1, NOW_MS);
    await change('inactive', "status = 'inactive'");
    await run(NOW_MS - 1, [DAY_MS]);
    await change('revoked', "status = 'revoked'");
    await run(NOW_MS + 10, [DAY_MS]);
    expect((await warned()).sort()).toEqual(['a little longer 1', 'active 1', 'inactive 1']);
    await run(expiresAtMs + HOUR_MS, [DAY_MS]);
    const all = ['a little longer', 'active', 'as long', 'inactive'];
    expect((await warned()).sort()).toEqual(all.map((id) => `${id} expired`));
  });

  it('is not told of late where the first run of all finds it', async () => {
    await oldKey('soon', NOW_MS + DAY_MS / 2);
    await oldKey('over', NOW_MS - DAY_MS);
    await oldKey('later', NOW_MS + 2 * DAY_MS);
    await run(NOW_MS);
    await run(NOW_MS + 1);
    expect(await told()).toEqual([]);
    await run(NOW_MS + DAY_MS + HOUR_MS);
    expect(await warned()).toEqual(['later 1', 'soon expired']);
  });

  it('is told of by the shortest span alone where several have come while no cron ran, and not as expiring once it is over', async () => {
    await run(NOW_MS);
    await oldKey('in 20 hours', NOW_MS + 30 * DAY_MS + 20 * HOUR_MS);
    await oldKey('in 3 days', NOW_MS + 33 * DAY_MS);
    await oldKey('in 10 days', NOW_MS + 40 * DAY_MS);
    await oldKey('in 20 days', NOW_MS + 50 * DAY_MS);
    await oldKey('over', NOW_MS + 20 * DAY_MS);
    await run(NOW_MS + 30 * DAY_MS);
    expect(await warned()).toEqual(['in 20 hours 1', 'in 3 days 7', 'in 10 days 14', 'over expired']);
    await run(NOW_MS + 31 * DAY_MS);
    expect(await warned()).toEqual(['in 20 hours expired']);
  });

  it('is told of anew where its end is put off, and not where it comes back to an end that was told', async () => {
    const first = NOW_MS + DAY_MS + HOUR_MS;
    const second = NOW_MS + 3 * DAY_MS;
    await oldKey('k1', first);
    await run(NOW_MS, [DAY_MS]);
    await run(NOW_MS + 2 * HOUR_MS, [DAY_MS]);
    expect(await warned()).toEqual(['k1 1']);
    await expireAt('k1', second);
    await run(second - 2 * HOUR_MS, [DAY_MS]);
    expect(await warned()).toEqual(['k1 1']);
    await expireAt('k1', second + 5 * DAY_MS);
    await run(second - HOUR_MS, [DAY_MS]);
    await expireAt('k1', second);
    await run(second + HOUR_MS, [DAY_MS]);
    expect(await warned()).toEqual(['k1 expired']);
    await expireAt('k1', second + 5 * DAY_MS);
    await run(second + 5 * DAY_MS + HOUR_MS, [DAY_MS]);
    expect(await warned()).toEqual(['k1 expired']);
  });

  it('is not warned of by a span that had passed when its end was set, but by the shorter ones', async () => {
    await oldKey('k1', NOW_MS + 100 * DAY_MS);
    await run(NOW_MS);
    await expireAt('k1', NOW_MS + 3 * DAY_MS);
    await run(NOW_MS + HOUR_MS);
    expect(await told()).toEqual([]);
    await run(NOW_MS + 2 * DAY_MS + HOUR_MS);
    expect(await warned()).toEqual(['k1 1']);
  });

  it('is told of by a span that the policy has anew from then on, and by one that had been left out where it stood', async () => {
    await oldKey('k1', NOW_MS + 8 * DAY_MS);
    await oldKey('k2', NOW_MS + 4 * DAY_MS);
    await run(NOW_MS, [DAY_MS]);
    await run(NOW_MS + HOUR_MS, [5 * DAY_MS, DAY_MS]);
    expect(await told()).toEqual([]);
    await run(NOW_MS + 3 * DAY_MS + HOUR_MS, [5 * DAY_MS, DAY_MS]);
    expect((await warned()).sort()).toEqual(['k1 5', 'k2 1']);
    await oldKey('k3', NOW_MS + 9 * DAY_MS);
    await oldKey('k4', NOW_MS + 11 * DAY_MS);
    await run(NOW_MS + 4 * DAY_MS + HOUR_MS, [DAY_MS]);
    await run(NOW_MS + 6 * DAY_MS + HOUR_MS, [5 * DAY_MS, 5 * DAY_MS, DAY_MS]);
    expect((await warned()).sort()).toEqual(['k2 expired', 'k3 5', 'k4 5']);
  });

  it('is told of by no span where there is none', async () => {
    await oldKey('k1', NOW_MS + HOUR_MS);
    await run(NOW_MS - WEEK_MS, []);
    await run(NOW_MS, []);
    await run(NOW_MS + 2 * HOUR_MS, []);
    expect(await warned()).toEqual(['k1 expired']);
  });

  it('is told of as expired where its end was set just before, by a clock that is behind', async () => {
    await oldKey('k1', null);
    await run(NOW_MS);
    await expireAt('k1', NOW_MS - SETTLED_MS + 1);
    await run(NOW_MS + SETTLED_MS + 2);
    expect(await warned()).toEqual(['k1 expired']);
  });

  it('is told of once by clocks that differ, none of which sets another back', async () => {
    await run(NOW_MS, [DAY_MS]);
    await oldKey('k1', NOW_MS + DAY_MS + 100);
    await run(NOW_MS + 5_000, [DAY_MS]);
    expect(await warned()).toEqual(['k1 1']);
    const progress = () => store.db.prepare('SELECT * FROM schedule_progress ORDER BY job').all();
    const before = (await progress()).results;
    await run(NOW_MS + 50, [DAY_MS]);
    await run(NOW_MS + 150, [DAY_MS]);
    expect((await progress()).results).toEqual(before);
    expect(await told()).toEqual([]);
  });
});

describe('a grace', () => {
  async function replaced(id: string, replacedAtMs: number, graceEndsAtMs: number, status = 'active') {
    await oldKey(id, null);
    await change(id, 'status = ?', status);
    await store.db
      .prepare('UPDATE secrets SET replaced_at_ms = ?, grace_ends_at_ms = ? WHERE key_id = ?')
      .bind(replacedAtMs, graceEndsAtMs, own(id))
      .run();
  }

  it('is told of once it is over, with the prefix of its secret, unless there was none or its key is revoked', async () => {
    await run(NOW_MS);
    await replaced('k1', NOW_MS, NOW_MS + HOUR_MS);
    await replaced('no grace', NOW_MS + HOUR_MS, NOW_MS + HOUR_MS);
    await replaced('revoked', NOW_MS, NOW_MS + HOUR_MS, 'revoked');
    await run(NOW_MS + HOUR_MS + SETTLED_MS);
    expect(await told()).toEqual([]);
    const atMs = NOW_MS + HOUR_MS + SETTLED_MS + 1;
    await run(atMs);
    await run(atMs + 1);
    const after = { prefix: `ks_live_${own('k1')}`, graceEndsAtMs: NOW_MS + HOUR_MS };
    expect(await told()).toEqual([{ action: 'key.grace_ended', keyId: 'k1', atMs, after }]);
  });
});

describe('a walk', () => {
  const walk: Walk = { kind: 'key.expiring', spanMs: DAY_MS, fromMs: NOW_MS, untilMs: NOW_MS + DAY_MS };

  /** Makes keys at once that all expire then, `z0` first in no order. */
  async function fill(many: number, expiresAtMs: number, prefix = 'z'): Promise<void> {
    await store.db
      .prepare(
        `INSERT INTO keys (id, account_id, environment, role, status, generation, quotas, prefix, created_at_ms, expires_at_ms)
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
         SELECT ?3 || i || ?4, 'acc_1', 'live', 'developer', 'active', 1, '{}', 'p', 1, ?2 FROM n`,
      )
      .bind(many, expiresAtMs, prefix, own(''))
      .run();
  }

  async function begin(): Promise<void> {
    await goOn(store.db, { ...walk, untilMs: NOW_MS }, 1, NOW_MS);
  }

  it('takes no more than its limit at once, of those that expire in one millisecond too, and goes on behind the last', async () => {
    await begin();
    await fill(25, NOW_MS + 5);
    const counts: number[] = [];
    let more = true;
    while (more) {
      more = await goOn(store.db, walk, 10, NOW_MS);
      counts.push((await told()).length);
    }
    expect(counts).toEqual([10, 10, 5]);
    expect(await goOn(store.db, walk, 10, NOW_MS)).toBe(false);
    expect(await told()).toEqual([]);
  });

  it('counts also those that it does not tell of, so that none takes for ever', async () => {
    await begin();
    await fill(25, NOW_MS + 5);
    await store.db.prepare("UPDATE keys SET generation = 2, status = 'revoked' WHERE id LIKE 'z%'").run();
    await fill(1, NOW_MS + 6, 'last');
    for (const expected of [0, 0, 1]) {
      await goOn(store.db, walk, 10, NOW_MS);
      expect(await told()).toHaveLength(expected);
    }
  });

  it('tells each once where several go at once', async () => {
    await begin();
    await fill(95, NOW_MS + 5);
    const walks = Array.from({ length: 12 }, (_, i) =>
      goOn(store.db, { ...walk, untilMs: walk.untilMs + i }, 10, NOW_MS + i),
    );
    await Promise.all(walks);
    const keys = (await told()).map(({ keyId }) => keyId);
    expect([keys.length, new Set(keys).size]).toEqual([95, 95]);
  });

  it('tells nothing twice where it is set back', async () => {
    await begin();
    await fill(5, NOW_MS + 5);
    await goOn(store.db, walk, 10, NOW_MS);
    expect(await told()).toHaveLength(5);
    await store.db.prepare('UPDATE schedule_progress SET at_ms = ?').bind(NOW_MS).run();
    await fill(1, NOW_MS + 6, 'new');
    await goOn(store.db, walk, 10, NOW_MS);
    expect((await told()).map(({ keyId }) => keyId)).toEqual(['new0']);
  });

  it('tells nothing, and comes no further, where it is cut short', async () => {
    await begin();
    await fill(5, NOW_MS + 5);
    const broken = {
      prepare: (sql: string) => store.db.prepare(sql.startsWith('UPDATE') ? 'SELECT ?1 FROM nothing' : sql),
      batch: store.db.batch.bind(store.db),
    } as Pick<D1Database, 'prepare' | 'batch'>;
    await expect(goOn(broken, walk, 10, NOW_MS)).rejects.toThrow('nothing');
    expect(await told()).toEqual([]);
    await goOn(store.db, walk, 10, NOW_MS);
    expect(await told()).toHaveLength(5);
  });

  it.each(['key.expiring', 'key.expired', 'key.grace_ended'] as const)(
    'is led to where it stands, and to no key before it, by an index: %s',
    async (kind) => {
      const plans: string[] = [];
      const explained = {
        prepare: (sql: string) => store.db.prepare(`EXPLAIN QUERY PLAN ${sql}`),
        async batch(statements: D1PreparedStatement[]) {
          const results = await store.db.batch<{ detail: string }>(statements);
          plans.push(...results.flatMap((each) => each.results.map(({ detail }) => detail)));
          return results;
        },
      } as unknown as D1Database;
      await goOn(explained, { ...walk, kind }, 10, NOW_MS);
      const searches = plans.filter((step) => /\b(?:keys|secrets)_by_/.test(step));
      expect(searches).toHaveLength(2);
      for (const step of searches) expect(step).toMatch(/^SEARCH t .*\(\(\w+,id\)>\(\?,\?\) AND \w+<\?\)$/);
      expect(plans.filter((step) => /^SCAN (?!t$|\(subquery|CONSTANT ROW)/.test(step))).toEqual([]);
    },
  );
});

describe('whatever happens to keys, and whenever the cron runs', () => {
  const keys = ['a', 'b', 'c', 'd'] as const;
  const hours = fc.integer({ min: -30, max: 24 * 20 });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('run' as const),
        afterHours: fc.integer({ min: 0, max: 60 }),
        skewMs: fc.integer({ min: -5_000, max: 5_000 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('expire' as const), key: fc.constantFrom(...keys), hours }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('status' as const),
        key: fc.constantFrom(...keys),
        status: fc.constantFrom('inactive', 'revoked'),
      }),
    },
  );

  /** What a run is to tell of, by the words of the policy: a time has come that had not at the last run. */
  function due(
    { id, expiresAtMs, createdAtMs, status }: { id: string; expiresAtMs: number; createdAtMs: number; status: string },
    lastMs: number,
    nowMs: number,
  ): string[] {
    if (status === 'revoked') return [];
    const warnings = SPANS.filter((span) => {
      const atMs = expiresAtMs - span;
      const isShortest = SPANS.every((other) => other >= span || expiresAtMs - other >= nowMs);
      return atMs >= lastMs && atMs < nowMs && isShortest && expiresAtMs >= nowMs && expiresAtMs - createdAtMs > span;
    }).map((span) => `${id} ${expiresAtMs} ${span}`);
    const isOver = expiresAtMs >= lastMs - SETTLED_MS && expiresAtMs < nowMs - SETTLED_MS;
    return isOver ? [...warnings, `${id} ${expiresAtMs} over`] : warnings;
  }

  it('tells of each end and span at the run after its time, once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        await store.db.batch(
          ['outbox', 'secret_digests', 'secrets', 'keys', 'schedule_progress'].map((table) =>
            store.db.prepare(`DELETE FROM ${table}`),
          ),
        );
        await told();
        tests++;
        const state = new Map(
          keys.map((name, i) => {
            const createdAtMs = NOW_MS - i * 5 * DAY_MS;
            return [name, { id: name, createdAtMs, expiresAtMs: NOW_MS + (i + 3) * 4 * DAY_MS, status: 'active' }];
          }),
        );
        for (const { id, expiresAtMs, createdAtMs } of state.values()) await oldKey(id, expiresAtMs, createdAtMs);
        let trueMs = NOW_MS;
        let lastMs = NOW_MS;
        await run(NOW_MS);
        const before = new Set<string>();
        for (const each of steps) {
          if (each.do === 'run') {
            trueMs += each.afterHours * HOUR_MS;
            const atMs = trueMs + each.skewMs;
            const expected = [...state.values()]
              .flatMap((key) => due(key, lastMs, atMs))
              .filter((name) => !before.has(name));
            for (const name of expected) before.add(name);
            await run(atMs);
            const names = (await told()).map(
              ({ keyId, after }) => `${keyId} ${after.expiresAtMs} ${after.beforeMs ?? 'over'}`,
            );
            expect(names.sort()).toEqual(expected.sort());
            lastMs = Math.max(lastMs, atMs);
            continue;
          }
          const key = state.get(each.key);
          if (key === undefined || key.status === 'revoked') continue;
          if (each.do === 'status') {
            key.status = each.status;
            await change(key.id, 'status = ?', each.status);
          } else {
            key.expiresAtMs = trueMs + each.hours * HOUR_MS;
            await expireAt(key.id, key.expiresAtMs);
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});
