import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERIFY_ROUTE } from '../../../src/control/doors/routes.ts';
import { LEAK_ROUTES } from '../../../src/control/leaks/routes.ts';
import type { Described } from '../../../src/control/openapi/section.ts';
import { OWN_KEY, OWN_KEY_ROUTES, REVOKE } from '../../../src/control/own-key-routes.ts';
import { ADMIN_ROUTES } from '../../../src/control/routes.ts';
import { KEYS_ALIAS, LOGOUT, USER, USER_ROUTES } from '../../../src/control/user-routes.ts';
import type { DenialReason } from '../../../src/decision/denial.ts';
import { trialRoutes } from '../../../src/onboarding/trial-routes.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import { ADMIN_TOKEN, type Cluster, READ_TOKEN, startCluster } from '../../support/cluster.ts';
import { type Github, startGithub } from '../../support/github.ts';
import { type Issuer, startIssuer } from '../../support/issuer.ts';
import { unissuedKey } from '../../support/keys.ts';
import {
  ALLOWED,
  bearer,
  type Case,
  caseOf,
  freshAddress,
  memberOf,
  type Person,
  personOf,
  said,
  surprises,
  type Wrong,
  wrongMethod,
  wrongSessions,
} from '../../support/matrix.ts';
import { operate } from '../../support/members.ts';
import { callOf, prepare, type Things } from '../../support/operations.ts';

/*
 * Who may do what: every route of the tables by every role, with its own things and with those of others, and with
 * everything that is no right of it. A route without a row here fails, and so does a row without a route.
 */

const ROLES = ['viewer', 'developer', 'account_admin', 'trial', 'mediabuyer'] as const;
type Role = (typeof ROLES)[number];

const MAKERS: readonly Role[] = ['developer', 'account_admin', 'mediabuyer'];
const KEEPERS: readonly Role[] = ['developer', 'account_admin', 'trial'];
const READERS: readonly Role[] = ['viewer', ...KEEPERS];
/** Who may let events be sent somewhere: no trial. */
const TELLERS: readonly Role[] = ['developer', 'account_admin'];

/** Which members may call a customers' route. */
const MEMBERS: Readonly<Record<string, readonly Role[]>> = {
  showOwnAccount: ROLES,
  updateOwnAccount: ['account_admin'],
  showUsage: ROLES,
  showLogs: READERS,
  showKeyUsage: ROLES,
  showKeyLogs: READERS,
  listMembers: READERS,
  inviteMember: ['account_admin'],
  changeMember: ['account_admin'],
  removeMember: ['account_admin'],
  listKeys: ROLES,
  createKey: MAKERS,
  showKey: ROLES,
  updateKey: KEEPERS,
  removeKey: KEEPERS,
  deactivateKey: KEEPERS,
  activateKey: [...KEEPERS, 'mediabuyer'],
  showOwnAudit: READERS,
  rotateKey: [...KEEPERS, 'mediabuyer'],
  listWebhooks: ['viewer', ...TELLERS],
  createWebhook: TELLERS,
  showWebhook: ['viewer', ...TELLERS],
  updateWebhook: TELLERS,
  deleteWebhook: TELLERS,
  rotateWebhookSecret: TELLERS,
  testWebhook: TELLERS,
  listDeliveries: ['viewer', ...TELLERS],
  showDelivery: ['viewer', ...TELLERS],
  resendDelivery: TELLERS,
  signOut: ROLES,
};

/** Which keys may call a route of keys. */
const KEYS: Readonly<Record<string, readonly Role[]>> = {
  showOwnKey: ROLES,
  showOwnKeyUsage: ROLES,
  rotateOwnKey: KEEPERS,
  revokeOwnKey: ROLES,
};

/** Which operators' routes take a token that only reads. */
const OPERATORS: Readonly<Record<string, 'reads' | 'writes'>> = {
  createAccount: 'writes',
  listAccounts: 'reads',
  showAccount: 'reads',
  updateAccount: 'writes',
  suspendAccount: 'writes',
  resumeAccount: 'writes',
  closeAccount: 'writes',
  exportAccount: 'reads',
  eraseAccount: 'writes',
  showAccountLimits: 'reads',
  listAccountMembers: 'reads',
  letMemberIn: 'writes',
  changeAccountMember: 'writes',
  removeAccountMember: 'writes',
  exportMember: 'reads',
  eraseMember: 'writes',
  createAccountKey: 'writes',
  searchKeys: 'reads',
  revokeKeys: 'writes',
  lookUpKey: 'writes',
  showAnyKey: 'reads',
  updateAnyKey: 'writes',
  removeAnyKey: 'writes',
  revokeAnyKey: 'writes',
  deactivateAnyKey: 'writes',
  activateAnyKey: 'writes',
  rotateAnyKey: 'writes',
  importKeys: 'writes',
  showImport: 'reads',
  showCredits: 'reads',
  grantCredits: 'writes',
  showAccountLogs: 'reads',
  showAccountUsage: 'reads',
  showLockout: 'reads',
  liftLockout: 'writes',
  showStatus: 'reads',
  showMetrics: 'reads',
  reconcile: 'writes',
  showAudit: 'reads',
  listLeaks: 'reads',
  listOperatorWebhooks: 'reads',
  createOperatorWebhook: 'writes',
  showOperatorWebhook: 'reads',
  updateOperatorWebhook: 'writes',
  deleteOperatorWebhook: 'writes',
  rotateOperatorWebhookSecret: 'writes',
  testOperatorWebhook: 'writes',
  listOperatorDeliveries: 'reads',
  showOperatorDelivery: 'reads',
  resendOperatorDelivery: 'writes',
};

/** What is for service keys alone. */
const SERVICES = ['verifyKey'];

const ANYONE = ['mintTrialKey', 'revokeTrialKey'];

/** What is for who signs reports alone. */
const REPORTERS = ['reportLeaks'];

/**
 * What comes of an id in the input that is of another account, asked by who manages all keys of theirs; and of one that
 * is another member's, asked by who manages only their own. What is allowed tells nothing of it.
 */
const NAMED: Readonly<Record<string, readonly ['not_found' | null, 'role_forbidden' | null]>> = {
  'showUsage.key': ['not_found', 'role_forbidden'],
  'showLogs.key': ['not_found', 'role_forbidden'],
  'showKeyUsage.key': [null, null],
  'showKeyLogs.key': [null, null],
  'listKeys.creator': [null, 'role_forbidden'],
  'createKey.copy_from': ['not_found', 'role_forbidden'],
  'showOwnAudit.key': [null, null],
  'showOwnAudit.actor': [null, null],
};
/** The beginning of a secret that answers may show: `ks_live_` and six characters. */
const SHOWN = 14;
const NAMES = ['key', 'creator', 'copy_from', 'actor', 'account', 'member'];

/** What is sent in place of an example that is for one role only, or can be done but once. */
const INPUT: Readonly<Record<string, object>> = { createKey: { environment: 'live' }, removeKey: {} };

const ADMIN = '/admin/v1';
const DEFAULT = loadPolicy(undefined);
const TRIAL_ROUTES = DEFAULT.ok ? trialRoutes(DEFAULT.policy) : [];
const MEMBER_ROUTES: readonly Described[] = [...USER_ROUTES, LOGOUT];
/** Which of what is refused at any place of a route is asked at the second one too. */
const AT_ALIAS = ['no session', 'an unsigned session', 'an API key', 'another account by name', 'another method'];
/** Where the second isolate has its control routes. */
const MOVED = '/moved';
const policyOf = (issuer: Issuer, github: Github) => ({
  leaks: { github: { keys_url: github.keysUrl } },
  session: issuer.policy,
  members: { join: 'invitation' },
  webhooks: { allow_local: true },
  caps: { creations_per_user_per_hour: null },
  roles: {
    mediabuyer: {
      allow: [
        { paths: ['/v1/campaigns/**'] },
        { methods: ['GET', 'HEAD', 'POST'], paths: ['/api/v1/user/api-keys/**'] },
        { methods: ['GET', 'HEAD'], paths: ['/api/v1/user/account', '/api/v1/user/usage', '/api/v1/keys/apikey/**'] },
      ],
      deny: [{ paths: ['/api/v1/user/api-keys/*/logs', '/api/v1/user/api-keys/*/deactivate'] }],
      mints: ['live'],
    },
    caller: { allow: [{ paths: ['/v1/**'] }], mints: ['live'] },
    keyless: { allow: [{ paths: ['/**'] }], deny: [{ paths: ['/api/v1/user/api-keys/**'] }], mints: ['live'] },
    misled: { allow: [{ paths: ['/moved/**', '/api/v1/api-keys/**'] }], mints: ['live'] },
  },
});

let issuer: Issuer;
let stranger: Issuer;
let github: Github;
let cluster: Cluster;
/** The members of one account, by role, and one more of it. */
let ours: Readonly<Record<string, Person>>;
let colleague: Person;
/** Keys of the one account that nothing here changes, by role, and a trial key. */
let keys: Readonly<Record<string, string>>;
let trial: string;
/** The admin of another account, and what is theirs. */
let theirs: Person;
let theirThings: Things;
/** What no answer to anyone of the one account may tell. */
let hidden: readonly string[];
let before: readonly string[];
/** What is no session of a member, and no key. */
let noSessions: readonly Wrong[];
let noKeys: readonly Wrong[];

const person = (role: string): Person => {
  const found = ours[role];
  if (found === undefined) throw new Error(`nobody has the role ${role}`);
  return found;
};
const keyOf = (role: string) => keys[role] ?? '';
const thingsOf = ({ account, member, key }: Person): Things => ({ account, member, key });
const seesAll = (role: string) => role === 'account_admin';
/** The methods of a path, as `Allow` names them. */
const methodsOf = (routes: readonly Described[], path: string) =>
  routes.filter((each) => each.path === path).flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
const byId = <T extends Described>(routes: readonly T[]) => routes.map((route) => [route.about.id, route] as const);
const expectNone = async (cases: readonly Case[]) => expect(await surprises(cluster, cases)).toEqual({});
const atAlias = (path: string) => path.replace(`${USER}/api-keys`, KEYS_ALIAS);

/** All that changes there is in its trail, also what is done to keys. */
const theirState = () =>
  Promise.all(
    ['/accounts/:id', '/accounts/:id/members', '/audit?account=:id'].map(
      async (path) => (await operate(cluster, 'GET', path.replace(':id', theirs.account))).text,
    ),
  );

beforeAll(async () => {
  [issuer, stranger, github] = await Promise.all([startIssuer(), startIssuer(), startGithub()]);
  const policies = { 1: { control: { base_path: MOVED } } };
  cluster = await startCluster({ isolates: 2, policy: policyOf(issuer, github), policies });
  const [one, other] = await Promise.all([cluster.account('One'), cluster.account('Other')]);
  const roles = [...ROLES, 'caller', 'keyless', 'misled'];
  const [people, issued, another, owner] = await Promise.all([
    Promise.all(roles.map((role) => personOf(cluster, issuer, one, role))),
    Promise.all(roles.map(async (role) => [role, (await cluster.issue(one, { role })).key] as const)),
    personOf(cluster, issuer, one, 'developer', 'colleague'),
    personOf(cluster, issuer, other, 'account_admin'),
  ]);
  ours = Object.fromEntries(people.map((each) => [each.role, each]));
  keys = Object.fromEntries(issued);
  [colleague, theirs] = [another, owner];
  trial = (await prepare(cluster, 'revokeTrialKey', thingsOf(colleague))).trial ?? '';
  theirThings = await prepare(cluster, 'showWebhook', thingsOf(theirs));
  const { id: webhook = '' } = theirThings.webhook ?? {};
  hidden = [theirs.account, theirs.member, theirs.key.id, theirs.key.prefix, theirs.doomed.id, webhook];
  await cluster.call(theirs.key.key);
  before = await theirState();

  const { user, session } = person('account_admin');
  const key = keyOf('account_admin');
  const wrong = await wrongSessions(cluster, issuer, stranger, user);
  noSessions = [
    ...wrong,
    ['no session', {}, 'session_missing'],
    ['a session as that of Access', { 'cf-access-jwt-assertion': session.authorization ?? '' }, 'session_missing'],
    ['an API key', bearer(key), 'session_invalid'],
    ['an API key in its header', { 'x-api-key': key }, 'session_invalid'],
    ['an admin token', bearer(ADMIN_TOKEN), 'session_invalid'],
    ['a session of no member', bearer(await issuer.token({ user: 'nobody' })), 'membership_missing'],
  ];
  noKeys = [
    ...wrong.map(([name, headers]) => [name, headers, 'malformed'] as const),
    ['a session', session, 'malformed'],
    ['a session beside a key', { ...session, 'x-api-key': key }, 'malformed'],
    ['an admin token', bearer(ADMIN_TOKEN), 'malformed'],
    ['a key that nobody has issued', bearer(unissuedKey()), 'unknown'],
    ['no key', {}, 'missing_credential'],
  ];
});
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([issuer?.close(), stranger?.close(), github?.close()]);
});

describe('every route has its row, and every row its route:', () => {
  const idsOf = (routes: readonly Described[]) => routes.map(({ about }) => about.id).sort();

  test.each<[string, readonly Described[], readonly string[]]>([
    ['customers', MEMBER_ROUTES, Object.keys(MEMBERS)],
    ['keys', OWN_KEY_ROUTES, Object.keys(KEYS)],
    ['services', [VERIFY_ROUTE], SERVICES],
    ['operators', ADMIN_ROUTES, Object.keys(OPERATORS)],
    ['anyone', TRIAL_ROUTES, ANYONE],
    ['reporters', LEAK_ROUTES, REPORTERS],
  ])('%s', (_, routes, rows) => expect([...rows].sort()).toEqual(idsOf(routes)));

  test('ids in inputs', () => {
    const fields = USER_ROUTES.flatMap(({ about, input }) =>
      Object.keys('shape' in input ? (input.shape as object) : {}).map((field) => [about.id, field] as const),
    );
    const named = fields.filter(([, field]) => NAMES.includes(field)).map((path) => path.join('.'));
    expect(Object.keys(NAMED).sort()).toEqual(named.sort());
  });
});

describe('the customers’ route', () => {
  test.each(byId(MEMBER_ROUTES))('%s', async (id, route) => {
    const { path, method } = route;
    const isOfKeys = path.startsWith('/api-keys');
    const spare = path.startsWith('/members/') ? await memberOf(cluster, colleague.account, `spare for ${id}`) : null;
    const keyFor = ({ key, doomed }: Person) => (id === 'removeKey' ? doomed : key);
    const things = (of: Person): Things => ({
      ...thingsOf(of),
      ...(spare !== null && { member: spare }),
      key: keyFor(of),
    });
    const call = (of: Things) => callOf({ base: USER, route }, of, INPUT[id]);

    const casesOf = async (role: Role): Promise<Case[]> => {
      const who = person(role);
      const session = route === LOGOUT ? bearer(await issuer.token({ user: who.user })) : who.session;
      const may = MEMBERS[id]?.includes(role) === true;
      const orForbidden = (otherwise: string) => (may ? otherwise : said('role_forbidden'));
      const own = call(await prepare(cluster, id, things(who)));
      const cases = [caseOf('own account', own, orForbidden(ALLOWED), session)];
      if (method === 'GET') cases.push(caseOf('HEAD', own, orForbidden(ALLOWED), session, { method: 'HEAD' }));
      if (path.includes('/:id')) {
        cases.push(caseOf('ids of another account', call(theirThings), orForbidden(said('not_found')), session));
      }
      if (isOfKeys && path.includes('/:id')) {
        const others = seesAll(role) ? orForbidden(ALLOWED) : said('role_forbidden');
        cases.push(caseOf('a key of another member', call(things(colleague)), others, session));
      }
      const unseen = seesAll(role) ? hidden : [...hidden, colleague.key.id, colleague.doomed.id];
      return cases.map((each) => ({ ...each, name: `${role}, ${each.name}`, hidden: unseen }));
    };
    const members = (await Promise.all(ROLES.map(casesOf))).flat();
    await expectNone(members);
    const again = (cases: readonly Case[]) => cases.map((each) => ({ ...each, path: atAlias(each.path) }));
    if (isOfKeys) await expectNone(again(members.filter(({ send }) => send.method !== 'HEAD')));

    const own = call(await prepare(cluster, id, things(person('account_admin'))));
    const methods = methodsOf(MEMBER_ROUTES, path);
    const isOpen = route === LOGOUT;
    const address = freshAddress();
    const others = noSessions.map(([name, headers, reason]) =>
      caseOf(name, own, isOpen && reason === 'membership_missing' ? ALLOWED : said(reason), headers, { address }),
    );
    const { session } = person('account_admin');
    const named = { ...session, 'x-keystile-account': theirs.account };
    others.push(caseOf('another method', own, wrongMethod(methods), session, { method: 'PUT' }));
    if (!methods.includes('GET')) others.push(caseOf('HEAD', own, wrongMethod(methods), session, { method: 'HEAD' }));
    if (!isOpen) others.push(caseOf('another account by name', own, said('not_found'), named));
    const repeated = isOfKeys ? again(others.filter(({ name }) => AT_ALIAS.includes(name))) : [];
    await expectNone([...others, ...repeated]);
  });

  test.each(Object.entries(NAMED))('that takes %s tells nothing of others by it', async (name, [foreign, others]) => {
    const [id = '', field = ''] = name.split('.');
    const route = USER_ROUTES.find(({ about }) => about.id === id) as Described;
    const naming = (who: Person, of: Person, refusal: DenialReason | null): Case => {
      const value = { creator: of.member, actor: `member:${of.member}` }[field] ?? of.key.id;
      const call = callOf({ base: USER, route }, thingsOf(who), { ...INPUT[id], [field]: value });
      const want = refusal === null ? ALLOWED : said(refusal);
      // The id may be told back, as the one that was asked about; what it is the id of may not.
      return {
        ...caseOf(`${who.role} of ${of.user}`, call, want, who.session),
        hidden: [of.key.id, of.key.prefix, of.doomed.id],
      };
    };
    const developer = person('developer');
    await expectNone([
      naming(person('account_admin'), theirs, foreign),
      naming(developer, theirs, foreign ?? others),
      naming(developer, colleague, others),
    ]);
  });
});

describe('a key itself', () => {
  test.each(byId(OWN_KEY_ROUTES))('%s', async (id, route) => {
    const call = callOf({ base: OWN_KEY, route }, thingsOf(colleague));
    const how = { address: freshAddress() };
    // What ends a key gets one of its own.
    const ends = id === 'revokeOwnKey';
    const keyFor = async (role: string) =>
      ends ? (await cluster.issue(colleague.account, { role })).key : keyOf(role);
    const used = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await keyFor(role)] as const)));
    const trialKey = ends ? (await prepare(cluster, 'revokeTrialKey', thingsOf(colleague))).trial : trial;
    const cases = ROLES.flatMap((role) => {
      const want = KEYS[id]?.includes(role) ? ALLOWED : said('role_forbidden');
      const others = ROLES.filter((other) => other !== role).map((other) => keyOf(other).slice(0, SHOWN));
      const own = { ...caseOf(role, call, want, bearer(used[role] ?? '')), hidden: [...others, ...hidden] };
      return route.method === 'GET' ? [own, { ...own, send: { ...own.send, method: 'HEAD' } }] : [own];
    });
    const another = wrongMethod(methodsOf(OWN_KEY_ROUTES, route.path));
    await expectNone([
      ...cases,
      ...noKeys.map(([name, headers, reason]) => caseOf(name, call, said(reason), headers, how)),
      caseOf('a trial key', call, id === 'rotateOwnKey' ? said('trial_rotation') : ALLOWED, bearer(trialKey ?? '')),
      caseOf('another method', call, another, bearer(keyOf('developer')), { method: 'PUT' }),
    ]);
  });

  test('alone opens the gateway, and no session does', async () => {
    const call = { path: '/v1/models', send: { address: freshAddress() } };
    const arrived = cluster.origin.received.length;
    await expectNone(noKeys.map(([name, headers, reason]) => caseOf(name, call, said(reason), headers)));
    expect(cluster.origin.received.length).toBe(arrived);
    expect((await cluster.call(keyOf('developer'))).status).toBe(200);
  });
});

describe('the services’ route', () => {
  test('is for service keys alone', async () => {
    const call = callOf({ base: '', route: VERIFY_ROUTE }, thingsOf(colleague));
    const { key } = await cluster.issue(colleague.account, { role: 'service' });
    const how = { address: freshAddress() };
    await expectNone([
      caseOf('service', call, ALLOWED, bearer(key)),
      ...ROLES.map((role) => caseOf(role, call, said('role_forbidden'), bearer(keyOf(role)))),
      ...noKeys.map(([name, headers, reason]) => caseOf(name, call, said(reason), headers, how)),
      caseOf('a trial key', call, said('role_forbidden'), bearer(trial)),
      caseOf('another method', call, wrongMethod(['POST']), bearer(key), { method: 'PUT' }),
    ]);
  });

  test('is open to nobody who has signed in: no role gives a service key', async () => {
    const input = { environment: 'live', role: 'service' };
    const made = { path: `${USER}/api-keys`, send: { method: 'POST', body: JSON.stringify(input) } };
    const { key } = person('account_admin');
    const changed = { path: `${USER}/api-keys/${key.id}`, send: { method: 'PATCH', body: '{"role":"service"}' } };
    const service = await cluster.issue(person('account_admin').account, { role: 'service' });
    const rotated = { path: `${USER}/api-keys/${service.id}/rotate`, send: { method: 'POST', body: '{}' } };
    const copied = {
      ...made,
      send: { ...made.send, body: JSON.stringify({ ...input, role: undefined, copy_from: service.id }) },
    };
    await expectNone(
      MAKERS.filter((role) => role !== 'mediabuyer').flatMap((role) => {
        const session = { ...person(role).session, 'content-type': 'application/json' };
        return [
          caseOf(`${role} makes one`, made, said('role_forbidden'), session),
          caseOf(`${role} makes one of it`, copied, said('role_forbidden'), session),
          caseOf(`${role} gives the role`, changed, said('role_forbidden'), session),
          caseOf(`${role} takes the secret`, rotated, said('role_forbidden'), session),
        ];
      }),
    );
    expect((await operate(cluster, 'GET', `/keys/${key.id}`)).body.role).not.toBe('service');
  });
});

describe('the reporters’ route', () => {
  test.each(byId(LEAK_ROUTES))('%s', async (_, route) => {
    const call = callOf({ base: '', route }, thingsOf(colleague));
    const sent = github.sign(call.send.body ?? '');
    const callers: readonly Wrong[] = [
      ...noKeys,
      ['an API key', bearer(keyOf('account_admin')), 'signature_invalid'],
      ['a session', person('account_admin').session, 'signature_invalid'],
      ['an admin token', bearer(ADMIN_TOKEN), 'signature_invalid'],
      ['the signature of another body', github.sign('[]'), 'signature_invalid'],
    ];
    await expectNone([
      caseOf('who signs it', call, ALLOWED, sent),
      ...callers.map(([name, headers]) => caseOf(name, call, said('signature_invalid'), headers)),
      caseOf('another method', call, wrongMethod(['POST']), sent, { method: 'PUT' }),
    ]);
  });
});

describe('the operators’ route', () => {
  const fresh = async (id: string): Promise<Things> => {
    const account = await cluster.account(`For ${id}`);
    const [member, key] = await Promise.all([memberOf(cluster, account, `member for ${id}`), cluster.issue(account)]);
    return prepare(cluster, id, { account, member, key });
  };

  test.each(byId(ADMIN_ROUTES))('%s', async (id, route) => {
    const { path, method } = route;
    const reads = OPERATORS[id] === 'reads';
    const call = (of: Things) => callOf({ base: ADMIN, route }, of);
    const own = call(
      !reads && path.includes('/:id') ? await fresh(id) : await prepare(cluster, id, thingsOf(colleague)),
    );
    const how = { address: freshAddress() };
    const noWrite = reads ? ALLOWED : said('admin_forbidden');
    const cases = [
      caseOf('who may all', own, ALLOWED, bearer(ADMIN_TOKEN)),
      caseOf('who may read', own, noWrite, bearer(READ_TOKEN)),
      caseOf('no token', own, said('admin_missing')),
      caseOf('a session', own, said('admin_invalid'), person('account_admin').session, how),
      caseOf('a session as that of Access', own, said('admin_missing'), { 'cf-access-jwt-assertion': 'e30.e30.' }),
      caseOf('an API key', own, said('admin_invalid'), bearer(keyOf('account_admin')), how),
      caseOf('a token that is none', own, said('admin_invalid'), bearer(`${ADMIN_TOKEN}0`), how),
      caseOf('another method', own, wrongMethod(methodsOf(ADMIN_ROUTES, path)), bearer(ADMIN_TOKEN), { method: 'PUT' }),
      caseOf('another method without a token', own, said('admin_missing'), {}, { method: 'PUT' }),
    ];
    if (method === 'GET') cases.push(caseOf('HEAD', own, ALLOWED, bearer(READ_TOKEN), { method: 'HEAD' }));
    if (path.includes('/:member')) {
      const mixed = call({ ...thingsOf(colleague), member: theirs.member });
      cases.push(caseOf('a member of another account', mixed, said('not_found'), bearer(ADMIN_TOKEN)));
    }
    await expectNone(cases);
  });
});

describe('anyone’s route', () => {
  test.each(byId(TRIAL_ROUTES))('%s', async (id, route) => {
    const things = await prepare(cluster, 'revokeTrialKey', thingsOf(colleague));
    const call = callOf({ base: '', route }, things);
    const callers: readonly Wrong[] = [
      ...noKeys,
      ['an API key', bearer(keyOf('account_admin')), 'not_found'],
      ['another trial key', bearer(trial), 'not_found'],
    ];
    const cases = callers.map(([name, headers, reason]) =>
      caseOf(name, call, id === 'mintTrialKey' ? ALLOWED : said(reason), headers, { address: freshAddress() }),
    );
    cases.push(caseOf('the trial key', call, ALLOWED, bearer(things.trial ?? ''), { address: freshAddress() }));
    const another = wrongMethod(methodsOf(TRIAL_ROUTES, route.path));
    await expectNone([...cases, caseOf('another method', call, another, {}, { method: 'PUT' })]);
  });
});

describe('the patterns of roles', () => {
  /** What keys may by their roles: all but to end themselves, which every key may. */
  const byRole = OWN_KEY_ROUTES.filter(({ path }) => path !== REVOKE);
  /** Every route of members and of keys, at each of its places, as a role meets it. */
  const casesOf = (
    role: string,
    want: (operation: string) => string,
    places: readonly ((path: string) => string)[],
  ) => {
    const who = person(role);
    return [...USER_ROUTES, ...byRole].flatMap((route) => {
      const isOwn = byRole.some((each) => each === route);
      const call = callOf({ base: isOwn ? OWN_KEY : USER, route }, theirThings, INPUT[route.about.id]);
      const headers = isOwn ? bearer(keyOf(role)) : who.session;
      return [...new Set(places.map((place) => place(call.path)))].map((path) =>
        caseOf(`${role}, ${route.about.id} at ${path}`, { ...call, path }, want(route.about.id), headers),
      );
    });
  };
  const forbidden = () => said('role_forbidden');
  const same = (path: string) => path;
  const moved = (path: string) => MOVED + path;
  const each = (cases: readonly Case[], isolate: number) => cases.map((one) => ({ ...one, isolate }));

  test('that name only paths of an upstream open no control route', async () => {
    expect((await cluster.call(keyOf('caller'))).status).toBe(200);
    await expectNone(casesOf('caller', forbidden, [same, atAlias]));
  });

  test('that refuse the routes of keys refuse them at both places, and nothing else', async () => {
    const cases = casesOf('keyless', forbidden, [same, atAlias]).filter(({ path }) => /\/api-keys\b/.test(path));
    expect(cases.some(({ path }) => path.startsWith(KEYS_ALIAS))).toBe(true);
    const account = callOf({ base: USER, route: USER_ROUTES[0] as Described }, thingsOf(theirs));
    await expectNone([...cases, caseOf('account', account, ALLOWED, person('keyless').session)]);
  });

  test('do not name the second place of the routes of keys, nor control.base_path', async () => {
    const cases = casesOf('misled', forbidden, [same, atAlias]);
    await expectNone([...cases, ...each(casesOf('misled', forbidden, [moved]), 1)]);
  });

  test('hold where control.base_path moves the routes', async () => {
    const ids = new Map(
      [...USER_ROUTES, ...OWN_KEY_ROUTES].map(({ about, path }) => [about.id, path.includes('/:id')]),
    );
    const cases = (['viewer', 'mediabuyer'] as const).flatMap((role) => {
      const may = (id: string) => ({ ...MEMBERS, ...KEYS })[id]?.includes(role) === true;
      const want = (id: string) => (!may(id) ? forbidden() : ids.get(id) ? said('not_found') : ALLOWED);
      return casesOf(role, want, [moved, (path) => moved(atAlias(path))]);
    });
    const call = { path: `${USER}/account`, send: { address: freshAddress() } };
    // What stood there is the upstream's now, and a session is no key.
    const left = caseOf('where they were', call, said('malformed'), person('viewer').session);
    await expectNone(each([...cases, left], 1));
  });
});

test('of the other account nothing was changed', async () => expect(await theirState()).toEqual(before));
