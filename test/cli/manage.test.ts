import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, type Cluster, type IssuedKey, READ_TOKEN, startCluster } from '../support/cluster.ts';
import { buildCommandLine, type CommandLine } from '../support/command-line.ts';
import { type Edge, startEdge } from '../support/edge.ts';
import { type Issuer, startIssuer } from '../support/issuer.ts';
import { malformedKey, unissuedKey } from '../support/keys.ts';

/*
 * The command line as it is built, against a gateway: each command as an operator, with a session and with a key.
 */

let issuer: Issuer;
let cluster: Cluster;
let edge: Edge;
let cli: CommandLine;
let account: string;
let session: string;
let key: IssuedKey;

type Env = Readonly<Record<string, string>>;
const admin = (): Env => ({ KEYSTILE_BASE_URL: edge.url, KEYSTILE_ADMIN_TOKEN: ADMIN_TOKEN });
const member = (): Env => ({ KEYSTILE_BASE_URL: edge.url, KEYSTILE_TOKEN: session });
const holder = (secret = key.key): Env => ({ KEYSTILE_BASE_URL: edge.url, KEYSTILE_API_KEY: secret });
const all = (): Env => ({ ...admin(), ...member(), ...holder() });

/** Runs a command, and holds that no secret of it comes out where it must not. */
async function run(line: string, env: Env, input?: string) {
  const ran = await cli.run(line.split(' '), { env, ...(input !== undefined && { input }) });
  const secrets = [ADMIN_TOKEN, READ_TOKEN, session, key.key, ...(input === undefined ? [] : [input.trim()])];
  for (const secret of secrets.filter((each) => each !== '')) {
    expect(ran.err).not.toContain(secret);
    expect(ran.out).not.toContain(secret);
    expect(edge.passed.join('\n')).not.toContain(secret);
  }
  return ran;
}

const issue = (fields = {}) => cluster.issue(account, fields);

beforeAll(async () => {
  [issuer, cli] = await Promise.all([startIssuer(), buildCommandLine()]);
  cluster = await startCluster({ policy: { session: issuer.policy } });
  edge = await startEdge(cluster.urls[0] ?? '');
  session = await issuer.token({ user: 'ada' });
  const own = await cluster.send('/api/v1/user/account', { headers: { authorization: `Bearer ${session}` } });
  account = ((await own.json()) as { id: string }).id;
  key = await issue({ label: 'mine' });
});
afterEach(() => {
  edge.instead = null;
});
afterAll(async () => {
  await edge?.stop();
  await cluster?.stop();
  await issuer?.close();
  cli?.remove();
});

describe('whoami', () => {
  test('tells an operator, a session and a key who they are', async () => {
    expect((await run('whoami --json', admin())).json).toMatchObject({ as: 'admin', policy: { preset: 'keystile' } });
    expect((await run('whoami --json', member())).json).toMatchObject({ as: 'session', account: { id: account } });
    expect((await run('whoami --json', holder())).json).toMatchObject({ as: 'key', key: { id: key.id } });
    const { out, exit } = await run('whoami', holder());
    expect([exit, out]).toEqual([0, expect.stringMatching(new RegExp(`^id +${key.id}$`, 'm'))]);
  });

  test('is the first that is configured, and says so, unless --as names another', async () => {
    const ran = await run('whoami --json', all());
    expect([ran.json.as, ran.err]).toEqual([
      'admin',
      'keystile: as admin, by KEYSTILE_ADMIN_TOKEN; --as chooses another\n',
    ]);
    const chosen = await run('whoami --json --as key', all());
    expect([chosen.json.as, chosen.err]).toEqual(['key', '']);
    const { KEYSTILE_ADMIN_TOKEN: _, ...others } = all();
    const second = await run('whoami --json', others);
    expect([second.json.as, second.err]).toEqual(['session', expect.stringContaining('by KEYSTILE_TOKEN')]);
  });

  test('takes a secret from standard input', async () => {
    const ran = await run('whoami --json', { ...holder('-') }, `${key.key}\n`);
    expect([ran.exit, ran.json?.key.id]).toEqual([0, key.id]);
    expect(await run('whoami', holder('-'), '\n')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('was empty'),
    });
  });
});

describe('keys', () => {
  test.each([
    ['an operator', admin, () => `--account ${account}`],
    ['a session', member, () => ''],
  ])('are made, listed, shown, rotated and revoked by %s', async (_, env, of) => {
    const wish = `--environment live --quota daily=100 --quota total=900 --address 192.0.2.0/24 --metadata team=search`;
    const made = await run(`keys create --json ${wish} --rate-limit-per-minute 60 --label ci ${of()}`.trim(), env());
    expect([made.exit, made.err]).toEqual([0, '']);
    expect(made.json).toMatchObject({
      label: 'ci',
      quotas: { daily: 100, total: 900 },
      addresses: ['192.0.2.0/24'],
      metadata: { team: 'search' },
      rate_limit_per_minute: 60,
    });
    expect((await cluster.call(made.json.key)).status).toBe(200);

    const listed = await run('keys list --json --status active', env());
    expect(listed.json.map(({ id }: IssuedKey) => id)).toContain(made.json.id);
    expect(listed.out + listed.err).not.toContain(made.json.key);
    const table = await run('keys list', env());
    expect(table.out).toMatch(/^ID +PREFIX +STATUS +ENVIRONMENT +ROLE +LABEL +CREATED +LAST USED$/m);
    expect(table.out).toMatch(new RegExp(`^${made.json.id} +${made.json.prefix} +active +live +\\w+ +ci `, 'm'));
    expect((await run(`keys show ${made.json.id} --json`, env())).json.usage.limits).toHaveLength(3);
    const shown = await run(`keys show ${made.json.id}`, env());
    expect(shown.out).toMatch(/^left of daily +\d\d of 100 requests$/m);

    const rotated = await run(`keys rotate ${made.json.id} --grace-seconds 0 --json`, env());
    expect((await cluster.call(rotated.json.new_api_key)).status).toBe(200);
    expect((await cluster.call(made.json.key)).status).toBe(401);
    expect((await run(`keys revoke ${made.json.id}`, env())).out).toBe(`${made.json.id} is revoked\n`);
    expect((await cluster.call(rotated.json.new_api_key)).status).toBe(401);
    expect((await run(`keys revoke ${made.json.id} --json`, env())).json).toEqual({ id: made.json.id, revoked: true });
  });

  test('show their secret once, where people see it', async () => {
    const { out, err, exit } = await run('keys create --environment test --label seen', member());
    expect([exit, out]).toEqual([0, expect.stringMatching(/^key +ks_test_\w+$/m)]);
    expect(err).toBe('keystile: the secret is shown only now: keep it where your service reads it\n');
  });

  test('are listed to the end, and no further than --limit', async () => {
    const other = await cluster.account('Many');
    for (let i = 0; i < 4; i++) await cluster.issue(other, { label: `key ${i}` });
    const list = (limit: number) => run(`keys list --json --account ${other} --limit ${limit}`, admin());
    expect((await list(3)).json).toHaveLength(3);
    expect((await list(3)).err).toContain('there are more');
    expect([(await list(4)).json.length, (await list(4)).err]).toEqual([4, '']);
    let pages = 0;
    edge.instead = (request, _, pass) => {
      request.url = request.url?.replace(/limit=\d+/, 'limit=1') ?? '';
      pages++;
      pass();
    };
    expect((await list(100)).json.map(({ label }: { label: string }) => label)).toEqual([
      'key 3',
      'key 2',
      'key 1',
      'key 0',
    ]);
    expect(pages).toBe(4);
  });

  test('rotate and revoke themselves', async () => {
    const own = await issue();
    const rotated = await run('keys rotate --grace-seconds 0 --json', holder(own.key));
    expect((await cluster.call(own.key)).status).toBe(401);
    const { new_api_key: secret } = rotated.json;
    expect((await cluster.call(secret)).status).toBe(200);
    expect((await run('keys revoke', holder(secret))).exit).toBe(0);
    expect((await cluster.call(secret)).status).toBe(401);
  });

  test('are not meant by an id that is missing, where somebody else is configured too', async () => {
    for (const line of ['keys revoke', 'keys rotate']) {
      expect(await run(line, all())).toMatchObject({ exit: 2, err: expect.stringContaining('--as key') });
    }
    expect((await cluster.call(key.key)).status).toBe(200);
    const own = await issue();
    expect((await run('keys revoke --as key', { ...all(), KEYSTILE_API_KEY: own.key })).exit).toBe(0);
    expect((await cluster.call(own.key)).status).toBe(401);
  });

  test('come with their new secret when the answer was lost, or says that it is not in force yet', async () => {
    const own = await issue();
    let lost = 0;
    edge.instead = (_, response, pass) => {
      if (lost++ > 0) return pass();
      response.writeHead = () => response.destroy() as never;
      return pass();
    };
    const rotated = await run(`keys rotate ${own.id} --json`, admin());
    expect([rotated.exit, lost]).toEqual([0, 2]);
    expect((await cluster.call(rotated.json.new_api_key)).status).toBe(200);

    edge.instead = (_, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'not_in_force', detail: 'Recorded.', key: 'ks_live_new', id: 'key_1' }));
    };
    const pending = await run('keys create --environment live --json', member());
    expect([pending.exit, pending.json.key]).toEqual([3, 'ks_live_new']);
    expect(pending.err).toContain('not yet in force');
  });
});

describe('usage', () => {
  test('is told to an operator, a session and a key', async () => {
    await cluster.call(key.key);
    const counted = async () => (await run('usage --json', holder())).json.sums.requests;
    await expect.poll(counted, { timeout: 10_000 }).toBeGreaterThan(0);
    for (const [line, env] of [
      [`usage --json --key ${key.id}`, admin()],
      [`usage --json --key ${key.id} --by day`, member()],
    ] as const) {
      const { json } = await run(line, env);
      expect(json).toMatchObject({ account, sums: { statuses: { '2xx': expect.any(Number) } } });
    }
    const { out } = await run(`usage --account ${account}`, admin());
    expect(out).toMatch(/^FROM +REQUESTS +2XX +4XX +5XX +CREDITS /);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^sum +\d+ /);
  });

  test('needs to know whose, of an operator', async () => {
    expect(await run('usage', admin())).toMatchObject({ exit: 2, err: expect.stringContaining('--account') });
    expect(await run(`usage --key ${key.id}`, holder())).toMatchObject({ exit: 2 });
    expect(await run('usage --by month', holder())).toMatchObject({ exit: 2 });
  });
});

describe('lockouts', () => {
  test('of an address and of a secret are shown and lifted', async () => {
    const guess = unissuedKey();
    for (let i = 0; i < 20; i++) await cluster.call(malformedKey(), 0, '203.0.113.80');
    await cluster.call(guess, 0, '203.0.113.81');
    const ip = 'ip 203.0.113.80';
    expect((await run(`lockouts show ${ip} --json`, admin())).json.locked_until).toEqual(expect.any(String));
    expect((await run(`lockouts show ${ip}`, admin())).out).toMatch(/^locked until +\d{4}-/m);
    expect((await run(`lockouts lift ${ip}`, admin())).out).toBe('ip 203.0.113.80 is not locked any more\n');
    expect((await run(`lockouts show ${ip} --json`, admin())).json).toMatchObject({ strikes: 0, locked_until: null });
    const secret = await run('lockouts show secret - --json', admin(), guess);
    expect(secret.json).toMatchObject({ kind: 'secret', strikes: 1 });
    expect((await run(`lockouts lift secret ${secret.json.subject} --json`, admin())).json).toMatchObject({
      lifted: true,
    });
  });

  test('are for operators, and take no secret as an argument', async () => {
    expect(await run('lockouts show ip 192.0.2.1', member())).toMatchObject({
      exit: 2,
      err: expect.stringContaining('KEYSTILE_ADMIN_TOKEN'),
    });
    for (const words of [`lockouts show secret ${key.key}`, 'lockouts show ip ../keys', 'lockouts lift mac 1']) {
      expect((await run(words, admin())).exit).toBe(2);
    }
  });
});

describe('what goes wrong', () => {
  const at = (url: string): Env => ({ ...admin(), KEYSTILE_BASE_URL: url });

  test.each([
    ['an unknown command', 'keyz list', 'expected one of'],
    ['an unknown command of keys', 'keys drop', 'expected one of'],
    ['an unknown option', 'keys list --colour', "Unknown option '--colour'"],
    ['an option without its value', 'keys list --label', '--label'],
    ['an argument too many', 'whoami me', 'expected no arguments'],
    ['an argument too few', 'keys show', 'expected ID'],
    ['an id that is none', 'keys show ../accounts', 'expected the id of a key'],
    ['a number that is none', 'keys create --rate-limit-per-minute many', '--rate-limit-per-minute'],
    ['a quota of no period', 'keys create --quota 100', '--quota: expected NAME=VALUE'],
    ['a quota of another period', 'keys create --quota yearly=1', 'monthly'],
    ['an account that is missing', 'keys create --environment live', '--account'],
    ['somebody who may not', 'keys list --as key', '--as: expected admin or session'],
    ['somebody who is not configured', 'keys list --as session', 'KEYSTILE_TOKEN, which is not set'],
  ])('%s is wrong use, and nothing is sent', async (_, line, told) => {
    const before = edge.passed.length;
    const ran = await run(line, admin());
    expect(ran).toMatchObject({ exit: 2, out: '' });
    expect(ran.err).toMatch(/^keystile: [^\n]+\n$/);
    expect(ran.err).toContain(told);
    expect(edge.passed.length).toBe(before);
  });

  test('a variable that is missing or malformed is named, without its value', async () => {
    for (const [env, told] of [
      [{}, 'KEYSTILE_ADMIN_TOKEN or KEYSTILE_TOKEN or KEYSTILE_API_KEY is not set'],
      [{ KEYSTILE_ADMIN_TOKEN: ADMIN_TOKEN }, 'KEYSTILE_BASE_URL is not set'],
      [at('keys.example.com'), 'KEYSTILE_BASE_URL: expected an http or https URL'],
      [at(`http://me:${ADMIN_TOKEN}@127.0.0.1`), 'KEYSTILE_BASE_URL: expected an http or https URL'],
      [{ ...admin(), KEYSTILE_ADMIN_TOKEN: `${ADMIN_TOKEN} \n` }, 'KEYSTILE_ADMIN_TOKEN: expected visible ASCII'],
    ] as const) {
      expect(await run('whoami', env)).toMatchObject({ exit: 2, out: '', err: expect.stringContaining(told) });
    }
  });

  test('a secret in a wrong place is neither sent nor told back', async () => {
    const before = edge.passed.length;
    const { key: secret } = key;
    for (const line of [secret, `keys ${secret}`, `keys show ${secret}`, `whoami ${secret}`, `usage --key ${secret}`]) {
      expect(await run(line, admin())).toMatchObject({ exit: 2, out: '' });
    }
    expect(await run(`whoami --token=${secret}`, admin())).toMatchObject({ exit: 2 });
    expect(edge.passed.length).toBe(before);
  });

  test('the first word of several commands alone says which there are', async () => {
    expect(await run('keys rename', admin())).toMatchObject({
      exit: 2,
      out: '',
      err: 'keystile: keys: expected one of: create, list, show, rotate, revoke\n',
    });
  });

  test('a gateway that is not there, or something else that is, says to check the address', async () => {
    const gone = await startEdge('http://127.0.0.1:9');
    await gone.stop();
    const ran = await run('whoami', at(gone.url));
    expect([ran.exit, ran.out]).toEqual([3, '']);
    expect(ran.err).toContain(`${gone.url} cannot be reached (ECONNREFUSED): check KEYSTILE_BASE_URL`);
    for (const [status, headers, body, exit, told] of [
      [200, {}, '<html>', 1, 'answers something other than JSON'],
      [200, {}, '{"hello":1}', 1, 'answers otherwise than Keystile does: check KEYSTILE_BASE_URL'],
      [404, {}, '<html>', 1, 'refused: status 404 (check KEYSTILE_BASE_URL)'],
      [301, { location: 'https://elsewhere.example' }, '', 1, 'leads elsewhere (301)'],
      [502, {}, 'bad gateway', 3, 'refused: status 502'],
      [
        429,
        { 'retry-after': '7' },
        '{"error":{"code":"slow","message":"Slow down."}}',
        3,
        'slow: Slow down. (try again in 7 s)',
      ],
      [403, {}, JSON.stringify({ error: `no ${ADMIN_TOKEN}\u001b[2J` }), 1, 'refused: status 403: no …\ufffd[2J'],
    ] as const) {
      edge.instead = (_, response) => void response.writeHead(status, headers).end(body);
      expect(await run('whoami', admin())).toMatchObject({ exit, out: '', err: expect.stringContaining(told) });
    }
  });

  test('a refusal tells its code, what it says, and the request by which it is found in logs', async () => {
    const bad = await run('whoami', { ...admin(), KEYSTILE_ADMIN_TOKEN: 'another-token-0123456789' });
    expect([bad.exit, bad.out]).toEqual([1, '']);
    expect(bad.err).toMatch(
      /^keystile: refused: \w+: .+ \(check KEYSTILE_ADMIN_TOKEN and KEYSTILE_BASE_URL; request [0-9a-f-]{36}\)\n$/,
    );
    const reader = { ...admin(), KEYSTILE_ADMIN_TOKEN: READ_TOKEN };
    expect(await run(`keys revoke ${key.id}`, reader)).toMatchObject({ exit: 1, out: '' });
    expect((await cluster.call(key.key)).status).toBe(200);
    expect(await run('keys show key_none', member())).toMatchObject({
      exit: 1,
      err: expect.stringContaining('not_found'),
    });
    const invalid = await run('keys create --environment nowhere', member());
    expect([invalid.exit, invalid.err]).toEqual([1, expect.stringContaining('environment: ')]);
    expect(await run('whoami', holder(unissuedKey()))).toMatchObject({
      exit: 1,
      err: expect.stringContaining('KEYSTILE_API_KEY'),
    });
  });
});

describe('help', () => {
  test('is there for everything, without any environment', async () => {
    const { out, exit } = await run('--help', {});
    expect(exit).toBe(0);
    const names = [...out.matchAll(/^ {2}([a-z]+(?: [a-z]+)?)(?: [A-Z[].*?)? {2,}/gm)].map(([, name = '']) => name);
    expect(names).toContain('keys create');
    for (const name of [...names, 'keys', 'lockouts']) {
      const help = await run(`${name} --help`, {});
      expect([help.exit, help.err, help.out.length > 80]).toEqual([0, '', true]);
    }
    expect((await run('help keys', {})).out).toBe((await run('keys', {})).out);
    expect((await run('--version', {})).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await run('help me', {})).exit).toBe(2);
  });
});
