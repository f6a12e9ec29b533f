import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nothingPublished, type Published } from '../../src/control/guards/published.ts';
import { placeOf, readReport } from '../../src/control/leaks/report.ts';
import { checkSignature, type ReporterKeys, rawSignature, readSignature } from '../../src/control/leaks/signature.ts';
import { ALPHABETS } from '../../src/credential/alphabet.ts';
import { mintKey } from '../../src/credential/mint.ts';
import { redact } from '../../src/credential/redact.ts';
import { newReporterKey } from '../support/github.ts';
import { formatOf, unissuedKey } from '../support/keys.ts';

/** The samples of GitHub's documentation, with the keys that sign them. */
const DOCUMENTED = [
  {
    key: 'f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d',
    pem: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\nHzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\n-----END PUBLIC KEY-----',
    signature: 'MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY=',
    body: '[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]',
  },
  {
    key: 'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c',
    pem: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n',
    signature: 'MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==',
    body: '[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]',
  },
];

const keyOf = (environment: string) =>
  mintKey(formatOf('keystile'), environment, (length) => crypto.getRandomValues(new Uint8Array(length)));
const bytes = (text: string) => new TextEncoder().encode(text);
const signed = (key: string, signature: string) =>
  readSignature(new Headers({ 'Github-Public-Key-Identifier': key, 'Github-Public-Key-Signature': signature }));

/** A number as DER writes it, in a way of its own. */
function derInteger(value: bigint): number[] {
  const digits = value.toString(16);
  const hex = digits.padStart(digits.length + (digits.length % 2), '0');
  const octets = [...Buffer.from(hex, 'hex')];
  const content = (octets[0] ?? 0) >= 0x80 ? [0, ...octets] : octets;
  return [0x02, content.length, ...content];
}

function derOf(r: bigint, s: bigint): Uint8Array {
  const content = [...derInteger(r), ...derInteger(s)];
  return Uint8Array.from([0x30, content.length, ...content]);
}

const rawOf = (r: bigint, s: bigint) =>
  Uint8Array.from(Buffer.from([r, s].map((value) => value.toString(16).padStart(64, '0')).join(''), 'hex'));
const numberOf = (raw: Uint8Array, from: number) =>
  BigInt(`0x${Buffer.from(raw.subarray(from, from + 32)).toString('hex')}`);
/** Numbers of every length, with and without a leading bit that is set. */
const scalar = fc.integer({ min: 0, max: 256 }).chain((bits) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }));

describe('the DER of a signature', () => {
  it('of any two numbers is read as both, with leading zeros', () => {
    fc.assert(
      fc.property(scalar, scalar, (r, s) => {
        expect(rawSignature(derOf(r, s))).toEqual(rawOf(r, s));
      }),
      { numRuns: 2_000 },
    );
  });

  it('can be written in one way only: whatever else is read is refused', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const change = fc.record({
      at: fc.nat(80),
      drop: fc.integer({ min: 0, max: 3 }),
      put: fc.array(octet, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(scalar, scalar, fc.array(change, { maxLength: 3 }), (r, s, changes) => {
        const octets = [...derOf(r, s)];
        for (const { at, drop, put } of changes) octets.splice(at % octets.length, drop, ...put);
        const raw = rawSignature(Uint8Array.from(octets));
        if (raw !== null) expect([...derOf(numberOf(raw, 0), numberOf(raw, 32))]).toEqual(octets);
      }),
      { numRuns: 20_000 },
    );
  });

  const whole = [...derOf((1n << 255n) + 1n, 5n)];
  it.each<[string, number[]]>([
    ['nothing', []],
    ['a byte too many', [...whole, 0]],
    ['a byte too few', whole.slice(0, -1)],
    ['another tag', [0x31, ...whole.slice(1)]],
    ['a long form of its length', [0x30, 0x81, whole.length - 2, ...whole.slice(2)]],
    ['a length of its own', [0x30, whole.length - 1, ...whole.slice(2)]],
    ['one number', [0x30, 3, 2, 1, 1]],
    ['three numbers', [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ['an empty number', [0x30, 5, 2, 0, 2, 1, 1]],
    ['a negative number', [0x30, 6, 2, 1, 0x80, 2, 1, 1]],
    ['a number with a zero that it does not need', [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ['a number of 257 bits', [...derOf(1n << 256n, 1n)]],
    ['an octet string for a number', [0x30, 6, 4, 1, 1, 2, 1, 1]],
    ['a number that ends behind its end', [0x30, 6, 2, 1, 1, 2, 9, 1]],
  ])('is not %s', (_, octets) => {
    expect(rawSignature(Uint8Array.from(octets))).toBeNull();
  });
});

describe('the headers of a report', () => {
  const { key, signature } = DOCUMENTED[0] ?? { key: '', signature: '' };

  it('carry a signature', () => {
    expect(signed(key, signature)).toMatchObject({ key });
  });

  it.each([
    ['no identifier', '', signature],
    ['an identifier that is too long', 'k'.repeat(201), signature],
    ['an identifier with a blank', 'k k', signature],
    ['no signature', key, ''],
    ['no base64', key, `*${signature.slice(1)}`],
    ['base64 that ends too early', key, signature.slice(0, -2)],
    ['base64 of something else', key, btoa('some signature')],
    ['a long text', key, 'A'.repeat(100_000)],
  ])('carry none with %s', (_, identifier, text) => {
    expect(signed(identifier, text)).toBeNull();
  });
});

describe('a signature', () => {
  let answer: RequestListener;
  let asked = 0;
  let cache: Published<ReporterKeys>;
  let url: string;
  const server = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  const serve = (list: unknown) => {
    answer = (_, response) => response.end(JSON.stringify({ public_keys: list }));
  };
  const check = (key: string, signature: string, body: string, nowMs = 1_000_000) => {
    const read = signed(key, signature);
    if (read === null) throw new Error('no signature');
    return checkSignature(cache, url, read, bytes(body), nowMs);
  };
  const own = newReporterKey();
  const other = newReporterKey();
  const identifier = (of: typeof own) => String(of.published.key_identifier);
  const signedBy = (of: typeof own, body: string) =>
    sign('sha256', Buffer.from(body), of.privateKey).toString('base64');

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    cache = nothingPublished();
    asked = 0;
    serve([own.published]);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(DOCUMENTED)(
    'of GitHub’s documentation by $key holds, and for that body alone',
    async ({ key, pem, signature, body }) => {
      serve(DOCUMENTED.map((each) => ({ key_identifier: each.key, key: each.pem, is_current: false })));
      expect(pem).toContain('PUBLIC KEY');
      expect(await check(key, signature, body)).toBe('valid');
      expect(await check(key, signature, `${body}\n`)).toBe('invalid');
      expect(await check(key, signature, body.replace('some_token', 'some_tokem'))).toBe('invalid');
      const others = DOCUMENTED.filter((each) => each.key !== key);
      for (const each of others) expect(await check(each.key, signature, body)).toBe('invalid');
      expect(asked).toBe(1);
    },
  );

  it('of many bodies holds, of whatever length its numbers are', async () => {
    serve([own.published, other.published]);
    for (let i = 0; i < 300; i++) {
      const body = `[${i}]`;
      const signature = signedBy(own, body);
      expect(await check(identifier(own), signature, body)).toBe('valid');
      expect(await check(identifier(other), signature, body)).toBe('invalid');
    }
  });

  it('by a key that is not published is invalid, and asks for the keys at most once a minute', async () => {
    const signature = signedBy(other, '[]');
    for (let i = 0; i < 20; i++) expect(await check(identifier(other), signature, '[]', 1_000_000 + i)).toBe('invalid');
    expect(asked).toBe(1);
    serve([own.published, other.published]);
    expect(await check(identifier(other), signature, '[]', 1_059_000)).toBe('invalid');
    expect(await check(identifier(other), signature, '[]', 1_060_100)).toBe('valid');
    expect(asked).toBe(2);
  });

  it('by a key that was withdrawn is invalid within an hour', async () => {
    const signature = signedBy(own, '[]');
    expect(await check(identifier(own), signature, '[]')).toBe('valid');
    serve([other.published]);
    expect(await check(identifier(own), signature, '[]', 4_500_000)).toBe('valid');
    expect(await check(identifier(own), signature, '[]', 4_700_000)).toBe('invalid');
  });

  it('by a known key holds while the keys cannot be had, and by another one nobody can say', async () => {
    expect(await check(identifier(own), signedBy(own, '[]'), '[]')).toBe('valid');
    answer = (request) => request.socket.destroy();
    for (const nowMs of [1_000_001, 90_000_000, 900_000_000]) {
      expect(await check(identifier(own), signedBy(own, '[]'), '[]', nowMs)).toBe('valid');
      expect(await check(identifier(other), signedBy(other, '[]'), '[]', nowMs + 70_000)).toBe('unreachable');
    }
  });

  it.each<[string, RequestListener]>([
    ['cut off', (request) => request.socket.destroy()],
    ['an error', (_, response) => response.writeHead(500).end(JSON.stringify({ public_keys: [own.published] }))],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['no JSON', (_, response) => response.end('<html>')],
    ['no list', (_, response) => response.end(JSON.stringify({ public_keys: own.published }))],
    ['a list of another name', (_, response) => response.end(JSON.stringify({ keys: [own.published] }))],
    [
      'larger than any list of keys',
      (_, response) => response.end(JSON.stringify({ public_keys: [own.published], more: 'x'.repeat(300_000) })),
    ],
  ])('cannot be checked where the answer of GitHub is %s', async (_, listener) => {
    answer = listener;
    expect(await check(identifier(own), signedBy(own, '[]'), '[]')).toBe('unreachable');
    serve([own.published]);
    expect(await check(identifier(own), signedBy(own, '[]'), '[]', 1_001_000)).toBe('unreachable');
    expect(await check(identifier(own), signedBy(own, '[]'), '[]', 1_002_100)).toBe('valid');
    expect(asked).toBe(2);
  });

  it('holds beside entries of the list that are none', async () => {
    const id = identifier(other);
    const foreign = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
      type: 'spki',
      format: 'pem',
    });
    for (const key of ['no PEM', foreign]) {
      cache = nothingPublished();
      serve([null, 7, [], {}, { key_identifier: 7, key: 'x' }, { key_identifier: id, key }, own.published]);
      expect(await check(identifier(own), signedBy(own, '[]'), '[]')).toBe('valid');
      expect(await check(id, signedBy(other, '[]'), '[]')).toBe('invalid');
    }
  });
});

describe('a report', () => {
  const entry = { token: 't', type: 'a', url: 'https://example.com/', source: 'commit' };
  const reading = (value: unknown) => readReport(bytes(JSON.stringify(value)));
  const reason = (value: unknown) => Object(reading(value)).reason;

  it('may have fields that are not known, and lack what is not needed', () => {
    expect(
      reading([
        { ...entry, score: 7 },
        { token: 't', type: 'a' },
        { ...entry, url: null },
      ]),
    ).toHaveLength(3);
    expect(reading([])).toEqual([]);
  });

  it.each([
    ['an object', {}],
    ['null', null],
    ['a list of texts', ['t']],
    ['no token', [{ type: 'a', url: '' }]],
    ['an empty token', [{ ...entry, token: '' }]],
    ['a token that is no text', [{ ...entry, token: { length: 5 } }]],
  ])('is not %s', (_, value) => expect(reason(value)).toBe('request_invalid'));

  it('is UTF-8, and has 1,000 entries at most', () => {
    expect(Object(readReport(Uint8Array.from([0x5b, 0xff, 0x5d]))).reason).toBe('request_invalid');
    expect(Object(readReport(bytes('[{'))).reason).toBe('request_invalid');
    expect(reading(Array(1_000).fill(entry))).toHaveLength(1_000);
    expect(reason(Array(1_001).fill(entry))).toBe('body_too_large');
  });

  it('that is refused tells nothing of what it holds', () => {
    const key = unissuedKey();
    expect(JSON.stringify(reading([{ ...entry, [key]: key, token: [key] }]))).not.toContain(key.slice(0, 20));
  });
});

describe('the place of a leak', () => {
  const format = formatOf('keystile');
  const at = (url: string | null | undefined, token = 'old-style-secret-1', more = {}) =>
    placeOf({ token, type: 'a_type', url, source: 'content', ...more }, (text) => redact(text, format));

  it.each([
    ['https://github.com/o/r/blob/abc/a%20b.txt', 'https://github.com/o/r/blob/abc/a%20b.txt'],
    ['https://me:pass@github.com/o?key=1#L1', 'https://github.com/o'],
    ['javascript:alert(1)', ''],
    ['not a url', ''],
    ['', ''],
    [null, ''],
    [undefined, ''],
  ])('%s is kept as %s', (url, kept) => expect(at(url).url).toBe(kept));

  const key = unissuedKey();
  const encode = (text: string) => [...Buffer.from(text)].map((octet) => `%${octet.toString(16)}`).join('');
  const hidden: [string, string][] = [
    ['as it is', key],
    ['encoded', encode(key)],
    ['encoded in part', `${key.slice(0, 9)}%${key.charCodeAt(9).toString(16)}${key.slice(10)}`],
    ['encoded twice', encode(encode(key))],
    ['encoded beside what is no encoding', `%zz%${encode(key)}`],
    ['encoded very often', encode(encode(encode(encode(key))))],
  ];
  it.each(hidden)('never holds a key, %s', (_, text) => {
    const another = at(`https://github.com/o/${text}/x`);
    const same = at(`https://github.com/o/${text}/x`, key, { type: key, source: 'A_b' });
    for (const place of [another, same]) {
      const kept = JSON.stringify([place, Object.values(place).map(decodeURIComponentOf)]);
      expect(kept).not.toContain(key.slice(0, 16));
      expect(kept).not.toContain(key.slice(-12));
    }
    expect(same).toMatchObject({ source: 'a_b', type: '…' });
  });

  it('never holds the token, whatever it looks like', () => {
    expect(at('https://github.com/o/old-style-secret-1/x').url).toBe('https://github.com/o/…/x');
  });

  it('is short, and its names are names', () => {
    const place = at(`https://github.com/${'a'.repeat(5_000)}`, 'x', {
      type: 'y'.repeat(5_000),
      source: 'z'.repeat(50),
    });
    expect([place.url.length, place.type.length, place.source]).toEqual([500, 100, 'unknown']);
    expect(at('', 'x', { source: '<script>' }).source).toBe('unknown');
    expect(at('', 'x', { source: undefined }).source).toBe('unknown');
  });

  /** As often as it can be. */
  function decodeURIComponentOf(text: string): string {
    let decoded = text;
    for (let i = 0; i < 9; i++)
      decoded = decoded.replace(/%([2-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    return decoded;
  }
});

describe('the page on leaks', () => {
  const pages = import.meta.glob<string>('../../docs/leaks.md', { query: '?raw', import: 'default', eager: true });
  const page = Object.values(pages).join();
  const expression = new RegExp(`^(?:${/```\n(ks_\S+)\n```/.exec(page)?.[1]})$`);

  it('gives an expression that takes keys of every environment, and none of another form', () => {
    for (const environment of ['live', 'test', 'dev', 'trial']) {
      for (let i = 0; i < 20; i++) expect(keyOf(environment)).toMatch(expression);
    }
    for (const text of [`${keyOf('live')}x`, keyOf('live').slice(1), `ks_prod_${'a'.repeat(38)}`]) {
      expect(text).not.toMatch(expression);
    }
  });

  it('says of which characters each part of a template consists', () => {
    const told = new Map(
      [...page.matchAll(/^\| `\{(\w+)(?::N)?\}` \| `(\[[^`]+\])\{\w\}` \|$/gm)].map(([, name, set]) => [name, set]),
    );
    for (const [name, alphabet] of ALPHABETS) {
      const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
      const taken = characters.filter((character) => new RegExp(`^${told.get(name)}$`).test(character));
      expect([name, taken.sort().join('')]).toEqual([name, [...alphabet].sort().join('')]);
    }
    expect(told.get('crc32')).toBe(told.get('base62'));
  });
});
