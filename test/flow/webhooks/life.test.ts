import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../meter/timeline.ts';
import { type Github, seen, startGithub } from '../../support/github.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { unissuedKey } from '../../support/keys.ts';
import { letIn, type Member, operate, signIn } from '../../support/members.ts';
import { Mortal } from '../../support/mortal.ts';
import { startOrigin, type TestOrigin } from '../../support/origin.ts';
import { type Arrival, firstOfEach, type Receiver, startReceiver } from '../../support/receiver.ts';
import { type Json, type Reply, read } from '../../support/reply.ts';
import { type Entry, readTrail } from '../../support/trail.ts';

/*
 * Promise: an endpoint of an account and one of the operator get every event of the lives of ten keys, in order per key
 * and exactly once after deduplication, while the gateway is killed and started again 20 times at random moments and
 * the receivers answer 500, hang or are away a third of the time. What is due is what the audit trail has.
 */

const SEED = 11;
const KILLS = 20;
/**
 * A round is ended by a kill at a random moment: of this part of the time that a start takes on this machine, and every
 * other one while its first calls are under way.
 */
const ROUND = 0.7;
const FIRST_CALLS = 0.05;
/** A step that has lasted for so many rounds is waited for. */
const LONGEST_STEP = 4;
/** But this one lasts until these stand in the trail: what an isolate has gathered of requests dies with it. */
const LONG_ROUND = 10;
const OF_REQUESTS = ['key.old_secret_used', 'credits.low'];
/**
 * How much later it is at each start: longer than a delivery is in hand. All of them are less than the hour for which
 * an event waits for those before it.
 */
const LATER_MS = 120_000;
const MINUTE_MS = 60_000;
/** For how long a receiver stays well, or ill, at most. */
const MOOD_MS = 200;
const WITHIN_MS = 60_000;

const COST_MICRO = 100;
const POLICY = {
  lockouts: {
    secret: { strikes: 3, window: '6h', lock: '12h' },
    address: { strikes: 5, window: '6h', lock: '12h' },
  },
  warnings: { expiry: ['15m', '10m', '5m'], quota_percent: 80, credits_micro: 5 * COST_MICRO },
  webhooks: { allow_local: true, timeout: '400ms', retries: Array(20).fill('100ms') },
};

let issuer: Issuer;
let github: Github;
let origin: TestOrigin;
let stateDir: string;
let gateway: Mortal;
/** Of the account, and of the operator. */
let receivers: readonly [Receiver, Receiver];
/** Has an endpoint, and another one that has none. */
let account: string;
let other: string;
let leaver: Member;
/** The last entry before the lives begin. */
let begunId: number;

const isMade = ({ status }: Reply) => status < 300;

/** A change by the operator: the same call until it is made. */
function change(method: string, path: string, body?: Json): Promise<Reply> {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  return gateway.insist(
    (cluster) => operate(cluster, method, path, body, { headers }),
    (reply) => {
      const isToCome = reply.status >= 500 || reply.body?.code === 'idempotency_conflict';
      if (!isMade(reply) && !isToCome) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
      return isMade(reply);
    },
  );
}

/** Calls until it is answered so: by a status or a code. Without a secret each call has another one that nobody has issued. */
function call(secret: string | null, answer: number | string, address: string, path = '/v1/models'): Promise<Reply> {
  return gateway.insist(
    (cluster) => read(cluster.call(secret ?? unissuedKey(), 0, address, path)),
    ({ status, body }) => status === answer || body?.code === answer,
  );
}

/** A key, once it is made. The newest of its secrets comes last. It is used from an address of its own. */
interface Made {
  id: string;
  readonly address: string;
  readonly secrets: string[];
}
type Step = (key: Made) => Promise<unknown>;

/** What becomes of a key: what begins in which round, and what of that is in its trail. */
interface Life {
  readonly steps: readonly (readonly [round: number, step: Step, endsBy?: number])[];
  readonly leaves: readonly string[];
}

const shown = (key: Made, { body }: Reply) => {
  key.id = body.id ?? key.id;
  key.secrets.push(body.key ?? body.new_api_key);
};
const create =
  (fields: () => Json = () => ({}), of = () => account): Step =>
  async (key) =>
    shown(key, await change('POST', `/accounts/${of()}/keys`, { environment: 'live', ...fields() }));
const rotate =
  (grace_seconds: number): Step =>
  async (key) =>
    shown(key, await change('POST', `/keys/${key.id}/rotate`, { grace_seconds }));
const set =
  (method: string, rest: string, body?: Json): Step =>
  (key) =>
    change(method, `/keys/${key.id}${rest}`, body);
const revoke = set('POST', '/revoke');
/** Calls with its newest secret, or an older one. */
const use =
  (answer: number | string, which = -1): Step =>
  (key) =>
    call(key.secrets.at(which) ?? '', answer, key.address);
const purge: Step = ({ id }) =>
  gateway.insist(
    (cluster) => operate(cluster, 'DELETE', `/keys/${id}?purge=true`),
    (reply) => isMade(reply) || reply.status === 404,
  );
const report: Step = ({ secrets }) =>
  gateway.insist((cluster) => github.report(cluster, [seen(secrets[0] ?? '')]), isMade);

const ofLeaver: Step = async (key) => {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const made = await gateway.insist(
    async (cluster) =>
      (await signIn(cluster, issuer, leaver)).ask('POST', '/api-keys', { environment: 'live' }, { headers }),
    isMade,
  );
  shown(key, made);
};

const LIVES: Readonly<Record<string, Life>> = {
  'a key that is changed in every way': {
    steps: [
      [0, create()],
      [2, set('PATCH', '', { label: 'one' })],
      [5, set('PATCH', '', { rate_limit_per_minute: 500 })],
      [8, set('POST', '/deactivate')],
      [11, set('POST', '/activate')],
      [14, set('PATCH', '', { label: 'two' })],
      [17, revoke],
    ],
    leaves: [
      'key.created',
      'key.updated',
      'key.limited',
      'key.deactivated',
      'key.activated',
      'key.updated',
      'key.revoked',
    ],
  },
  'a key that is changed all the time': {
    steps: [
      [0, create()],
      ...Array.from({ length: 16 }, (_, n) => [n + 2, set('PATCH', '', { label: `name ${n}` })] as const),
    ],
    leaves: ['key.created', ...Array(16).fill('key.updated')],
  },
  'a key that is rotated, and whose old secret is used in its grace': {
    steps: [
      [1, create()],
      [3, rotate((12 * LATER_MS) / 1_000)],
      [4, use('api_key_rotated', 0), KILLS],
    ],
    leaves: ['key.created', 'key.rotated', 'key.old_secret_used', 'key.grace_ended'],
  },
  'a key that is rotated twice and revoked': {
    steps: [
      [2, create()],
      [6, rotate(86_400)],
      [9, rotate(86_400)],
      [12, revoke],
    ],
    leaves: ['key.created', 'key.rotated', 'key.rotated', 'key.revoked'],
  },
  'a key with a quota that is used up': {
    steps: [
      [0, create(() => ({ quotas: { total: 10 } }))],
      [6, use('quota_total_reached')],
    ],
    leaves: ['key.created', 'quota.warning', 'quota.reached'],
  },
  'a key whose revoked secret is tried until it is locked': {
    steps: [
      [3, create(undefined, () => other)],
      [7, revoke],
      [10, use('key_locked_out')],
    ],
    leaves: ['key.created', 'key.revoked', 'secret.locked'],
  },
  'a key that is found in public': {
    steps: [
      [5, create()],
      [9, report],
    ],
    leaves: ['key.created', 'key.leaked', 'key.revoked'],
  },
  'a key that expires': {
    steps: [[1, create(() => ({ expires_at: new Date(gateway.nowMs + 18 * MINUTE_MS).toISOString() }))]],
    leaves: ['key.created', 'key.expiring', 'key.expired'],
  },
  'a key that is deleted for good': {
    steps: [
      [4, create(undefined, () => other)],
      [10, purge],
    ],
    leaves: ['key.created', 'key.purged'],
  },
  'a key of a member who is removed': {
    steps: [
      [3, ofLeaver],
      [15, () => change('DELETE', `/accounts/${account}/members/${leaver.id}?revoke_keys=true`)],
    ],
    leaves: ['key.created', 'key.revoked'],
  },
};

/** What happens beside them, to no key. */
const BESIDE: Life = {
  steps: [
    [0, create()],
    [2, () => change('POST', `/accounts/${account}/credits`, { micro: 10 * COST_MICRO })],
    [LONG_ROUND, (key) => call(key.secrets[0] ?? '', 'credits_exhausted', key.address, '/paid/x')],
    [12, ({ address }) => call(null, 'address_locked_out', address)],
  ],
  leaves: ['address.locked', 'credits.exhausted', 'credits.low', 'member.removed'],
};
/** An hour may end, and of warnings that are due at once, since the cron was killed, the last is told. */
const REPEATED = ['key.old_secret_used', 'key.expiring'];
/** What an operator is told of the kills, whatever they have hit. */
const ALARMS = ['cron.late', 'outbox.stuck', 'gate.unavailable', 'upstream.unhealthy'];

/** They open one after the other. */
const rounds = Array.from({ length: KILLS }, () => Promise.withResolvers<void>());

const underWay: { readonly endsBy: number; readonly ended: Promise<unknown> }[] = [];

let addresses = 0;

async function live({ steps }: Life): Promise<Made> {
  const key: Made = { id: '', address: `203.0.113.${++addresses}`, secrets: [] };
  for (const [round, step, endsBy = round + LONGEST_STEP] of steps) {
    await rounds[round]?.promise;
    const begun = { endsBy, ended: step(key) };
    underWay.push(begun);
    await begun.ended;
  }
  return key;
}

const rng = random(SEED);
let isOver = false;

/** Lets a receiver be ill a third of the time. */
async function beMoody(receiver: Receiver): Promise<void> {
  for (; !isOver; receiver.answer = () => 204) {
    const ills = ['away', 500, 'hang'] as const;
    const ill = rng.chance(1 / 3) ? ills[Math.floor(rng.between(0, ills.length))] : undefined;
    if (ill === 'away') await receiver.leave();
    else receiver.answer = () => ill ?? 204;
    await pause(rng.between(20, MOOD_MS));
    if (ill === 'away') await receiver.comeBack();
  }
}

async function killAll(db: () => Promise<D1Database>): Promise<void> {
  let startMs = 0;
  for (const [round, { resolve }] of rounds.entries()) {
    resolve();
    await Promise.all(underWay.flatMap(({ endsBy, ended }) => (endsBy <= round ? [ended] : [])));
    const cron = gateway.schedule();
    await pause(startMs * rng.between(0, round % 2 === 0 ? ROUND : FIRST_CALLS));
    if (round === LONG_ROUND) await until(async () => isIn(await db(), OF_REQUESTS));
    const killedMs = performance.now();
    await gateway.kill(LATER_MS);
    startMs = performance.now() - killedMs;
    for (const receiver of receivers) receiver.movedMs = gateway.movedMs;
    await cron;
  }
}

/** Whether all of these actions stand in the trail. */
async function isIn(db: D1Database, actions: readonly string[]): Promise<boolean> {
  const seen = new Set((await readTrail(db)).map(({ action }) => action));
  return actions.every((action) => seen.has(action));
}

/** Waits until it is so, but not for ever. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + WITHIN_MS; !(await isSo()) && Date.now() < endMs; ) await pause(100);
}

/** Runs the cron until all that has happened is told, in force, and delivered. */
async function drain(db: D1Database): Promise<void> {
  const sql = `SELECT (SELECT count(*) FROM outbox) +
    (SELECT count(*) FROM deliveries WHERE status = 'pending') AS waiting`;
  const due = [...Object.values(LIVES), BESIDE].flatMap(({ leaves }) => leaves);
  await until(async () => {
    await gateway.schedule();
    return (await isIn(db, due)) && (await db.prepare(sql).first('waiting')) === 0;
  });
}

let keys: readonly (readonly [name: string, Made])[];
let trail: readonly Entry[];
/** By action. */
let types: ReadonlyMap<string, { readonly type: string; readonly audience: string }>;
let deliveries: readonly Json[];

beforeAll(async () => {
  [issuer, github, origin] = await Promise.all([startIssuer(), startGithub(), startOrigin()]);
  receivers = await Promise.all([startReceiver(), startReceiver()]);
  stateDir = await mkdtemp(join(tmpdir(), 'keystile-life-'));
  const origins = [{ url: origin.url }];
  const upstreams = [
    { name: 'paid', path: '/paid/**', origins, cost: { from: 'fixed', micro: COST_MICRO } },
    { name: 'origin', origins },
  ];
  const policy = { ...POLICY, session: issuer.policy, leaks: { github: { keys_url: github.keysUrl } }, upstreams };
  gateway = new Mortal({ policy, stateDir, origin });
  const cluster = await gateway.cluster;
  [account, other] = [await cluster.account('One'), await cluster.account('Other')];
  const admin = await letIn(cluster, issuer, account, 'account_admin', 'ada');
  leaver = await letIn(cluster, issuer, account, 'developer', 'eve');
  const [own, all] = receivers;
  for (const [receiver, made] of [
    [own, await admin.ask('POST', '/webhooks', { url: own.url })],
    [all, await operate(cluster, 'POST', '/webhooks', { url: all.url })],
  ] as const) {
    expect([made.status, made.text]).toEqual([201, expect.any(String)]);
    receiver.secrets.push(made.body.secret);
  }
  begunId = (await readTrail(await cluster.database())).at(-1)?.id ?? 0;

  const moods = receivers.map(beMoody);
  const lives = Object.entries({ ...LIVES, beside: BESIDE }).map(
    async ([name, life]) => [name, await live(life)] as const,
  );
  const database = async () => (await gateway.cluster).database();
  await killAll(database);
  keys = await Promise.all(lives);
  const db = await database();
  await drain(db);
  isOver = true;
  await Promise.all(moods);
  trail = (await readTrail(db)).filter(({ id }) => id > begunId);
  const rows = await db.prepare('SELECT * FROM event_types').all<{ action: string; type: string; audience: string }>();
  types = new Map(rows.results.map((row) => [row.action, row]));
  deliveries = (await db.prepare('SELECT * FROM deliveries ORDER BY id').all()).results;
}, 240_000);
afterAll(async () => {
  await gateway?.stop();
  await Promise.all([...(receivers ?? []), origin].map((each) => each?.stop()));
  await Promise.all([issuer?.close(), github?.close()]);
  await rm(stateDir, { recursive: true, force: true });
});

const isEvent = ({ action, keyId }: Entry) => types.has(action) && (action !== 'secret.locked' || keyId !== null);
const namesOf = (entries: readonly Entry[]) => entries.map(({ id }) => `evt_${id}`);

describe('the lives of ten keys, through 20 kills', () => {
  it('are cut into: calls end without an answer, and receivers refuse, and get again what they have had', () => {
    expect(gateway.interrupted).toBeGreaterThan(0);
    const arrived = receivers.map(({ arrivals }) => arrivals);
    expect(arrived.flat().some(({ accepted }) => !accepted)).toBe(true);
    expect(arrived.flat().length).toBeGreaterThan(arrived.flatMap(firstOfEach).length);
  });

  it.each(Object.entries(LIVES))('%s leaves what happened to it in the trail, each once', (name, { leaves }) => {
    const [, key] = keys.find(([each]) => each === name) ?? [];
    const own = trail.filter((entry) => entry.keyId === key?.id && isEvent(entry)).map(({ action }) => action);
    const isAgain = (action: string, n: number) => REPEATED.includes(action) && own[n - 1] === action;
    expect(own.filter((action, n) => !isAgain(action, n))).toEqual(leaves);
  });

  it('leave beside them what happened to no key', () => {
    const others = trail.filter((entry) => entry.keyId === null && isEvent(entry)).map(({ action }) => action);
    expect(others.filter((action) => !ALARMS.includes(action)).toSorted()).toEqual(BESIDE.leaves);
  });

  it('leave nothing that is still to be delivered, or was given up', () => {
    expect(deliveries.filter(({ status }) => status !== 'delivered')).toEqual([]);
  });
});

describe.each([
  ['the account’s endpoint', 0, (entry: Entry) => entry.accountId === account],
  ['the operator’s endpoint', 1, () => true],
] as const)('%s', (_, which, isFor) => {
  const arrivals = (): readonly Arrival[] => receivers[which].arrivals;
  const due = () =>
    trail.filter(
      (entry) => isEvent(entry) && isFor(entry) && (which === 1 || types.get(entry.action)?.audience === 'account'),
    );

  it('gets each event of the trail that is for it, once when what came again is taken out, and nothing else', () => {
    expect(
      firstOfEach(arrivals())
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(namesOf(due()).toSorted());
  });

  it('has accepted each of them', () => {
    const accepted = new Set(arrivals().flatMap(({ id, accepted: is }) => (is ? [id] : [])));
    expect(namesOf(due()).filter((name) => !accepted.has(name))).toEqual([]);
  });

  it('gets those of a key in the order in which they happened, numbered from 1 without a gap', () => {
    const first = Map.groupBy(firstOfEach(arrivals()), ({ key }) => key);
    for (const [key, entries] of Map.groupBy(due(), ({ keyId }) => keyId)) {
      if (key === null) continue;
      const own = first.get(key) ?? [];
      expect(own.map(({ id }) => id)).toEqual(namesOf(entries));
      expect(own.map(({ sequence }) => sequence)).toEqual(entries.map((__, n) => n + 1));
    }
  });

  it('gets them signed, each time', () => {
    expect(arrivals().filter(({ verified }) => !verified)).toEqual([]);
  });

  it('gets the same body under the same id, each time, of the type that the trail says', () => {
    const byName = new Map(due().map((entry) => [`evt_${entry.id}`, entry]));
    const problems = [...Map.groupBy(arrivals(), ({ id }) => id)].flatMap(([name, all]) => {
      const [entry, types_] = [byName.get(name), new Set(all.map(({ type }) => type))];
      const isSame = new Set(all.map(({ body }) => body)).size === 1;
      const isOf = all[0]?.type === types.get(entry?.action ?? '')?.type && all[0]?.key === entry?.keyId;
      return isSame && isOf && types_.size === 1 ? [] : [[name, entry?.action, ...all.map(({ body }) => body)]];
    });
    expect(problems).toEqual([]);
  });
});
