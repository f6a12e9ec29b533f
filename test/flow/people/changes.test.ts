import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { keyOf, letIn, type Member, operate } from '../../support/members.ts';
import { type Json, type Reply, status } from '../../support/reply.ts';
import {
  type Change,
  disturb,
  type Run,
  type Sent,
  sentWhile,
  skewOf,
  type UsedKey,
  underLoad,
} from '../../support/under-load.ts';

/*
 * Promise: after any change that was answered 2xx, the next request with that key, from any isolate, sees it. As in
 * `revocation.test.ts`, eight isolates with delayed calls and clocks that differ and jump use every key all the while;
 * the changes come from members over sessions, and from the operator, at any of the isolates.
 */

const ISOLATES = 8;
/** How many keys, or members with so many keys, each kind of change is made to. */
const TIMES = 6;
const MEMBERS = 2;
const KEYS_OF_MEMBER = 3;
const PLENTY = { rate_limit_per_minute: 1_000_000 };
/** A rate per minute that is reached, or nearly so, when it is set. */
const LOWER = 30;
/** So many strikes that the load itself is never locked out. */
const lockouts = {
  address: { strikes: 1_000, window: '1s', lock: '1s' },
  secret: { strikes: 1_000, window: '1s', lock: '1s' },
};

/** A kind of change: what is done to its keys, and what a request must be answered after each step. */
interface Kind {
  readonly changes: readonly Change[];
  readonly expects: readonly ((sent: Sent) => string | number)[];
}

type Kinds = Readonly<Record<string, Kind>>;

/** What a request was answered: 200, or the code of its refusal. */
const seen = ({ status: answered, code }: Sent) => code ?? answered;

/** What was sent after a step of a kind held, and was not answered as it must be. Something was sent after each. */
function wrong(run: Run, { changes, expects }: Kind): Sent[] {
  const keys = changes.flatMap((change) => change.keys);
  return expects.flatMap((expected, step) => {
    const sent = sentWhile(run, step, keys);
    expect(sent.length).toBeGreaterThan(0);
    return sent.filter((each) => seen(each) !== expected(each));
  });
}

/** A cluster with an account and its admin. */
class Scene {
  readonly cluster: Cluster;
  readonly issuer: Issuer;
  readonly admin: Member;
  #made = 0;

  private constructor(cluster: Cluster, issuer: Issuer, admin: Member) {
    this.cluster = cluster;
    this.issuer = issuer;
    this.admin = admin;
  }

  static async open(issuer: Issuer, keys: Json = {}): Promise<Scene> {
    const caps = { creations_per_user_per_hour: null };
    // A longer lease than usual: what a gate does not wait for is seen for longer.
    const policy = { session: issuer.policy, members: { join: 'admin' }, caps, lockouts, keys, lease: '8s' };
    const cluster = await startCluster({ isolates: ISOLATES, policy });
    return new Scene(cluster, issuer, await letIn(cluster, issuer, await cluster.account(), 'account_admin', 'boss'));
  }

  /** Another isolate each time. */
  anyIsolate(): number {
    return ++this.#made % ISOLATES;
  }

  async keys(count: number, fields: Json = {}, method = 'GET', member = this.admin): Promise<UsedKey[]> {
    const keys = await Promise.all(Array.from({ length: count }, () => keyOf(member, fields, this.anyIsolate())));
    return keys.map(({ id, key }) => ({ id, key, method }));
  }

  /** As the admin of the account; an answer that is no 2xx fails the test. */
  async change(method: string, path: string, body?: Json, isolate = this.anyIsolate()): Promise<Json> {
    return acknowledged(await this.admin.ask(method, path, body, { isolate }));
  }

  async operate(method: string, path: string, body?: Json): Promise<Json> {
    return acknowledged(await operate(this.cluster, method, path, body, { isolate: this.anyIsolate() }));
  }

  /** Changes that are made to keys one by one. */
  async each(keys: Promise<UsedKey[]>, ...steps: ((key: UsedKey) => Promise<Json>)[]): Promise<Change[]> {
    return (await keys).map((key) => ({ keys: [key], steps: steps.map((step) => () => step(key).then(() => true)) }));
  }

  /** Changes of members with several keys each. */
  members(method: string, ...steps: ((member: Member) => Promise<Json>)[]): Promise<Change[]> {
    const one = async (): Promise<Change> => {
      const user = `user_${++this.#made}`;
      const member = await letIn(this.cluster, this.issuer, this.admin.account, 'developer', user);
      const keys = await this.keys(KEYS_OF_MEMBER, {}, method, member);
      return { keys, steps: steps.map((step) => () => step(member).then(() => true)) };
    };
    return Promise.all(Array.from({ length: MEMBERS }, one));
  }

  /** Runs all changes while all keys are used from every isolate, by clocks that differ and jump. */
  async run(kinds: Kinds): Promise<Run> {
    const settle = await disturb(this.cluster);
    try {
      return await underLoad(
        this.cluster,
        Object.values(kinds).flatMap(({ changes }) => changes),
      );
    } finally {
      await settle();
    }
  }
}

function acknowledged({ status: answered, text, body }: Reply): Json {
  if (answered < 200 || answered > 299) throw new Error(`not acknowledged: ${answered} ${text}`);
  return body;
}

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());

describe('the next request sees', () => {
  let scene: Scene;
  let kinds: Kinds;
  let run: Run;
  const newSecrets: string[] = [];

  beforeAll(async () => {
    scene = await Scene.open(issuer);
    kinds = await allKinds();
    run = await scene.run(kinds);
  });
  afterAll(() => scene?.cluster.stop());

  const patch =
    (fields: Json) =>
    ({ id }: UsedKey) =>
      scene.change('PATCH', `/api-keys/${id}`, fields);

  async function allKinds(): Promise<Kinds> {
    return {
      deactivation: {
        changes: await scene.each(scene.keys(TIMES), patch({ active: false }), ({ id }) =>
          scene.operate('POST', `/keys/${id}/activate`),
        ),
        expects: [() => 'api_key_inactive', () => 200],
      },
      role: {
        changes: await scene.each(scene.keys(TIMES, {}, 'POST'), patch({ role: 'viewer' })),
        expects: [() => 'insufficient_role'],
      },
      expiry: {
        // The clock of isolate 0 is the last to reach any time: for all others this end has passed.
        changes: await scene.each(scene.keys(TIMES), ({ id }) => {
          const expires_at = new Date(Date.now() + skewOf(0) + 60_000).toISOString();
          return scene.change('PATCH', `/api-keys/${id}`, { expires_at }, 0);
        }),
        expects: [({ isolate }) => (isolate === 0 ? 200 : 'api_key_expired')],
      },
      addresses: {
        changes: await scene.each(
          scene.keys(TIMES, { addresses: ['10.0.0.0/8'] }),
          patch({ addresses: ['10.0.0.0/22'] }),
        ),
        expects: [({ isolate }) => (isolate < 4 ? 200 : 'address_not_allowed')],
      },
      spent: {
        changes: await scene.each(scene.keys(TIMES, PLENTY), patch({ rate_limit_per_minute: 1 })),
        expects: [() => 'rate_limited'],
      },
      lowered: {
        changes: await scene.each(scene.keys(TIMES, PLENTY), patch({ rate_limit_per_minute: LOWER })),
        expects: [({ status: answered }) => (answered === 200 ? 200 : 'rate_limited')],
      },
      raised: {
        changes: await scene.each(scene.keys(TIMES, { rate_limit_per_minute: 1 }), patch(PLENTY)),
        expects: [() => 200],
      },
      rotation: {
        changes: await scene.each(scene.keys(TIMES), async ({ id }) => {
          newSecrets.push((await scene.change('POST', `/api-keys/${id}/rotate`, { grace_seconds: 0 })).new_api_key);
        }),
        expects: [() => 'api_key_rotated'],
      },
      removal: {
        changes: await scene.members('GET', ({ id }) => scene.change('DELETE', `/members/${id}?revoke_keys=true`)),
        expects: [() => 'api_key_revoked'],
      },
      demotion: {
        changes: await scene.members('POST', ({ id }) => scene.change('PATCH', `/members/${id}`, { role: 'viewer' })),
        expects: [() => 'insufficient_role'],
      },
      closing: { changes: await accountsToClose(), expects: [() => 'api_key_revoked'] },
    };
  }

  const accountsToClose = (): Promise<Change[]> =>
    Promise.all(
      Array.from({ length: MEMBERS }, async () => {
        const account = await scene.cluster.account();
        const keys = await Promise.all(Array.from({ length: KEYS_OF_MEMBER }, () => scene.cluster.issue(account)));
        return { keys, steps: [() => scene.operate('POST', `/accounts/${account}/close`).then(() => true)] };
      }),
    );

  it.each([
    ['that a key was deactivated, and that it was activated again', 'deactivation'],
    ['a role of a key that was lowered', 'role'],
    ['an end of a key that was set earlier', 'expiry'],
    ['an address list that was narrowed', 'addresses'],
    ['a rate that was lowered below what was counted', 'spent'],
    ['a rate that was raised', 'raised'],
    ['a rotation without grace, at the old secret', 'rotation'],
    ['that a member was removed with its keys, at each of them', 'removal'],
    ["that a member's role was lowered, at each key of theirs", 'demotion'],
    ['that the account was closed, at each of its keys', 'closing'],
  ])('%s', (_, name) => {
    expect(wrong(run, kinds[name] as Kind)).toEqual([]);
  });

  it('a lower rate, for which counts what was used before', () => {
    const { changes } = kinds.lowered as Kind;
    expect(wrong(run, kinds.lowered as Kind)).toEqual([]);
    const admitted = (sent: readonly Sent[]) => sent.filter((each) => each.status === 200).length;
    for (const { keys } of changes) {
      const [{ id } = { id: '' }] = keys;
      const { beganMs } = run.held.get(id)?.[0] ?? { beganMs: 0 };
      const before = admitted(run.sent.filter(({ keyId, answeredAtMs }) => keyId === id && answeredAtMs < beganMs));
      expect(admitted(sentWhile(run, 0, keys))).toBeLessThanOrEqual(Math.max(0, LOWER - before));
    }
  });

  it('a rotation, at the new secret', async () => {
    const isolates = Array.from({ length: ISOLATES }, (_, isolate) => isolate);
    const answers = await Promise.all(
      newSecrets.flatMap((key) => isolates.map((isolate) => status(scene.cluster.call(key, isolate, '10.1.0.1')))),
    );
    expect(answers).toEqual(Array(TIMES * ISOLATES).fill(200));
  });

  it('all of it while every isolate was busy', () => {
    const busy = new Set(run.sent.filter((each) => each.status === 200).map(({ isolate }) => isolate));
    expect(busy.size).toBe(ISOLATES);
  });
});

describe('where keys have the role of who made them, the next request sees', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.open(issuer, { role_follows_creator: true });
  });
  afterAll(() => scene?.cluster.stop());

  it('another role of the member at each key of theirs, a lower one and a higher one', async () => {
    const give =
      (role: string) =>
      ({ id }: Member) =>
        scene.change('PATCH', `/members/${id}`, { role });
    const roles: Kind = {
      changes: await scene.members('POST', give('viewer'), give('account_admin')),
      expects: [() => 'insufficient_role', () => 200],
    };
    const run = await scene.run({ roles });
    expect(wrong(run, roles)).toEqual([]);
  });
});
