import { statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createRemoteJWKSet, type JWTVerifyResult, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchToken } from '../../dev/sign-in/client.ts';
import { commands, end, isFree, openPlace, type Place, type Run, shell, spawnScript } from './place.ts';

let place: Place;
let run: Run;
let issuer: string;
let first: string;

beforeAll(async () => {
  place = await openPlace();
  run = await place.startReady();
  issuer = printedIssuer(run);
});

afterAll(() => place.close());

describe('the local sign-in', { timeout: 60_000 }, () => {
  it('gives a token by the command that the terminal shows', async () => {
    const command = /\$\((.+)\)/.exec(commands(run)[2] ?? '')?.[1] ?? '';
    first = shell(command).trimEnd();
    const { payload, protectedHeader } = await verified(first);
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(payload).toMatchObject({ sub: 'alice', email: 'alice@example.test', email_verified: true, org_id: 'demo' });
    expect(payload).not.toHaveProperty('role');
    expect(payload.jti).toMatch(/.{20}/);
  });

  it('says of a person what was asked for', async () => {
    const bob = await verified(await token('--user', 'bob', '--org', 'acme', '--role', 'viewer'));
    expect(bob.payload).toMatchObject({ sub: 'bob', email: 'bob@example.test', org_id: 'acme', role: 'viewer' });
    const alone = await verified(await fetchToken(issuer, { name: 'carol', organisation: '', role: '' }));
    expect(alone.payload).not.toHaveProperty('org_id');
  });

  it('lets customers in, who make keys as far as their role goes', async () => {
    expect(JSON.parse(shell(commands(run)[2] ?? ''))).toMatchObject({ keys: [] });
    const made = await asCustomer(await token(), 'POST', '/api-keys', { label: 'mine', environment: 'live' });
    expect(made.status).toBe(201);
    const { key } = (await made.json()) as { key: string };
    const models = await fetch(`http://localhost:${place.port}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(models.status).toBe(200);
    const viewer = await token('--role', 'viewer');
    expect((await asCustomer(viewer, 'POST', '/api-keys', { label: 'other', environment: 'live' })).status).toBe(403);
  });

  it.each([
    [['--role', 'king'], /role: expected one of viewer, /],
    [['--user', 'Bob <b>'], /name: expected /],
    [['--org', 'a b'], /organisation: expected /],
    [['--bogus'], /--bogus/],
    [['--state', '/nowhere'], /nothing runs from \/nowhere; begin with npm start/],
  ])('refuses a token for %j in one line', async (flags, problem) => {
    const asked = spawnScript('token', ['--state', place.state, ...flags]);
    expect(await asked.ended).toBe(1);
    expect(asked.err).toMatch(problem);
    expect(asked.err).toMatch(/^keystile: [^\n]+\n$/);
    expect(asked.out).toBe('');
  });

  it('has a page that says it is local, which loads nothing from elsewhere', async () => {
    const start = new URL('/auth', issuer);
    const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };
    const client = { client_id: 'keystile-local', redirect_uri: 'http://127.0.0.1:5555/callback' };
    start.search = String(new URLSearchParams({ ...client, response_type: 'code', scope: 'openid', ...challenge }));
    const sent = await fetch(start, { redirect: 'manual' });
    const cookie = sent.headers.getSetCookie().map((each) => each.split(';')[0]);
    const page = await fetch(new URL(sent.headers.get('location') ?? '', issuer), {
      headers: { cookie: cookie.join('; ') },
    });
    const html = await page.text();
    expect(html).toContain('on this machine only');
    for (const role of ['viewer', 'developer', 'account_admin']) expect(html).toContain(`<option>${role}</option>`);
    expect(html).not.toMatch(/<script|<link|<img|https?:/);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });

  it('answers on loopback and under its own address only', async () => {
    expect(await connects('127.0.0.1')).toBe(true);
    expect(await connects('127.0.0.2')).toBe(false);
    expect(await statusUnder('rebound.example')).toBe(421);
    expect(await statusUnder(new URL(issuer).host)).toBe(200);
  });

  it('ends with the rest, and after a restart its old tokens are valid', async () => {
    expect(await end(run)).toBe(0);
    expect(await isFree(Number(new URL(issuer).port))).toBe(true);
    expect(statSync(join(place.state, 'issuer.json')).mode & 0o777).toBe(0o600);
    run = await place.startReady();
    expect(printedIssuer(run)).toBe(issuer);
    expect((await verified(first)).payload.sub).toBe('alice');
    expect((await asCustomer(first, 'GET', '/account')).status).toBe(200);
  });

  it('is not there beside a sign-in of one’s own', async () => {
    expect(await end(run)).toBe(0);
    run = await place.startReady('--policy', '{"session":null}');
    expect(run.out).not.toContain('npm run');
    expect(await isFree(Number(new URL(issuer).port))).toBe(true);
    const asked = spawnScript('token', ['--state', place.state]);
    expect(await asked.ended).toBe(1);
    expect(asked.err).toMatch(/^keystile: the gateway on port \d+ has no local sign-in, or not yet\n$/);
  });
});

function printedIssuer({ out }: Run): string {
  const url = /signs in at (http:\/\/127\.0\.0\.1:\d+) /.exec(out)?.[1];
  if (url === undefined) throw new Error(`no issuer in: ${out}`);
  return url;
}

async function token(...flags: string[]): Promise<string> {
  const asked = spawnScript('token', ['--state', place.state, ...flags]);
  if ((await asked.ended) !== 0) throw new Error(asked.err);
  return asked.out.trimEnd();
}

function asCustomer(session: string, method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${session}`, 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(`http://localhost:${place.port}/api/v1/user${path}`, { method, headers, ...sent });
}

/** As the gateway's policy has it. */
function verified(given: string): Promise<JWTVerifyResult> {
  const rules = { issuer, audience: `http://localhost:${place.port}`, requiredClaims: ['exp', 'jti'] };
  return jwtVerify(given, createRemoteJWKSet(new URL('/jwks', issuer)), rules);
}

function connects(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(new URL(issuer).port) }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function statusUnder(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(`${issuer}/jwks`, { headers: { host }, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    sent.once('error', reject).end();
  });
}
