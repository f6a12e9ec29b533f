import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, type Cluster, startCluster } from '../../support/cluster.ts';
import { FORMATS, importInto, NDJSON, oldSecret } from '../../support/imports.ts';
import { read } from '../../support/reply.ts';

/*
 * An import that is killed at any of its calls, before the call is made or after it, and is sent again in another
 * isolate, ends with exactly the keys of its file: each whole, each once, and each working.
 */

const VICTIM = 0;
const OTHER = 1;
/** Two sets that are written one after the other. */
const LINES = 1_010;
const KILLED = 599;

let cluster: Cluster;
let db: D1Database;
let imports = 0;

beforeAll(async () => {
  cluster = await startCluster({ isolates: 2, policy: { legacy: { formats: FORMATS } } });
  db = await cluster.database();
});
afterAll(() => cluster?.stop());

interface File {
  readonly name: string;
  readonly lines: readonly { readonly key: string }[];
}

/** Keys of accounts and members that no other file has; one secret stands twice. */
function newFile(): File {
  const name = `file-${++imports}`;
  const lines = Array.from({ length: LINES - 1 }, (_, i) => {
    const who = i % 3 === 0 ? { user: `${name} user ${i % 9}` } : {};
    return { key: oldSecret(), account_ref: `${name} ${i % 5}`, ...who };
  });
  return { name, lines: [...lines, ...lines.slice(0, 1)] };
}

const send = ({ name, lines }: File, isolate: number) => importInto(cluster, lines, { import: name, isolate });

/** What does not fit in what there is of a file. */
async function problemsOf({ name }: File): Promise<Record<string, unknown>> {
  const ofFile = `k.account_id IN (SELECT id FROM accounts WHERE external_id GLOB 'ref:${name} *')`;
  const one = async (sql: string) => (await db.prepare(sql).first<number>('n')) ?? -1;
  const each = (table: string, where: string) =>
    one(`SELECT count(*) AS n FROM keys AS k WHERE ${ofFile} AND (SELECT count(*) FROM ${table} WHERE ${where}) <> 1`);
  const joined = 'secret_digests AS d JOIN secrets AS s ON s.id = d.secret_id';
  return {
    keys: await one(`SELECT count(*) AS n FROM keys AS k WHERE ${ofFile}`),
    accounts: await one(`SELECT count(*) AS n FROM accounts WHERE external_id GLOB 'ref:${name} *'`),
    members: await one(`SELECT count(*) AS n FROM members WHERE user_id GLOB '${name} *'`),
    withoutSecret: await each('secrets AS s', 's.key_id = k.id'),
    withoutDigest: await each(joined, 's.key_id = k.id'),
    withoutEntry: await each('audit AS u', `u.key_id = k.id AND u.action = 'key.imported'`),
    withoutMember: await one(
      `SELECT count(*) AS n FROM keys AS k LEFT JOIN members AS m ON m.id = k.user_id AND m.account_id = k.account_id
       WHERE ${ofFile} AND (k.user_id IS NOT NULL AND m.id IS NULL)`,
    ),
    lost: await one(`SELECT count(*) AS n FROM secrets AS s LEFT JOIN keys AS k ON k.id = s.key_id WHERE k.id IS NULL`),
  };
}

const WHOLE = {
  keys: LINES - 1,
  accounts: 5,
  members: 15,
  withoutSecret: 0,
  withoutDigest: 0,
  withoutEntry: 0,
  withoutMember: 0,
  lost: 0,
};

test('an import that is killed and sent again ends with exactly the keys of its file', async () => {
  const whole = newFile();
  await cluster.steer(VICTIM, 'forget');
  await cluster.calls(VICTIM);
  const first = await send(whole, VICTIM);
  expect([first.body?.counts, await problemsOf(whole)]).toMatchObject([{ created: LINES - 1, duplicate: 1 }, WHOLE]);
  const calls = Object.values(await cluster.calls(VICTIM)).reduce((sum, count) => sum + count, 0);
  // The guard, the chunk, each of two sets twice, and the end.
  expect(calls).toBe(7);
  const partial: number[] = [];
  for (let callsLeft = 0; callsLeft < calls; callsLeft++) {
    for (const isDone of [0, 1]) {
      const file = newFile();
      await cluster.steer(VICTIM, 'forget');
      await cluster.steer(VICTIM, 'death', { callsLeft, isDone });
      const when = `${isDone === 1 ? 'after' : 'before'} call ${callsLeft + 1}`;
      expect([when, (await send(file, VICTIM)).status]).toEqual([when, KILLED]);
      await cluster.steer(VICTIM, 'forget');
      const there = await problemsOf(file);
      partial.push(Number(there.keys));
      expect([when, { ...WHOLE, keys: 0, accounts: 0, members: 0 }]).toEqual([
        when,
        { ...there, keys: 0, accounts: 0, members: 0 },
      ]);
      const again = await send(file, OTHER);
      expect([when, again.body?.counts]).toEqual([
        when,
        { created: LINES - 1, exists: 0, duplicate: 1, invalid: 0, conflict: 0 },
      ]);
      expect([when, await problemsOf(file)]).toEqual([when, WHOLE]);
      const [one, last] = [file.lines[0], file.lines[LINES - 2]];
      for (const each of [one, last]) expect((await read(cluster.call(each?.key ?? '', OTHER))).status).toBe(200);
      expect((await send(file, VICTIM)).text).toBe(again.text);
    }
  }
  // There were kills before anything, in the middle and after everything.
  expect([...new Set(partial)].sort((a, b) => a - b)).toEqual([0, 1_000, LINES - 1]);
});

test('a caller who hangs up cancels nothing that was begun', async () => {
  const file = newFile();
  await cluster.steer(VICTIM, 'delays', { seed: 1, maxMs: 60 });
  const url = `${cluster.urls[VICTIM]}/admin/v1/imports?import=${file.name}&chunk=1`;
  const body = file.lines.map((line) => JSON.stringify(line)).join('\n');
  const authorization = `Bearer ${ADMIN_TOKEN}`;
  const headers = { authorization, 'cf-connecting-ip': '192.0.2.1', 'content-type': NDJSON };
  await cluster.calls(VICTIM);
  const aborter = new AbortController();
  const gone = fetch(url, { method: 'POST', body, headers, signal: aborter.signal }).catch(() => 'gone');
  const begun = async () => ((await cluster.calls(VICTIM)).d1 ?? 0) > 0;
  while (!(await begun())) await new Promise((resolve) => setTimeout(resolve, 5));
  aborter.abort();
  expect(await gone).toBe('gone');
  await cluster.steer(VICTIM, 'delays', { seed: 0, maxMs: 0 });
  const done = async () => (await read(cluster.admin('GET', `/imports/${file.name}`, undefined, OTHER))).status === 200;
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await problemsOf(file)).toEqual(WHOLE);
});
