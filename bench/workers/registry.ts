import { findByDigests } from '../../src/registry/keys.ts';
import { listKeys } from '../../src/registry/search.ts';

/** Keys of the account that is listed; of one more account all but every hundredth is revoked. */
const LISTED = 10_000;
const CHUNK = 50_000;
const NOW_MS = Date.UTC(2026, 5, 15);

interface Env {
  readonly SMALL: D1Database;
  readonly LARGE: D1Database;
}

/** Key `i` is the i-th made. The first ones belong to the two listed accounts, the others to ten thousand accounts. */
async function fill(db: D1Database, count: number): Promise<void> {
  await db.exec(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO accounts (id, name, plan, status, created_at_ms) SELECT 'acc_' || i, 'Account ' || i, 'standard', 'active', i FROM n`,
  );
  for (let from = 0; from < count; from += CHUNK) {
    const numbers = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${Math.min(from + CHUNK, count) - 1})`;
    const account = `CASE WHEN i < ${LISTED} THEN 'acc_0' WHEN i < ${2 * LISTED} THEN 'acc_1' ELSE 'acc_' || (2 + i % 9998) END`;
    const status = `CASE WHEN i >= ${LISTED} AND i < ${2 * LISTED} AND i % 100 > 0 THEN 'revoked' ELSE 'active' END`;
    await db.batch([
      db.prepare(
        `INSERT INTO keys (id, account_id, label, environment, role, status, generation, quotas, prefix, created_at_ms)
         ${numbers} SELECT 'key_' || i, ${account}, 'key ' || i, 'live', 'developer', ${status}, 1, '{}', 'ks_live_' || i, i FROM n`,
      ),
      db.prepare(
        `INSERT INTO secrets (id, key_id, prefix, created_at_ms) ${numbers} SELECT 'sec_' || i, 'key_' || i, 'ks_live_' || i, i FROM n`,
      ),
      db.prepare(
        `INSERT INTO secret_digests ${numbers} SELECT printf('%08x', (i * 2654435761) & 4294967295) || '-' || i, 'sec_' || i, 1 FROM n`,
      ),
    ]);
  }
}

/** The digest of key `i`; they are spread over the index as real ones are. */
function digestOf(i: number): string {
  return `${(Math.imul(i, 2_654_435_761) >>> 0).toString(16).padStart(8, '0')}-${i}`;
}

/** What is timed, by its name: `i` is a number from 0 to the count of keys. */
const READS: Readonly<Record<string, (db: D1Database, i: number) => Promise<unknown>>> = {
  lookup: (db, i) => findByDigests(db, [digestOf(i)]),
  'a secret that nobody has': (db, i) => findByDigests(db, [`${digestOf(i)}x`]),
  'first page of 10,000 keys': (db) =>
    listKeys(db, { accountId: 'acc_0', state: 'standing', limit: 50, cursor: null }, NOW_MS),
  'page of 200 in the middle': (db) =>
    listKeys(
      db,
      { accountId: 'acc_0', state: 'standing', limit: 200, cursor: btoa(JSON.stringify([5_000, 'key_5000'])) },
      NOW_MS,
    ),
  'first page where 9,900 of 10,000 are revoked': (db) =>
    listKeys(db, { accountId: 'acc_1', state: 'standing', limit: 50, cursor: null }, NOW_MS),
  'filter that finds nothing in 10,000': (db) =>
    listKeys(db, { accountId: 'acc_0', state: 'standing', category: 'none', limit: 50, cursor: null }, NOW_MS),
};

/** Reads `times` times one after the other; ms for each. The clock of a Worker moves with its I/O only. */
async function time(db: D1Database, read: string, times: number, count: number, round: number): Promise<number> {
  const sinceMs = Date.now();
  for (let n = 0; n < times; n++) await READS[read]?.(db, (Math.imul(n + 1, 40_503) + round * 7_919) % count);
  return (Date.now() - sinceMs) / times;
}

/** `/fill?db=&count=`, `/time?db=&read=&times=&count=&round=`; `/` tells the names of the reads. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const number = (name: string) => Number(searchParams.get(name));
    const db = searchParams.get('db') === 'LARGE' ? env.LARGE : env.SMALL;
    if (pathname === '/fill') {
      await fill(db, number('count'));
      return Response.json(null);
    }
    if (pathname !== '/time') return Response.json(Object.keys(READS));
    const read = searchParams.get('read') ?? '';
    return Response.json(await time(db, read, number('times'), number('count'), number('round')));
  },
};
