import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commands, end, freePort, hold, isFree, openPlace, type Place, type Run, shell } from './place.ts';

let place: Place;

beforeEach(async () => {
  place = await openPlace();
});

afterEach(() => place.close());

describe('npm start', { timeout: 60_000 }, () => {
  it('gets ready and prints commands that work when pasted', async () => {
    const run = await place.startReady();
    expect(run.out.trimEnd().split('\n').at(-1)).toBe(`ready http://localhost:${place.port}`);
    const [chat, trial] = commands(run);
    const streamed = shell(chat);
    expect(streamed.match(/^data: \{/gm)?.length).toBeGreaterThan(3);
    expect(streamed.trimEnd().endsWith('data: [DONE]')).toBe(true);
    const { api_key } = JSON.parse(shell(trial));
    expect(await modelsStatus(api_key)).toBe(200);
    expect(await end(run)).toBe(0);
  });

  it('mints a new key on a later run, keeps the data, and the last key is refused', async () => {
    const first = await place.startReady();
    const firstKey = printedKey(first);
    expect(await modelsStatus(firstKey)).toBe(200);
    expect(await end(first)).toBe(0);
    const secondKey = printedKey(await place.startReady());
    expect(secondKey).not.toBe(firstKey);
    expect(await modelsStatus(secondKey)).toBe(200);
    expect(await modelsStatus(firstKey)).toBe(401);
  });

  it('runs another preset, a policy override and an admin token of one’s own', async () => {
    const run = await place.startReady(
      '--preset',
      'wavis',
      '--policy',
      '{"lease":"0s"}',
      '--admin-token',
      'a-token-of-my-own-0123456789abcdef',
    );
    expect(shell(commands(run)[0])).toContain('data: [DONE]');
    const listed = await fetch(`http://localhost:${place.port}/admin/v1/keys`, {
      headers: { authorization: 'Bearer a-token-of-my-own-0123456789abcdef' },
    });
    expect(listed.status).toBe(200);
    expect(readFileSync(join(place.state, '.dev.vars'), 'utf8')).not.toContain('ADMIN_TOKEN');
  });

  it('runs a preset without trial keys, whose keys have roles of their own, and what it prints works', async () => {
    const run = await place.startReady('--preset', 'wevion');
    const [chat, keys] = commands(run);
    expect(shell(chat)).toContain('data: [DONE]');
    expect(JSON.parse(shell(keys))).toEqual({ keys: [], next_cursor: null });
  });

  it('keeps the secrets that it prints or makes out of its log', async () => {
    const run = await place.startReady();
    shell(commands(run)[0]);
    expect(await end(run)).toBe(0);
    const log = readFileSync(join(place.state, 'gateway.log'), 'utf8');
    const made = readFileSync(join(place.state, '.dev.vars'), 'utf8').matchAll(/[0-9a-f]{64}/g);
    for (const secret of [printedKey(run), ...[...made].map(([hex]) => hex)]) expect(log).not.toContain(secret);
  });

  it('makes a key for assertions once where the policy asks for them, and shows it nowhere', async () => {
    const policy = JSON.stringify({ assertion: { issuer: `http://localhost:${place.port}` } });
    const made: string[] = [];
    for (let i = 0; i < 2; i++) {
      const run = await place.startReady('--policy', policy);
      const url = `http://localhost:${place.port}`;
      const echoed = await fetch(`${url}/echo`, { headers: { authorization: `Bearer ${printedKey(run)}` } });
      const { headers } = (await echoed.json()) as { headers: Record<string, string> };
      const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
      const { payload } = await jwtVerify(headers['x-keystile-assertion'] ?? '', keys, { issuer: url });
      expect(payload).toMatchObject({ key_id: headers['x-keystile-key-id'], role: headers['x-keystile-role'] });
      expect(await end(run)).toBe(0);
      const vars = readFileSync(join(place.state, '.dev.vars'), 'utf8').split('\n');
      made.push(...vars.filter((line) => line.startsWith('ASSERTION_KEYS="local:')).map((line) => line.slice(22, -1)));
      expect(run.out + run.err + readFileSync(join(place.state, 'gateway.log'), 'utf8')).not.toContain(made[0]);
    }
    expect(made).toHaveLength(2);
    expect(made[0]).toBe(made[1]);
  });

  it('finds control routes that the policy has moved', async () => {
    const run = await place.startReady('--policy', '{"control":{"host":"control.example","base_path":"/keys"}}');
    const [chat, trial] = commands(run);
    expect(shell(chat)).toContain('data: [DONE]');
    expect(JSON.parse(shell(trial))).toHaveProperty('api_key');
  });

  it('refuses a state folder that another run is serving from', async () => {
    await place.startReady();
    const second = place.start('--state', place.state, '--port', String(await freePort()));
    expect(await second.ended).toBe(1);
    expect(second.err).toMatch(/^keystile: .* is in use by the gateway on port \d+ \(process \d+\)\n$/);
  });

  it('names a secret that the policy wants and .dev.vars lacks', async () => {
    const verifier = { url: 'http://127.0.0.1:9/', headers: { authorization: `Bearer \${OLD_TOKEN}` } };
    const formats = [
      { name: 'old', prefix: 'old_', charset: 'hex', min_length: 40, max_length: 40, environment: 'live' },
    ];
    const policy = JSON.stringify({ legacy: { formats, verifier } });
    const run = place.start('--state', place.state, '--port', String(place.port), '--policy', policy);
    expect(await run.ended).toBe(1);
    const varsFile = join(place.state, '.dev.vars');
    expect(run.err).toBe(
      `keystile: ${varsFile} lacks OLD_TOKEN, which the policy names: add a line like NAME="value"\n`,
    );
    appendFileSync(varsFile, 'OLD_TOKEN="0123456789"\n');
    await place.startReady('--policy', policy);
  });

  it('leaves nothing running when it is killed', async () => {
    const run = await place.startReady();
    run.child.kill('SIGKILL');
    await run.ended;
    for (let tries = 0; tries < 100 && !(await isFree(place.port)); tries++) await sleep(50);
    expect(await isFree(place.port)).toBe(true);
  });

  it('refuses a taken port in one line', async () => {
    const holder = await hold(place.port);
    const run = place.start('--state', place.state, '--port', String(place.port));
    expect(await run.ended).toBe(1);
    expect(run.err).toBe(`keystile: port ${place.port} is taken; choose another with --port\n`);
    await new Promise((resolve) => holder.close(resolve));
  });

  it.each([
    [['--nonsense'], /--nonsense/],
    [['stray'], /stray/],
    [['--port', '0'], /--port: expected a number from 1 to 65535/],
    [['--policy', '{'], /--policy: not JSON/],
    [['--policy', '[]'], /--policy: expected a JSON object/],
    [['--policy', '{"lease":"1 parsec"}'], /policy\.lease: /],
    [['--policy', '{"leese":"1s"}'], /leese/],
    [['--preset', 'nobody'], /policy\.preset: expected one of keystile, /],
    [['--upstream', 'ftp://example.com'], /--upstream: expected an http or https origin/],
    [['--state', '/dev/null/here'], /--state: /],
    [['--admin-token', 'short'], /--admin-token: .* at least 16 characters/],
  ])('refuses %j in one line', async (flags, problem) => {
    const run = place.start('--port', String(place.port), '--state', place.state, ...flags);
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(problem);
    expect(run.err).toMatch(/^keystile: [^\n]+\n$/);
    expect(run.out).toBe('');
  });
});

function printedKey(run: Run): string {
  const key = /^key (\S+)$/m.exec(run.out)?.[1];
  if (key === undefined) throw new Error(`no key in: ${run.out}`);
  return key;
}

async function modelsStatus(key: string): Promise<number> {
  const response = await fetch(`http://localhost:${place.port}/v1/models`, {
    headers: { authorization: `Bearer ${key}` },
  });
  await response.body?.cancel();
  return response.status;
}
