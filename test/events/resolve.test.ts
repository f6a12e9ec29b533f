import type { RequestListener } from 'node:http';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleWorker } from '../../dev/bundle.ts';
import { checkTarget } from '../../src/events/target.ts';
import { policySchema } from '../../src/policy/schema.ts';
import { type Doh, type Records, startDoh } from '../support/doh.ts';
import { deadUrl } from '../support/origin.ts';
import { PUBLIC, REFUSED, TAKEN } from './addresses.ts';
import type { TargetQuestion } from './target-worker.ts';

/*
 * What DNS says of an endpoint's name: a Worker asks a real resolver over HTTP.
 */

const NAME = 'hooks.example.com';
const URL_OF_NAME = `https://${NAME}/keys`;
const NO_ADDRESS = /^its host has no address in DNS/;
const NOT_PUBLIC = /^its host has an address that is not public/;
const UNRESOLVED = /^its host could not be resolved just now/;

let doh: Doh;
let miniflare: Miniflare;
let workerUrl: string;
const rulesWith = (changes: object = {}) => policySchema.shape.webhooks.parse({ resolver: doh.url, ...changes });

async function ask<T>(question: TargetQuestion): Promise<T> {
  const response = await fetch(workerUrl, { method: 'POST', body: JSON.stringify(question) });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

function resolve(records: Records | RequestListener | null, url = URL_OF_NAME, more: Partial<TargetQuestion> = {}) {
  if (records !== null) doh.names.set(NAME, records);
  return ask<string | null>({ rules: rulesWith(), resolve: url, ...more });
}

/** Answers with this JSON, or with this text. */
const saying =
  (body: unknown, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));

/** Answers one type of question otherwise than the other. */
const byType =
  (answers: Readonly<Record<'A' | 'AAAA', RequestListener>>): RequestListener =>
  (request, response) =>
    answers[request.url?.includes('type=AAAA') ? 'AAAA' : 'A'](request, response);

const found = (...addresses: string[]) => ({
  Status: 0,
  Answer: addresses.map((data) => ({ name: NAME, type: data.includes(':') ? 28 : 1, TTL: 1, data })),
});

beforeAll(async () => {
  const script = await bundleWorker(new URL('./target-worker.ts', import.meta.url).pathname);
  doh = await startDoh();
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'targets',
      modules: true,
      script,
      compatibilityDate: '2026-10-20',
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    }),
  );
  workerUrl = (await miniflare.unsafeGetDirectURL('targets')).origin;
});
afterAll(async () => {
  await miniflare?.dispose();
  await doh?.stop();
});
beforeEach(() => {
  doh.names.clear();
  doh.asked.length = 0;
});

test('a Worker judges every address as it is judged in Node', async () => {
  const check = [...REFUSED.map(([url]) => url), ...TAKEN, ...PUBLIC];
  const rules = rulesWith();
  expect(await ask({ rules, check })).toEqual(check.map((url) => checkTarget(url, rules)));
});

describe('a name is taken', () => {
  test.each<[string, Records]>([
    ['with an IPv4 address', { A: ['93.184.215.14'] }],
    ['with an IPv6 address', { AAAA: ['2606:4700:4700::1111'] }],
    ['with several of both', { A: ['1.1.1.1', '8.8.8.8'], AAAA: ['2606:4700::1', '2001:4860:4860::8888'] }],
    ['behind aliases', { aliases: ['a.cdn.example', 'b.cdn.example'], A: ['93.184.215.14'] }],
    ['behind an alias whose name alone is private', { aliases: ['a.internal'], A: ['93.184.215.14'] }],
    ['behind a translator, as DNS64 answers', { AAAA: ['64:ff9b::5db8:d70e'] }],
  ])('%s', async (_, records) => {
    expect(await resolve(records)).toBeNull();
  });

  test('and is asked for by both types of address, as JSON', async () => {
    expect(await resolve({ A: ['93.184.215.14'] }, `https://HOOKS.Example.com:8443/keys?name=x&type=TXT`)).toBeNull();
    const accept = 'application/dns-json';
    expect(doh.asked).toEqual([
      { name: NAME, type: 'A', accept },
      { name: NAME, type: 'AAAA', accept },
    ]);
  });

  test('in its ASCII form where it has other letters', async () => {
    doh.names.set('xn--bcher-kva.example.com', { A: ['93.184.215.14'] });
    expect(await resolve(null, 'https://bücher.example.com')).toBeNull();
  });

  test('where other records stand beside its addresses', async () => {
    const signature = { name: NAME, type: 46, TTL: 1, data: 'A 8 2 60 …' };
    const answer = found('93.184.215.14');
    expect(await resolve(saying({ ...answer, AD: true, Answer: [signature, ...answer.Answer] }))).toBeNull();
  });

  test('where the resolver has a query of its own in its URL', async () => {
    doh.names.set(NAME, { A: ['93.184.215.14'] });
    expect(await ask({ rules: rulesWith({ resolver: `${doh.url}?ct=1&name=x` }), resolve: URL_OF_NAME })).toBeNull();
    expect(doh.asked.map(({ name }) => name)).toEqual([NAME, NAME]);
  });
});

describe('a name is refused', () => {
  test.each<[string, Records]>([
    ['with a private address', { A: ['10.0.0.1'] }],
    ['with the address of this machine', { A: ['127.0.0.1'] }],
    ['with the address of the metadata', { A: ['169.254.169.254'] }],
    ['with the address of the metadata, of IPv6', { AAAA: ['fd00:ec2::254'] }],
    ['with 0.0.0.0', { A: ['0.0.0.0'] }],
    ['with this machine by IPv6', { AAAA: ['::1'] }],
    ['with a mapped address', { AAAA: ['::ffff:10.0.0.1'] }],
    ['with a mapped public address', { AAAA: ['::ffff:93.184.215.14'] }],
    ['with a translated private address', { AAAA: ['64:ff9b::a00:1'] }],
    ['with a link-local address', { AAAA: ['fe80::1'] }],
    ['with a public address and a private one', { A: ['93.184.215.14', '192.168.0.1'] }],
    ['with a private address and a public one', { A: ['192.168.0.1', '93.184.215.14'] }],
    ['with a public IPv4 address and a private IPv6 one', { A: ['93.184.215.14'], AAAA: ['fd00::1'] }],
    ['with a private IPv4 address and a public IPv6 one', { A: ['10.0.0.1'], AAAA: ['2606:4700::1'] }],
    ['behind aliases that end at a private address', { aliases: ['a.cdn.example'], A: ['172.16.0.1'] }],
    ['with what is no address', { A: ['93.184.215.14', 'gateway'] }],
    ['with an address in an odd spelling', { A: ['0x5d.184.215.14'] }],
    ['with an address with a zone', { AAAA: ['2606:4700::1%eth0'] }],
    ['with an empty address', { A: [''] }],
  ])('%s', async (_, records) => {
    expect(await resolve(records)).toMatch(NOT_PUBLIC);
  });

  test('with an address that answers the question for the other type', async () => {
    const answers = { A: saying(found('93.184.215.14', 'fd00::1')), AAAA: saying(found()) };
    expect(await resolve(byType(answers))).toMatch(NOT_PUBLIC);
  });

  test('with a private address, and the rest is not asked for', async () => {
    expect(await resolve(byType({ A: saying(found('10.0.0.1')), AAAA: saying('', 503) }))).toMatch(NOT_PUBLIC);
    expect(doh.asked.map(({ type }) => type)).toEqual(['A']);
  });

  test('that does not exist', async () => {
    expect(await resolve(null)).toMatch(NO_ADDRESS);
    expect(doh.asked).toHaveLength(2);
  });

  test('that has no address', async () => {
    expect(await resolve({})).toMatch(NO_ADDRESS);
    expect(await resolve({ aliases: ['a.cdn.example'] })).toMatch(NO_ADDRESS);
  });

  test('by its URL alone, before anyone is asked', async () => {
    expect(await resolve({ A: ['93.184.215.14'] }, `http://${NAME}`)).toBe('expected https');
    expect(await resolve(null, 'https://10.0.0.1')).toMatch(/^expected a public address/);
    expect(await resolve(null, 'https://nas.local')).toMatch(/^expected the full name/);
    expect(await resolve(null, 'https://93.184.215.14/keys')).toBeNull();
    expect(await resolve(null, 'https://[2606:4700:4700::1111]/keys')).toBeNull();
    expect(doh.asked).toEqual([]);
  });
});

describe('a resolver that does not say is a problem', () => {
  const good = saying(found('93.184.215.14'));
  const huge = { ...found('93.184.215.14'), Comment: 'x'.repeat(65_536) };
  test.each<[string, RequestListener]>([
    ['when it answers 500', saying('', 500)],
    ['when it answers 204', saying('', 204)],
    ['when it answers 203 with an answer', saying(found('93.184.215.14'), 203)],
    ['when it answers 500 with an answer', saying(found('93.184.215.14'), 500)],
    ['when it leads elsewhere', (_, response) => response.writeHead(302, { location: '/dns-query?name=x' }).end()],
    ['when it answers no JSON', saying('<html></html>')],
    ['when it answers another JSON', saying({ hello: 1 })],
    ['when it answers null', saying('null')],
    ['when its records have no data', saying({ Status: 0, Answer: [{ name: NAME, type: 1 }] })],
    ['when it fails itself (SERVFAIL)', saying({ ...found('93.184.215.14'), Status: 2 })],
    ['when it refuses', saying({ Status: 5 })],
    ['when its answer is cut off', saying({ ...found('93.184.215.14'), TC: true })],
    ['when its answer is too large', saying(huge)],
    [
      'when it streams an answer that is too large',
      (_, response) => {
        response.writeHead(200).write(`{"Status":0,"Comment":"`);
        response.end(`${'x'.repeat(65_536)}","Answer":${JSON.stringify(found('93.184.215.14').Answer)}}`);
      },
    ],
    ['when it hangs up', (request) => request.socket.destroy()],
    [
      'when it hangs up within its answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"Status":0');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['for IPv6 alone', byType({ A: good, AAAA: saying('', 503) })],
    ['for IPv4 alone', byType({ A: saying('', 503), AAAA: saying(found('2606:4700::1')) })],
  ])('%s', async (_, answer) => {
    expect(await resolve(answer)).toMatch(UNRESOLVED);
  });

  test('when it is away', async () => {
    const rules = rulesWith({ resolver: `${await deadUrl()}/dns-query` });
    expect(await ask({ rules, resolve: URL_OF_NAME })).toMatch(UNRESOLVED);
  });

  test('when it does not answer, or not to the end', async () => {
    const hangs: RequestListener = () => undefined;
    const begins: RequestListener = (_, response) => void response.writeHead(200).write('{"Status":0,');
    expect(await resolve(byType({ A: hangs, AAAA: begins }))).toMatch(UNRESOLVED);
  });

  test('when who asks waits no longer', async () => {
    const slow: RequestListener = (request, response) => void setTimeout(() => good(request, response), 1_000);
    expect(await resolve(slow, URL_OF_NAME, { stopMs: 50 })).toMatch(UNRESOLVED);
    expect(await resolve(slow)).toBeNull();
  });
});

test('with allow_local nobody is asked', async () => {
  const rules = rulesWith({ allow_local: true });
  for (const url of [URL_OF_NAME, 'http://localhost:8080', 'http://10.0.0.1', 'http://no-such-name.invalid']) {
    expect(await ask({ rules, resolve: url })).toBeNull();
  }
  expect(await ask({ rules, resolve: 'ftp://localhost' })).toBe('expected https');
  expect(doh.asked).toEqual([]);
});
