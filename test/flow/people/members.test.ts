import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, type IssuedKey, startCluster } from '../../support/cluster.ts';
import { type Issuer, type Person, startIssuer } from '../../support/issuer.ts';
import { type Visitor, visit } from '../../support/people.ts';
import { type Json, type Reply, read, status } from '../../support/reply.ts';

/*
 * Members over HTTP: two isolates in which people join by signing in, and three on the same stores with another policy
 * each, since who joins how, and what a claim or a role does to keys, is data.
 */

const INVITATION = 2;
const BY_OPERATOR = 3;
const CLAIMED = 4;

let issuer: Issuer;
let cluster: Cluster;
let names = 0;

beforeAll(async () => {
  issuer = await startIssuer();
  const keys = { role_follows_creator: true, revoke_with_member: false };
  cluster = await startCluster({
    isolates: 5,
    policy: { session: issuer.policy },
    policies: {
      [INVITATION]: { members: { join: 'invitation' } },
      [BY_OPERATOR]: { members: { join: 'admin' } },
      [CLAIMED]: { members: { role_from_claim: true }, keys },
    },
  });
});
afterAll(async () => {
  await cluster?.stop();
  await issuer?.close();
});

/** A new name, for an organisation or a person. */
const fresh = (kind: string): string => `${kind}_${++names}`;
const signIn = (person: Person, nowMs = Date.now()): Promise<Visitor> => visit(cluster, issuer, person, { nowMs });
/** A moment in the past at which a token is issued that holds still: one second later than the one before. */
let issuedAtMs = Date.now() - 300_000;
const later = (): number => {
  issuedAtMs += 1_000;
  return issuedAtMs;
};

interface Team {
  readonly organisation: string;
  readonly account: string;
  readonly boss: Visitor;
  readonly bossId: string;
}

/** A new organisation whose first member has signed in. */
async function team(): Promise<Team> {
  const organisation = fresh('org');
  const boss = await signIn({ user: fresh('boss'), organisation, role: 'account_admin' });
  const { body } = await boss.ask('GET', '/account');
  return { organisation, account: body.id, boss, bossId: body.member.id };
}

/** Another member of a team, who has signed in. */
async function mate({ organisation, boss }: Team, role = 'developer'): Promise<Visitor & { readonly id: string }> {
  const visitor = await signIn({ user: fresh('user'), organisation });
  const { id } = (await visitor.ask('GET', '/account')).body.member;
  if (role !== 'developer') await expectDone(boss.ask('PATCH', `/members/${id}`, { role }));
  return { ...visitor, id };
}

async function expectDone(reply: Promise<Reply>): Promise<Reply> {
  const { status: seen, text, ...rest } = await reply;
  expect([seen < 300, text]).toEqual([true, text]);
  return { status: seen, text, ...rest };
}

/** A key that somebody makes, and that both isolates have just used. */
async function hotKey(visitor: Visitor, fields: Json = {}): Promise<IssuedKey> {
  const { body } = await expectDone(visitor.ask('POST', '/api-keys', { environment: 'live', ...fields }));
  expect(await everywhere(body)).toEqual([200, 200]);
  return body;
}

const everywhere = ({ key }: IssuedKey, method = 'GET', path = '/v1/models'): Promise<number[]> =>
  Promise.all([0, 1].map((isolate) => call(key, method, path, isolate)));

const call = (key: string, method: string, path: string, isolate = 0): Promise<number> =>
  status(cluster.send(path, { method, headers: { authorization: `Bearer ${key}` } }, isolate));

const membersOf = async (visitor: Visitor): Promise<Json[]> => (await visitor.ask('GET', '/members')).body.members;
const trail = async (account: string, action?: string): Promise<Json[]> =>
  (await read(cluster.admin('GET', `/audit?account=${account}${action === undefined ? '' : `&action=${action}`}`))).body
    .entries;
const seen = ({ status: code, body }: Reply) => [code, body?.code];

describe('joining by signing in', () => {
  it('the first of an organisation makes its account and administers it, and the others join as developers', async () => {
    const organisation = fresh('org');
    const [ada, bob] = [fresh('ada'), fresh('bob')];
    const first = await (await signIn({ user: ada, organisation, email: `${ada}@example.com` })).ask('GET', '/account');
    const next = await (await signIn({ user: bob, organisation })).ask('GET', '/account', undefined, { isolate: 1 });
    expect(first.body).toMatchObject({ name: organisation, plan: 'standard', member: { role: 'account_admin' } });
    expect(next.body).toMatchObject({ id: first.body.id, member: { role: 'developer' } });
    const operator = (await read(cluster.admin('GET', `/accounts/${first.body.id}`))).body;
    expect(operator).toMatchObject({ organisation, user: null });
  });

  it('twenty first sign-ins from two isolates at once make one account and one who administers it', async () => {
    const organisation = fresh('org');
    const visitors = await Promise.all(Array.from({ length: 20 }, () => signIn({ user: fresh('user'), organisation })));
    const replies = await Promise.all(
      visitors.map((visitor, i) => visitor.ask('GET', '/account', undefined, { isolate: i % 2 })),
    );
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect(replies.filter(({ body }) => body.member.role === 'account_admin').length).toBe(1);
    const { accounts } = (await read(cluster.admin('GET', `/accounts?organisation=${organisation}`))).body;
    expect(accounts.length).toBe(1);
  });

  it('without an organisation each user has an account of their own, named by the e-mail address', async () => {
    const [ada, bob] = [fresh('ada'), fresh('bob')];
    const one = await signIn({ user: ada, email: `${ada}@example.com` });
    const both = await Promise.all([0, 1].map((isolate) => one.ask('GET', '/account', undefined, { isolate })));
    const other = await (await signIn({ user: bob })).ask('GET', '/account');
    expect(both[0]?.body).toMatchObject({ name: `${ada}@example.com`, member: { role: 'account_admin' } });
    expect(both[1]?.body.id).toBe(both[0]?.body.id);
    expect(other.body.id).not.toBe(both[0]?.body.id);
    expect(JSON.stringify(await trail(both[0]?.body.id))).not.toContain(ada);
  });

  it('finds the account that the operator has made for the organisation', async () => {
    const organisation = fresh('org');
    const { id } = (await read(cluster.admin('POST', '/accounts', { name: 'Made', organisation }))).body;
    const { body } = await (await signIn({ user: fresh('ada'), organisation })).ask('GET', '/account');
    expect(body).toMatchObject({ id, name: 'Made', member: { role: 'account_admin' } });
  });

  it('costs two round trips of the registry once, and one from then on', async () => {
    const visitor = await signIn({ user: fresh('ada'), organisation: fresh('org') });
    const cost = async () => {
      await cluster.calls(0);
      await visitor.ask('GET', '/account');
      return (await cluster.calls(0)).d1;
    };
    expect([await cost(), await cost()]).toEqual([2, 1]);
  });

  it('never brings a removed member back; an invitation that is made later does', async () => {
    const one = await team();
    const user = fresh('ada');
    const email = `${user}@example.com`;
    const ada = await signIn({ user, organisation: one.organisation, email });
    const { id } = (await ada.ask('GET', '/account')).body.member;
    await expectDone(one.boss.ask('DELETE', `/members/${id}`));
    for (const isolate of [0, 1]) {
      const again = await signIn({ user, organisation: one.organisation, email });
      expect(seen(await again.ask('GET', '/account', undefined, { isolate }))).toEqual([403, 'membership_missing']);
    }
    await expectDone(one.boss.ask('POST', '/members', { email, role: 'viewer' }));
    expect(seen(await ada.ask('GET', '/account'))).toEqual([403, 'membership_missing']);
    const { body } = await ada.ask('GET', '/account', undefined, { account: one.account });
    expect(body).toMatchObject({ id: one.account, member: { id, role: 'viewer' } });
  });

  it('opens the account of an organisation to sessions that name it alone, by default and by its id', async () => {
    const one = await team();
    const user = fresh('ada');
    const ada = await signIn({ user, organisation: one.organisation });
    expect((await ada.ask('GET', '/account')).body.id).toBe(one.account);
    for (const organisation of [null, fresh('org')]) {
      const other = await signIn({ user, organisation });
      const named = await other.ask('GET', '/account', undefined, { account: one.account });
      expect(seen(named)).toEqual([404, 'not_found']);
      const own = await other.ask('GET', '/account', undefined, { isolate: 1 });
      expect(own.body).toMatchObject({ name: organisation ?? user, member: { role: 'account_admin' } });
      const refused = await other.ask('GET', '/account', undefined, { account: one.account, isolate: INVITATION });
      expect(seen(refused)).toEqual([404, 'not_found']);
    }
    expect((await ada.ask('GET', '/account', undefined, { account: one.account })).body.id).toBe(one.account);
  });

  it('is all that a session without its organisation gets where nobody joins by it: nothing', async () => {
    const one = await team();
    const user = fresh('ada');
    await (await signIn({ user, organisation: one.organisation })).ask('GET', '/account');
    const ada = await signIn({ user });
    for (const isolate of [INVITATION, BY_OPERATOR]) {
      expect(seen(await ada.ask('GET', '/account', undefined, { isolate }))).toEqual([403, 'membership_missing']);
    }
  });

  it('does not open an account that is closed', async () => {
    const one = await team();
    await expectDone(read(cluster.admin('POST', `/accounts/${one.account}/close`)));
    const late = await signIn({ user: fresh('late'), organisation: one.organisation });
    expect(seen(await late.ask('GET', '/account'))).toEqual([403, 'membership_missing']);
    expect((await one.boss.ask('GET', '/account')).body.closed_at).not.toBeNull();
    expect(seen(await one.boss.ask('POST', '/members', { email: 'a@example.com' }))).toEqual([
      403,
      'account_suspended',
    ]);
  });
});

describe('joining by invitation', () => {
  it('needs consent: who signs in has an account of their own, until a request names the one that invites', async () => {
    const one = await team();
    const user = fresh('ada');
    const email = `${user}@example.com`;
    const { body: invitation } = await expectDone(one.boss.ask('POST', '/members', { email, role: 'account_admin' }));
    expect(invitation).toMatchObject({ account: one.account, user: null, email });
    const ada = await signIn({ user, email });
    const own = (await ada.ask('GET', '/account')).body;
    expect(own).toMatchObject({ name: email, member: { role: 'account_admin' } });
    expect(own.id).not.toBe(one.account);
    expect((await membersOf(one.boss)).map(({ status: is }) => is).sort()).toEqual(['active', 'invited']);
    const stranger = await signIn({ user: fresh('eve') });
    const guessed = await stranger.ask('GET', '/account', undefined, { account: one.account });
    expect(seen(guessed)).toEqual([404, 'not_found']);
    const accepted = await ada.ask('GET', '/account', undefined, { account: one.account, isolate: 1 });
    expect(accepted.body).toMatchObject({ id: one.account, member: { role: 'account_admin' } });
    expect((await ada.ask('GET', '/account')).body.id).toBe(own.id);
    expect((await membersOf(one.boss)).map(({ user: who }) => who)).toContain(user);
  });

  it('is void once who has invited may not give its role any more, and is listed no longer', async () => {
    const one = await team();
    const ada = await mate(one, 'account_admin');
    const user = fresh('guest');
    const email = `${user}@example.com`;
    await expectDone(ada.ask('POST', '/members', { email }));
    const guest = await signIn({ user, email });
    for (const end of [
      () => one.boss.ask('PATCH', `/members/${ada.id}`, { role: 'developer' }),
      () => one.boss.ask('DELETE', `/members/${ada.id}`),
    ]) {
      await expectDone(end());
      const named = await guest.ask('GET', '/account', undefined, { account: one.account });
      expect(seen(named)).toEqual([404, 'not_found']);
      const signedIn = await guest.ask('GET', '/account', undefined, { isolate: INVITATION });
      expect(seen(signedIn)).toEqual([403, 'membership_missing']);
      expect((await membersOf(one.boss)).filter(({ status: is }) => is === 'invited')).toEqual([]);
    }
    await expectDone(one.boss.ask('POST', '/members', { email }));
    const named = await guest.ask('GET', '/account', undefined, { account: one.account });
    expect(named.body.id).toBe(one.account);
  });

  it('by signing in is the oldest one, of who belongs nowhere; the others wait until they are named', async () => {
    const [one, two] = [await team(), await team()];
    const user = fresh('ada');
    const email = `${user}@example.com`;
    for (const { boss } of [two, one]) await expectDone(boss.ask('POST', '/members', { email }));
    const ada = await signIn({ user, email });
    for (let i = 0; i < 2; i++) {
      expect((await ada.ask('GET', '/account', undefined, { isolate: INVITATION })).body.id).toBe(two.account);
    }
    expect((await membersOf(one.boss)).map(({ status: is }) => is).sort()).toEqual(['active', 'invited']);
  });

  it('lets in whose verified address was invited, into each account that has, and nobody else', async () => {
    const [one, two] = [await team(), await team()];
    const user = fresh('ada');
    const email = `${user}@Example.com`;
    const at = { isolate: INVITATION };
    const ada = await signIn({ user, email });
    expect(seen(await ada.ask('GET', '/account', undefined, at))).toEqual([403, 'membership_missing']);
    for (const { boss } of [one, two]) await expectDone(boss.ask('POST', '/members', { email, role: 'viewer' }));
    const unverified = await signIn({ user: fresh('eve'), email, email_verified: false });
    expect(seen(await unverified.ask('GET', '/account', undefined, at))).toEqual([403, 'membership_missing']);
    for (const { account } of [one, two]) {
      const { body } = await ada.ask('GET', '/account', undefined, { ...at, account });
      expect(body).toMatchObject({ id: account, member: { role: 'viewer' } });
    }
    const other = await signIn({ user: fresh('eve'), email });
    expect(seen(await other.ask('GET', '/account', undefined, at))).toEqual([403, 'membership_missing']);
    expect((await membersOf(one.boss)).filter(({ status }) => status === 'invited')).toEqual([]);
  });

  it('of one address by two isolates at once makes one member', async () => {
    const one = await team();
    const user = fresh('ada');
    await expectDone(one.boss.ask('POST', '/members', { email: `${user}@example.com` }));
    const ada = await signIn({ user, email: `${user}@example.com` });
    const { account } = one;
    const ask = (isolate: number) => ada.ask('GET', '/account', undefined, { isolate, account });
    const replies = await Promise.all([0, 1].map(ask));
    expect(replies.map(({ body }) => body.id)).toEqual([account, account]);
    expect((await membersOf(one.boss)).length).toBe(2);
  });

  it('is not for who signs in for an organisation and was not invited', async () => {
    const ada = await signIn({ user: fresh('ada'), organisation: fresh('org') });
    expect(seen(await ada.ask('GET', '/account', undefined, { isolate: INVITATION }))).toEqual([
      403,
      'membership_missing',
    ]);
  });

  it('no account of others is ever found by its id', async () => {
    const [one, two] = [await team(), await team()];
    expect(seen(await one.boss.ask('GET', '/account', undefined, { account: two.account }))).toEqual([
      404,
      'not_found',
    ]);
  });
});

describe('joining by the operator alone', () => {
  const at = { isolate: BY_OPERATOR };

  it('refuses invitations of members, and lets in whom the operator adds or invites', async () => {
    const one = await team();
    expect(seen(await one.boss.ask('POST', '/members', { email: 'a@example.com' }, at))).toEqual([
      403,
      'insufficient_role',
    ]);
    const [user, guest] = [fresh('ada'), fresh('guest')];
    const ada = await signIn({ user });
    expect(seen(await ada.ask('GET', '/account', undefined, at))).toEqual([403, 'membership_missing']);
    await expectDone(read(cluster.admin('POST', `/accounts/${one.account}/members`, { user, role: 'viewer' })));
    expect((await ada.ask('GET', '/account', undefined, at)).body).toMatchObject({ id: one.account });
    const email = `${guest}@example.com`;
    await expectDone(one.boss.ask('POST', '/members', { email }));
    const invited = await signIn({ user: guest, email });
    const named = { ...at, account: one.account };
    expect(seen(await invited.ask('GET', '/account', undefined, named))).toEqual([404, 'not_found']);
    await expectDone(read(cluster.admin('POST', `/accounts/${one.account}/members`, { email })));
    expect(seen(await invited.ask('GET', '/account', undefined, at))).toEqual([403, 'membership_missing']);
    expect((await invited.ask('GET', '/account', undefined, named)).body).toMatchObject({ id: one.account });
  });
});

describe('a role that the token says each time', () => {
  const at = { isolate: CLAIMED };

  it('is given to the member before the request goes on, and acts on the keys', async () => {
    const one = await team();
    const user = fresh('ada');
    const as = (role: string | null) => signIn({ user, organisation: one.organisation, role }, later());
    const admin = await as('account_admin');
    expect((await admin.ask('GET', '/account', undefined, at)).body.member.role).toBe('account_admin');
    const key = await hotKey(admin, { role: 'account_admin' });
    const viewer = await as('viewer');
    expect(seen(await viewer.ask('PATCH', '/account', { name: 'Mine' }, at))).toEqual([403, 'insufficient_role']);
    expect(await everywhere(key)).toEqual([200, 200]);
    expect(await everywhere(key, 'POST')).toEqual([403, 403]);
    const { id } = (await viewer.ask('GET', '/account', undefined, at)).body.member;
    const [entry] = await trail(one.account, 'member.role_changed');
    expect(entry).toMatchObject({ actor: `member:${id}`, after: { member: id, role: 'viewer', by: 'claim' } });

    const roleOf = async (visitor: Visitor, isolate = CLAIMED) =>
      (await visitor.ask('GET', '/account', undefined, { isolate })).body.member.role;
    const entries = (await trail(one.account)).length;
    for (let i = 0; i < 3; i++) expect([await roleOf(admin), await roleOf(viewer)]).toEqual(['viewer', 'viewer']);
    expect(seen(await admin.ask('PATCH', '/account', { name: 'Mine' }, at))).toEqual([403, 'insufficient_role']);
    expect(await trail(one.account)).toHaveLength(entries);
    expect(await everywhere(key, 'POST')).toEqual([403, 403]);

    const again = await as('account_admin');
    expect([await roleOf(again), await roleOf(viewer)]).toEqual(['account_admin', 'account_admin']);
    const unnamed = await as(null);
    expect([await roleOf(unnamed), await roleOf(again)]).toEqual(['developer', 'developer']);
    expect(await everywhere(key, 'GET', '/api/v1/invoices/1')).toEqual([403, 403]);
  });

  it('of the last who administers the account counts for the session, and is not written down', async () => {
    const organisation = fresh('org');
    const user = fresh('ada');
    await (await signIn({ user, organisation })).ask('GET', '/account');
    const viewer = await signIn({ user, organisation, role: 'viewer' });
    const { body } = await viewer.ask('GET', '/account', undefined, at);
    expect(body.member.role).toBe('viewer');
    expect(seen(await viewer.ask('PATCH', '/account', { name: 'Mine' }, at))).toEqual([403, 'insufficient_role']);
    expect(await membersOf(viewer)).toMatchObject([{ role: 'account_admin' }]);
    const developer = await signIn({ user, organisation, role: 'developer' });
    const { body: key } = await expectDone(developer.ask('POST', '/api-keys', { environment: 'live' }, at));
    expect(key.role).toBe('developer');
    expect(await membersOf(developer)).toMatchObject([{ role: 'account_admin' }]);
  });

  it('changes nobody who was invited or added, nor anybody in an account of their own', async () => {
    const one = await team();
    const [added, invited, alone] = [fresh('added'), fresh('invited'), fresh('alone')];
    const email = `${invited}@example.com`;
    await expectDone(read(cluster.admin('POST', `/accounts/${one.account}/members`, { user: added, role: 'viewer' })));
    await expectDone(one.boss.ask('POST', '/members', { email, role: 'viewer' }));
    const { organisation, account } = one;
    for (const role of ['account_admin', null]) {
      for (const user of [added, invited]) {
        const guest = await signIn({ user, email, organisation, role }, later());
        const { body } = await guest.ask('GET', '/account', undefined, { ...at, account });
        expect([user, body.id, body.member.role]).toEqual([user, account, 'viewer']);
      }
      const own = await (await signIn({ user: alone, role: 'viewer' }, later())).ask('GET', '/account', undefined, at);
      expect(own.body.member.role).toBe('account_admin');
    }
  });

  it('counts in the account of its organisation only, and not where its user is a guest', async () => {
    const one = await team();
    const user = fresh('guest');
    await expectDone(read(cluster.admin('POST', `/accounts/${one.account}/members`, { user, role: 'viewer' })));
    const guest = await signIn({ user, organisation: fresh('org'), role: 'account_admin' });
    const { body } = await guest.ask('GET', '/account', undefined, { ...at, account: one.account });
    expect(body).toMatchObject({ id: one.account, member: { role: 'viewer' } });
  });
});

describe('the members of an account', () => {
  it('are listed with who is invited, to every member, page by page', async () => {
    const one = await team();
    const ada = await mate(one);
    const { body: invitation } = await expectDone(one.boss.ask('POST', '/members', { email: 'New@Example.com' }));
    expect(invitation).toMatchObject({ email: 'new@example.com', role: 'developer', status: 'invited' });
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body }: Reply = await ada.ask('GET', `/members?limit=1${cursor && `&cursor=${cursor}`}`);
      ids.push(...body.members.map(({ id }: Json) => id));
      cursor = body.next_cursor;
    }
    expect(ids.sort()).toEqual([one.bossId, ada.id, invitation.id].sort());
  });

  it('give no role above their own, and neither change nor remove who stands above them', async () => {
    const one = await team();
    const ada = await mate(one);
    for (const [method, path, body] of [
      ['POST', '/members', { email: 'a@example.com' }],
      ['PATCH', `/members/${one.bossId}`, { role: 'viewer' }],
      ['DELETE', `/members/${one.bossId}`, undefined],
    ] as const) {
      expect(seen(await ada.ask(method, path, body))).toEqual([403, 'insufficient_role']);
    }
    expect(seen(await one.boss.ask('PATCH', `/members/${ada.id}`, { role: 'trial' }))).toEqual([
      403,
      'insufficient_role',
    ]);
    expect(seen(await one.boss.ask('PATCH', `/members/${ada.id}`, { role: 'king' }))).toEqual([400, 'request_invalid']);
  });

  it('of another account are not there', async () => {
    const [one, two] = [await team(), await team()];
    const { id: invited } = (await two.boss.ask('POST', '/members', { email: 'a@example.com' })).body;
    for (const id of [two.bossId, invited, 'mem_none', 'inv_none']) {
      expect(seen(await one.boss.ask('PATCH', `/members/${id}`, { role: 'viewer' }))).toEqual([404, 'not_found']);
      expect(seen(await one.boss.ask('DELETE', `/members/${id}`))).toEqual([404, 'not_found']);
    }
    expect((await membersOf(two.boss)).length).toBe(2);
  });

  it('may leave whatever their role, with their keys, and cannot leave these behind', async () => {
    const one = await team();
    for (const role of ['viewer', 'developer']) {
      const ada = await mate(one);
      const key = await hotKey(ada);
      if (role === 'viewer') await expectDone(one.boss.ask('PATCH', `/members/${ada.id}`, { role }));
      expect(seen(await ada.ask('DELETE', `/members/${ada.id}?revoke_keys=false`))).toEqual([403, 'insufficient_role']);
      await expectDone(ada.ask('DELETE', `/members/${ada.id}`));
      expect(await everywhere(key)).toEqual([401, 401]);
      expect(seen(await ada.ask('GET', '/account'))).toEqual([403, 'membership_missing']);
    }
  });

  it('the last who administers the account stays, also when two leave from two isolates at once', async () => {
    const one = await team();
    const ada = await mate(one, 'account_admin');
    const replies = await Promise.all([
      one.boss.ask('DELETE', `/members/${one.bossId}`, undefined, { isolate: 0 }),
      ada.ask('DELETE', `/members/${ada.id}`, undefined, { isolate: 1 }),
    ]);
    expect(replies.map(({ status: code }) => code).sort()).toEqual([200, 409]);
    const left = replies[0]?.status === 409 ? one.boss : ada;
    const id = replies[0]?.status === 409 ? one.bossId : ada.id;
    expect(seen(await left.ask('DELETE', `/members/${id}`))).toEqual([409, 'conflict']);
    expect(seen(await left.ask('PATCH', `/members/${id}`, { role: 'developer' }))).toEqual([409, 'conflict']);
    expect(await status(cluster.admin('DELETE', `/accounts/${one.account}/members/${id}`))).toBe(409);
  });

  it('stand in the trail by their ids, with neither address nor name of the issuer', async () => {
    const one = await team();
    const user = fresh('ada');
    const email = `${user}@example.com`;
    await expectDone(one.boss.ask('POST', '/members', { email }));
    const ada = await signIn({ user, email });
    const { id } = (await ada.ask('GET', '/account', undefined, { account: one.account })).body.member;
    await expectDone(one.boss.ask('PATCH', `/members/${id}`, { role: 'viewer' }));
    await expectDone(one.boss.ask('DELETE', `/members/${id}`));
    const entries = await trail(one.account, 'member.');
    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['member.removed', `member:${one.bossId}`],
      ['member.role_changed', `member:${one.bossId}`],
      ['member.joined', `member:${id}`],
      ['member.invited', `member:${one.bossId}`],
      ['member.joined', `member:${one.bossId}`],
    ]);
    expect(JSON.stringify(await trail(one.account))).not.toMatch(new RegExp(`${user}|boss_|example\\.com`));
  });
});

describe('wevion: what happens when a key’s user is removed', () => {
  it('with its keys revoked: no isolate admits any of them once the removal has answered', async () => {
    const one = await team();
    const ada = await mate(one);
    const keys = [await hotKey(ada), await hotKey(ada)];
    const bossKey = await hotKey(one.boss);
    const { body } = await expectDone(one.boss.ask('DELETE', `/members/${ada.id}?revoke_keys=true`));
    expect(body).toMatchObject({ keys: 'revoked', key_count: 2, pending: [] });
    for (const key of keys) expect(await everywhere(key)).toEqual([401, 401]);
    expect(await everywhere(bossKey)).toEqual([200, 200]);
  });

  it('with its keys kept, which the policy decides: they go on, and it is told', async () => {
    const one = await team();
    const ada = await mate(one);
    const key = await hotKey(ada);
    const { body } = await expectDone(one.boss.ask('DELETE', `/members/${ada.id}`, undefined, { isolate: CLAIMED }));
    expect(body).toMatchObject({ keys: 'kept', key_count: 1 });
    expect(await everywhere(key)).toEqual([200, 200]);
    const [entry] = await trail(one.account, 'member.removed');
    expect(entry.after).toEqual({ member: ada.id, keys: 'kept', count: 1 });
  });

  it('the default of this policy is to revoke them: a key never silently outlives its owner', async () => {
    const one = await team();
    const ada = await mate(one);
    const key = await hotKey(ada);
    await expectDone(one.boss.ask('DELETE', `/members/${ada.id}`));
    expect(await everywhere(key)).toEqual([401, 401]);
  });
});

describe('wevion: a key carries the same permissions as the user who created it', () => {
  it('a role change acts on all keys of the member at once, in every isolate, in both directions', async () => {
    const one = await team();
    const ada = await mate(one);
    const keys = [await hotKey(ada), await hotKey(ada)];
    for (const [role, code] of [
      ['viewer', 403],
      ['account_admin', 200],
      ['viewer', 403],
    ] as const) {
      const at = { isolate: CLAIMED };
      await expectDone(one.boss.ask('PATCH', `/members/${ada.id}`, { role }, at));
      for (const key of keys) expect(await everywhere(key, 'POST')).toEqual([code, code]);
    }
  });
});

describe('wavis: roles', () => {
  it.each([
    ['viewer', [200, 403, 403]],
    ['developer', [200, 200, 403]],
    ['account_admin', [200, 200, 200]],
  ] as const)('a key of the role %s reads, writes and bills as documented', async (role, codes) => {
    const { boss } = await team();
    const { key } = await hotKey(boss, { role });
    const seenBy = [await call(key, 'GET', '/v1/models'), await call(key, 'POST', '/v1/jobs')];
    expect([...seenBy, await call(key, 'GET', '/api/v1/invoices/1')]).toEqual(codes);
  });

  it('a role that is lowered lowers the keys above it, and leaves those within it as they are', async () => {
    const one = await team();
    const ada = await mate(one, 'account_admin');
    const [high, low] = [await hotKey(ada, { role: 'account_admin' }), await hotKey(ada, { role: 'viewer' })];
    const { body } = await expectDone(one.boss.ask('PATCH', `/members/${ada.id}`, { role: 'developer' }));
    expect(body).toMatchObject({ role: 'developer', keys_changed: 1 });
    expect(await everywhere(high, 'GET', '/api/v1/invoices/1')).toEqual([403, 403]);
    expect(await everywhere(high, 'POST')).toEqual([200, 200]);
    expect(await everywhere(low, 'POST')).toEqual([403, 403]);
  });
});
