import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type FilledKey, fillKeysOf } from '../../support/fill.ts';
import { inTurn } from '../../support/in-turn.ts';
import { KINDS, type Kind, type Scene } from '../../support/kinds.ts';
import { operate } from '../../support/members.ts';
import { type Reply, read } from '../../support/reply.ts';
import { readStanding, type Standing, sweep } from '../../support/standing.ts';
import { fatesOf, type KeyState, misfits, readKeyStates, readTrail } from '../../support/trail.ts';

/*
 * Promise: a change that a kill interrupts at any of its steps ends, after the sweep, either wholly done or wholly
 * undone, and was acknowledged only if done; the same call again drives it through too. Each kind of change is killed at
 * each call of a binding that it makes, before the call is made and after it, in one isolate. Others use the keys before
 * and afterwards, run the cron, and are asked what holds.
 */

const VICTIMS = [0, 1, 2, 3];
const OTHER = 4;
/** Only the first has used the keys before the kill, and only the second uses them between it and what drives it on. */
const WITNESSES = [5, 6];
const KILLED = 599;
/** Later than the outbox leaves a change to its caller, and than a request is taken to be still running. */
const LATER_MS = 70_000;
/** About what a sweep of fifty keys makes. */
const MOST_CALLS = 120;
const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};

/** One kill: after so many calls of bindings, the next one is made and never answered, or not made. */
interface Kill {
  readonly kindName: string;
  readonly kind: Kind;
  readonly callsLeft: number;
  readonly isDone: 0 | 1;
  /** What drives the change through. */
  readonly by: 'sweep' | 'again';
}

interface Case extends Kill {
  readonly name: string;
  readonly scene: Scene;
  readonly requestKey: string;
  /** All secrets that were ever shown. */
  readonly secrets: string[];
  readonly replies: Reply[];
  readonly problems: string[];
}

let cluster: Cluster;
let db: D1Database;
let movedMs = 0;
let scenes = 0;

/** Writes scenes straight into the registry. */
async function prepare(kills: readonly Kill[]): Promise<Case[]> {
  const wanted = kills.map(({ kind: { keys, ofMember: isOfMember } }) => {
    const n = ++scenes;
    const ids = Array.from({ length: keys }, (_, i) => `key_${n}_${i}`);
    return { account: `acc_${n}`, member: isOfMember === true ? `mem_${n}` : null, ids };
  });
  const set = JSON.stringify(wanted);
  await db.batch(
    [
      `INSERT INTO accounts (id, name, plan, status, created_at_ms)
       SELECT value ->> 'account', 'One', 'standard', 'active', 1 FROM json_each(?)`,
      `INSERT INTO members (id, account_id, user_id, role, status, joined_by, joined_at_ms)
       SELECT value ->> 'member', value ->> 'account', 'user_' || (value ->> 'member'), 'developer', 'active', 'admin', 1
       FROM json_each(?) WHERE value ->> 'member' IS NOT NULL`,
    ].map((sql) => db.prepare(sql).bind(set)),
  );
  const filled = await fillKeysOf(
    db,
    wanted.flatMap(({ ids, ...rest }) => ids.map((id) => ({ id, ...rest }))),
  );
  const byId = new Map(filled.map((key) => [key.id, key]));
  return kills.map((kill, i) => {
    const { ids = [], account = '', member = null } = wanted[i] ?? {};
    const keys = ids.map((id) => byId.get(id) as FilledKey);
    const secrets = keys.map(({ key }) => key);
    const name = `${kill.isDone === 1 ? 'after' : 'before'} call ${kill.callsLeft + 1}, then ${kill.by}`;
    const scene = { account, member, keys };
    return { ...kill, name, scene, requestKey: crypto.randomUUID(), secrets, replies: [], problems: [] };
  });
}

const isAcknowledged = ({ status }: Reply) => status >= 200 && status < 300;

/** Makes the change of a case. What is acknowledged holds at once. */
async function make(each: Case, isolate: number): Promise<Reply> {
  const { kind, scene, requestKey } = each;
  const headers = kind.once === true ? { 'idempotency-key': requestKey } : {};
  const reply = await operate(cluster, kind.method, kind.path(scene), kind.body, { isolate, headers });
  each.replies.push(reply);
  const secret = kind.secret === undefined ? undefined : reply.body?.[kind.secret];
  if (typeof secret === 'string' && !each.secrets.includes(secret)) each.secrets.push(secret);
  if (isAcknowledged(reply)) await compareCalls([each], 'at once');
  return reply;
}

/** Calls with every secret from the witnesses, and notes what is not answered as the rows of the registry say. */
async function compareCalls(cases: readonly Case[], when: string): Promise<void> {
  const fates = await fatesOf(
    db,
    cases.flatMap(({ secrets }) => secrets),
    Date.now() + movedMs,
    'POST',
  );
  await inTurn(cases, async ({ secrets, problems }) => {
    for (const [i, secret] of secrets.entries()) {
      for (const isolate of WITNESSES) {
        const [found, due] = [await call(secret, isolate), fates.get(secret)];
        if (found !== due) problems.push(`${when}, secret ${i} in isolate ${isolate}: ${found} and not ${due}`);
      }
    }
  });
}

/** 200, or the code of the refusal. */
async function call(secret: string, isolate: number | undefined): Promise<number | string> {
  const headers = { authorization: `Bearer ${secret}` };
  const reply = await read(cluster.send('/v1/models', { method: 'POST', headers, address: '192.0.2.9' }, isolate));
  return reply.status === 200 ? 200 : (reply.body?.code ?? reply.status);
}

async function use({ kind }: Case, secrets: readonly string[], isolate: number | undefined): Promise<void> {
  if (kind.unused !== true) await Promise.all(secrets.map((secret) => call(secret, isolate)));
}

/** All kills of all kinds: at every call that the change makes in an isolate that knows nothing yet. */
async function allKills(): Promise<Kill[]> {
  const [isolate = 0] = VICTIMS;
  const never = { callsLeft: Number.POSITIVE_INFINITY, isDone: 0, by: 'sweep' } as const;
  const whole = await prepare(Object.entries(KINDS).map(([kindName, kind]) => ({ kindName, kind, ...never })));
  const kills: Kill[] = [];
  for (const each of whole) {
    await cluster.steer(isolate, 'forget');
    await cluster.calls(isolate);
    const reply = await make(each, isolate);
    expect([isAcknowledged(reply) || reply.text, each.problems]).toEqual([true, []]);
    const calls = Object.values(await cluster.calls(isolate)).reduce((sum, count) => sum + count, 0);
    const { kindName, kind } = each;
    const after = kind.again === null ? 'sweep' : 'again';
    for (let callsLeft = 0; callsLeft < calls; callsLeft++) {
      kills.push({ kindName, kind, callsLeft, isDone: 0, by: 'sweep' });
      kills.push({ kindName, kind, callsLeft, isDone: 1, by: after });
    }
  }
  return kills;
}

/** Kills all of them, a few at a time, each in an isolate that knows nothing yet. */
async function killAll(each: readonly Case[]): Promise<void> {
  const left = each.values();
  await Promise.all(
    VICTIMS.map(async (isolate) => {
      for (const one of left) await kill(one, isolate);
    }),
  );
}

async function kill(each: Case, isolate: number): Promise<void> {
  await use(each, each.secrets, WITNESSES[0]);
  await cluster.steer(isolate, 'forget');
  await cluster.steer(isolate, 'death', { callsLeft: each.callsLeft, isDone: each.isDone });
  await make(each, isolate);
  await cluster.steer(isolate, 'forget');
  // A use repairs what caches hold; the sweep must do so where there is none.
  await use(each, each.by === 'sweep' ? each.secrets.slice(1) : each.secrets, WITNESSES[1]);
}

async function later(): Promise<void> {
  movedMs += LATER_MS;
  await cluster.moveTime(movedMs);
}

/** Makes the same call again, in another isolate. */
async function again(each: Case): Promise<void> {
  const { status, text } = await make(each, OTHER);
  if (each.kind.again?.includes(status) !== true) each.problems.push(`again: ${status} ${text}`);
}

/** Notes what does not fit in what the registry and KV hold of each case, and in how its keys are answered. */
async function compare(cases: readonly Case[], start: ReadonlyMap<string, KeyState>, when: string): Promise<void> {
  const standing = await readStanding(cluster);
  for (const each of cases) {
    each.problems.push(...rowProblems(each, standing, start).map((problem) => `${when}: ${problem}`));
  }
  await compareCalls(cases, when);
}

function rowProblems(
  { kind, scene, replies }: Case,
  standing: Standing,
  start: ReadonlyMap<string, KeyState>,
): string[] {
  const problems: string[] = [];
  const trail = standing.trail.filter(({ accountId }) => accountId === scene.account);
  const actions = trail.map(({ action }) => action).sort();
  // A rotation that comes again without an Idempotency-Key is another one.
  const most = kind.secret === 'new_api_key' && kind.once !== true ? 2 : 1;
  const times = Array.from({ length: most + 1 }, (_, n) => n);
  const isWhole = times.some((n) => String(actions) === String(Array(n).fill(kind.entries).flat()));
  if (!isWhole) problems.push(`done in part: ${actions}`);
  if (actions.length === 0 && replies.some(isAcknowledged)) problems.push('acknowledged, and not done');

  const keys = [...standing.keys.values()].filter(({ key }) => key.accountId === scene.account);
  for (const id of new Set([...scene.keys.map((key) => key.id), ...keys.map(({ key }) => String(key.id))])) {
    const own = trail.filter(({ keyId }) => keyId === id);
    problems.push(...misfits(own, standing.keys.get(id), start.get(id)));
  }
  const has = (action: string) => actions.includes(action);
  const account = has('account.closed') ? 'closed' : has('account.suspended') ? 'suspended' : 'active';
  if (standing.accounts.get(scene.account) !== account) problems.push(`the account is not ${account}`);
  const member = `${has('member.removed') ? 'removed' : 'active'} ${has('member.role_changed') ? 'viewer' : 'developer'}`;
  if (scene.member !== null && standing.members.get(scene.member) !== member) problems.push(`no member is ${member}`);
  if (standing.waiting.has(scene.account)) problems.push('it still waits in the outbox');
  for (const { key, generation } of keys) {
    const older = standing.cached.find((record) => record.keyId === key.id && record.generation < generation);
    if (older !== undefined) problems.push(`KV has generation ${older.generation} of ${generation}`);
  }
  return problems;
}

/** Sweeps that are killed too, each a few calls later than the one before. */
async function killedSweeps(): Promise<void> {
  const [isolate = 0] = VICTIMS;
  for (let callsLeft = 0; callsLeft < MOST_CALLS; callsLeft += 3) {
    await cluster.steer(isolate, 'forget');
    await cluster.steer(isolate, 'death', { callsLeft, isDone: callsLeft % 2 });
    await cluster.schedule(isolate);
  }
  await cluster.steer(isolate, 'forget');
}

let cases: Case[] = [];
/** The accounts in whose trail the killed change stood at once. */
let recorded: ReadonlySet<string | null>;

beforeAll(async () => {
  cluster = await startCluster({ isolates: 7, policy: { lockouts, lease: '200ms' } });
  db = await cluster.database();
  cases = await prepare(await allKills());
  const start = await readKeyStates(db);
  await killAll(cases);
  recorded = new Set((await readTrail(db)).map(({ accountId }) => accountId));
  await later();
  const [repeated, swept] = [cases.filter(({ by }) => by === 'again'), cases.filter(({ by }) => by === 'sweep')];
  await inTurn(repeated, again);
  await compare(repeated, start, 'after the same call again');
  await killedSweeps();
  await sweep(cluster, OTHER);
  await compare(swept, start, 'after the sweep');
  const once = swept.filter(({ kind }) => kind.once === true);
  await inTurn(once, again);
  await compare(once, start, 'after the sweep and the same call again');
}, 300_000);
afterAll(() => cluster?.stop());

const problemsOf = (own: readonly Case[]) =>
  own.flatMap(({ name, problems }) => problems.map((problem) => `killed ${name}: ${problem}`));

it.each(Object.keys(KINDS))('%s is wholly done or wholly undone, wherever it is killed', (name) => {
  const own = cases.filter(({ kindName }) => kindName === name);
  const outcomes = own.map(({ replies, scene }) => [replies[0]?.status, recorded.has(scene.account)]);
  for (const isRecorded of [true, false]) expect(outcomes).toContainEqual([KILLED, isRecorded]);
  expect(problemsOf(own)).toEqual([]);
});

it('a request with an Idempotency-Key that was killed is not made twice, also where its work was undone since', async () => {
  const kills = cases.filter(({ kind, isDone }) => kind.once === true && isDone === 1);
  const own = await prepare(
    kills.map(({ kindName, kind, callsLeft }) => ({ kindName, kind, callsLeft, isDone: 1, by: 'again' })),
  );
  await killAll(own);
  await later();
  await sweep(cluster, OTHER);
  await inTurn(own, undo);
  await inTurn(own, async (each) => {
    const { status, text } = await make(each, OTHER);
    if (status !== 409 && each.kind.again?.includes(status) !== true) each.problems.push(`again: ${status} ${text}`);
  });
  const { trail, waiting } = await readStanding(cluster);
  for (const { kind, scene, problems } of own) {
    const actions = trail.filter(({ accountId }) => accountId === scene.account).map(({ action }) => action);
    const due = kind.secret === 'key' ? ['key.created', 'key.created,key.purged'] : ['key.rotated,key.rotated'];
    if (!due.includes(String(actions))) problems.push(`made twice, or never: ${actions}`);
    if (waiting.has(scene.account)) problems.push('it still waits in the outbox');
  }
  await compareCalls(own, 'after all');
  expect(problemsOf(own)).toEqual([]);
});

/** Deletes the key that a request has made, if it has; or gives the key another secret. */
async function undo({ kind, scene, secrets, problems }: Case): Promise<void> {
  const made = await db.prepare('SELECT id FROM keys WHERE account_id = ?').bind(scene.account).first<string>('id');
  if (made === null) return;
  const isMade = kind.secret === 'key';
  const path = isMade ? `/keys/${made}?purge=true` : `/keys/${made}/rotate`;
  const { status, body, text } = await operate(cluster, isMade ? 'DELETE' : 'POST', path, undefined, {
    isolate: OTHER,
  });
  if (status > 299) problems.push(`not undone: ${status} ${text}`);
  else if (!isMade) secrets.push(body.new_api_key);
}
