import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../meter/timeline.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Course, type Story, spansOf, storyOf } from '../../support/course.ts';
import { digestOf } from '../../support/fill.ts';
import { inTurn } from '../../support/in-turn.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { type Asked, type Change, type Kind, World } from '../../support/mixed.ts';
import { type Json, read } from '../../support/reply.ts';
import { readStanding, type Standing, sweep } from '../../support/standing.ts';
import { type Entry, fatesOf, misfits } from '../../support/trail.ts';

/*
 * Promise: 1,000 changes at the same time, from eight isolates, of keys and members in a few accounts, end in a state
 * in which no cap was ever passed, each entry of the trail is of a change that was answered so and each such change has
 * one, and every secret that was ever shown works or fails as its record says.
 */

const ISOLATES = 8;
const WORKERS_PER_ISOLATE = 6;
const CHANGES = 1_000;
const ACCOUNTS = 3;
const DEVELOPERS = 6;
const CAPS = { active_keys_per_account: 20, active_keys_per_user: 6, creations_per_user_per_hour: 10 };
const TWO_HOURS_MS = 7_200_000;
const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};

let issuer: Issuer;
let cluster: Cluster;
let world: World;
let standing: Standing;
let story: Story;
/** What the changes have left in the trail, by the request. */
let entries: ReadonlyMap<string | null, readonly Entry[]>;

beforeAll(async () => {
  issuer = await startIssuer();
  const policy = { session: issuer.policy, members: { join: 'invitation' }, caps: CAPS, lockouts };
  cluster = await startCluster({ isolates: ISOLATES, policy });
  world = new World(cluster, issuer, random(7));
  await world.begin(ACCOUNTS, DEVELOPERS);
  const { length: before } = (await readStanding(cluster)).trail;
  for (let isolate = 0; isolate < ISOLATES; isolate++) {
    await cluster.steer(isolate, 'clock', { offsetMs: (isolate - 4) * 50 });
    await cluster.steer(isolate, 'delays', { seed: isolate + 1, maxMs: 5 });
  }
  const left = Array.from({ length: CHANGES }, (_, n) => n).values();
  const workers = Array.from({ length: ISOLATES * WORKERS_PER_ISOLATE }, (_, n) => n % ISOLATES);
  await Promise.all(workers.map((isolate) => world.work(isolate, left)));
  await Promise.all(workers.map((isolate) => cluster.steer(isolate, 'delays', { maxMs: 0 })));
  standing = await readStanding(cluster);
  entries = Map.groupBy(standing.trail.slice(before), ({ requestId }) => requestId);
  const users = new Map(world.members.map(({ id, user }) => [id, user]));
  story = storyOf(standing.trail, users, spansOf(world.changes));
}, 300_000);
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

const isRecorded = ({ status, body }: Asked) => status < 300 || body?.code === 'not_in_force';

describe('1,000 changes at the same time', () => {
  it('are answered, and nothing breaks', () => {
    const asked = world.changes.flatMap((change) => change.asked);
    expect(asked.length).toBeGreaterThanOrEqual(CHANGES);
    expect(asked.filter((each) => each.status >= 500 && !isRecorded(each))).toEqual([]);
    const kinds = world.changes.filter((change) => change.asked.some(isRecorded)).map(({ kind }) => kind);
    for (const kind of ['create', 'patch', 'rotate', 'revoke', 'deactivate', 'activate', 'remove', 'add', 'invite']) {
      expect(kinds.filter((each) => each === kind).length).toBeGreaterThan(2);
    }
  });

  it('are acknowledged only with what was asked for', () => {
    const others = world.changes.flatMap(({ kind, wanted, asked }) =>
      asked
        .filter(({ status, body }) => status < 300 && !isDeepStrictEqual({ ...body, ...wanted }, { ...body }))
        .map(({ body }) => [kind, wanted, body]),
    );
    expect(others).toEqual([]);
  });

  it('pass no cap at any time, and each is reached', () => {
    const most = (courses: Iterable<Course<number>>) =>
      Math.max(...[...courses].flatMap(({ steps }) => steps.map(({ value }) => value)));
    const of = (kind: string) => [...story.standing].filter(([id]) => id.startsWith(kind)).map(([, course]) => course);
    expect({
      active_keys_per_account: most(of('acc_')),
      active_keys_per_user: most(of('mem_')),
      creations_per_user_per_hour: most(story.creations.values()),
    }).toEqual(CAPS);
  });

  it('are refused for a cap only where it was reached', () => {
    const users = new Map(world.members.map(({ id, user }) => [id, user]));
    const accounts = new Map(world.members.map(({ id, account }) => [id, account]));
    const unfounded = world.changes
      .filter(({ kind }) => kind === 'create')
      .flatMap(({ about, asked }) => asked.map((each) => ({ maker: about ?? '', each })))
      .filter(({ maker, each }) => {
        const reached = (course: Course<number>, cap: number) => !course.canHaveBeen((count) => count >= cap, each);
        switch (each.body?.code) {
          case 'key_cap_reached':
            return reached(story.standing.of(accounts.get(maker) ?? ''), CAPS.active_keys_per_account);
          case 'user_key_cap_reached':
            return reached(story.standing.of(maker), CAPS.active_keys_per_user);
          case 'creation_limited':
            return reached(story.creations.of(users.get(maker) ?? ''), CAPS.creations_per_user_per_hour);
          default:
            return false;
        }
      });
    expect(unfounded).toEqual([]);
  });

  it('each have one entry in the trail if they were answered so, and none if not', () => {
    const problems = world.changes.flatMap((change) => {
      const own = change.asked.flatMap(({ requestId }) => entries.get(requestId) ?? []);
      const actions = own.map(({ action }) => action);
      const done = change.asked.some(isRecorded);
      const fits = done ? isDue(change, own) || (actions.length === 0 && wasSo(change)) : actions.length === 0;
      const asked = change.asked.map(({ status, requestId }) => `${status} ${requestId}`);
      return fits ? [] : [`${change.kind} ${change.about}, answered ${asked}: ${actions}`];
    });
    expect(problems).toEqual([]);
    const known = new Set(world.changes.flatMap(({ asked }) => asked.map(({ requestId }) => requestId)));
    expect([...entries.keys()].filter((requestId) => !known.has(requestId ?? ''))).toEqual([]);
  });

  it('leave a trail whose entries, from the creation on, give every key as the registry has it', () => {
    const byKey = Map.groupBy(standing.trail, ({ keyId }) => keyId ?? '');
    const ids = new Set([...byKey.keys(), ...standing.keys.keys()].filter((id) => id !== ''));
    const problems = [...ids].flatMap((id) => {
      const own = byKey.get(id) ?? [];
      const state = standing.keys.get(id);
      const generation = state?.generation ?? own.length;
      const raised = generation === own.length ? [] : [`generation ${generation} after ${own.length} entries`];
      return [...misfits(own, state), ...raised].map((problem) => `${id}: ${problem}`);
    });
    expect(problems).toEqual([]);
  });

  it('leave no key to a member who was removed, and none a role that its member may not have', () => {
    const of = (actions: readonly string[]) => standing.trail.filter(({ action }) => actions.includes(action));
    const gone = of(['key.revoked', 'key.purged']);
    const orphans = of(['member.removed']).flatMap(({ requestId, after }) => {
      const endId = entries.get(requestId)?.at(-1)?.id ?? 0;
      const made = of(['key.created']).filter((key) => key.id < endId && key.after.memberId === after.member);
      return made.filter(({ keyId }) => !gone.some((entry) => entry.keyId === keyId && entry.id <= endId));
    });
    expect(orphans).toEqual([]);
    const above = [...standing.keys.values()].filter(({ key: { status, memberId, role } }) => {
      const member = standing.members.get(String(memberId)) ?? '';
      const may = member === 'active viewer' ? ['viewer'] : ['viewer', 'developer'];
      return status !== 'revoked' && (!member.startsWith('active') || !may.includes(String(role)));
    });
    expect(above).toEqual([]);
  });

  it('leave nothing that is not in force', async () => {
    await cluster.moveTime(30_000);
    await sweep(cluster, 0);
    expect((await readStanding(cluster)).waiting.size).toBe(0);
  });

  it('leave of each key one current secret, and no secret that nobody was shown or two were', async () => {
    const db = await cluster.database();
    const { results } = await db.prepare('SELECT digest FROM secret_digests').all<{ digest: string }>();
    const shown = new Set(await Promise.all(world.secrets.map(digestOf)));
    expect(shown.size).toBe(world.secrets.length);
    expect(results.filter(({ digest }) => !shown.has(digest))).toEqual([]);
    const current = [...standing.keys.values()].map(({ secrets }) =>
      secrets.filter((each) => each.replacedAtMs === null),
    );
    expect(current.filter((each) => each.length !== 1)).toEqual([]);
  });

  it.each([
    ['now', 30_000],
    ['two hours later', TWO_HOURS_MS],
  ])('leave every secret working or failing as its record says, %s', async (_, movedMs) => {
    await cluster.moveTime(movedMs);
    const fates = await fatesOf(await cluster.database(), world.secrets, Date.now() + movedMs);
    const problems: string[] = [];
    await inTurn(world.secrets.entries(), async ([n, secret]) => {
      for (const isolate of [n % ISOLATES, (n + 3) % ISOLATES]) {
        const { status, body } = await read(cluster.call(secret, isolate, `10.3.0.${isolate}`));
        const found = status === 200 ? 200 : (body?.code ?? status);
        const due = fates.get(secret);
        if (found !== due) problems.push(`secret ${n} in isolate ${isolate}: ${found} and not ${due}`);
      }
    });
    expect(problems).toEqual([]);
    const kinds = new Set(fates.values());
    for (const fate of [200, 'api_key_revoked', 'api_key_inactive', 'api_key_rotated']) expect(kinds).toContain(fate);
  });
});

/** What a change leaves in the trail beside what becomes of the keys of a member. */
const ACTIONS: Readonly<Record<Kind, string>> = {
  create: 'key.created',
  patch: 'key.updated',
  rotate: 'key.rotated',
  revoke: 'key.revoked',
  purge: 'key.purged',
  deactivate: 'key.deactivated',
  activate: 'key.activated',
  remove: 'member.removed',
  role: 'member.role_changed',
  add: 'member.joined',
  invite: 'member.invited',
  join: 'member.joined',
};
const OF_MEMBERS: readonly Kind[] = ['remove', 'role', 'add'];

/** Whether these are the entries of a change that was made: one of the very thing, of members also those of its keys. */
function isDue({ kind, about, asked }: Change, own: readonly Entry[]): boolean {
  const [main, ...rest] = own;
  if (main?.action !== ACTIONS[kind]) return false;
  const ofKeys = kind === 'remove' ? 'key.revoked' : 'key.updated';
  if (OF_MEMBERS.includes(kind)) {
    const isAbout = about === null || main.after.member === about;
    return isAbout && rest.every(({ action }) => action === ofKeys);
  }
  const made: Json = asked.find(isRecorded)?.body;
  const keyId = kind === 'create' ? made?.id : kind === 'invite' || kind === 'join' ? null : about;
  return rest.length === 0 && main.keyId === keyId;
}

/** Whether a change that left no entry found already what it was to bring about. */
function wasSo({ kind, about, asked }: Change): boolean {
  const statuses: Partial<Record<Kind, string>> = {
    revoke: 'revoked',
    purge: 'none',
    deactivate: 'inactive',
    activate: 'active',
  };
  const span = asked.find(isRecorded) as Asked;
  const status = statuses[kind];
  if (status !== undefined) return story.keys.of(about ?? '').canHaveBeen((value) => value === status, span);
  const member = story.members.of(about ?? span.body?.id ?? '');
  if (kind === 'remove') return member.canHaveBeen((value) => value === 'removed', span);
  return (kind === 'role' || kind === 'add') && member.canHaveBeen((role) => role === span.body?.role, span);
}
