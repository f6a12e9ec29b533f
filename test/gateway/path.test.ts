import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalisePath, plainQuery } from '../../src/gateway/path.ts';

const read = (path: string) => normalisePath(`http://gateway.example${path}`);
const pathOf = (path: string) => {
  const normal = read(path);
  return normal.ok ? normal.path : null;
};

/** How an origin may take a path apart: every layer of encoding undone, slashes and backslashes alike. */
function segmentsAfter(path: string, decodings: number): string[] {
  let text = path;
  for (let i = 0; i < decodings; i++) {
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return text.split(/[/\\]/);
}

/** Paths of the pieces that matter, so that nearly every case is a difficult one. */
const pieces = [
  '/',
  '//',
  '.',
  '..',
  '%',
  '%2',
  '2',
  '5',
  'f',
  'F',
  'e',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '\\',
  '%25',
  '%00',
];
const others = [
  'a',
  'v1',
  '%61',
  '%C3',
  '%c3%a9',
  'é',
  ';',
  '%3b',
  '+',
  '%2B',
  ':',
  '%3a',
  '"',
  '[',
  '|',
  '😀',
  '\ud800',
  '\x01',
  '~',
  '#',
  '%7F',
  '*',
];
const hardPath = fc
  .array(fc.constantFrom(...pieces, ...others), { maxLength: 12 })
  .map((parts) => `/${parts.join('')}`);
const anyPath = fc.oneof(
  { weight: 3, arbitrary: hardPath },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map((text) => `/${text.replaceAll('?', '')}`) },
);
const RUNS = { numRuns: 5_000 };

describe('a path', () => {
  test('that is plain passes as it is', () => {
    for (const path of [
      '/',
      '/v1/chat/completions',
      '/a.b/..c/.well-known',
      "/v1/m:run/a@b,c=d,e+f!$&'()*~_-",
      '/v1/',
    ]) {
      expect(pathOf(path)).toBe(path);
    }
  });

  test('has encodings of plain characters undone and others in upper case', () => {
    expect(pathOf('/v1/%61dmin')).toBe('/v1/admin');
    expect(pathOf('/%7euser/m%3Arun/caf%c3%a9/%3d%2b')).toBe('/~user/m:run/caf%C3%A9/%3D%2B');
  });

  test('has raw characters encoded that no path may hold', () => {
    expect(pathOf('/é/a"b/[1]|{}')).toBe('/%C3%A9/a%22b/%5B1%5D%7C%7B%7D');
  });

  test('that could be read in two ways is refused', () => {
    const twofold = [
      '/a//b',
      '//a',
      '/a%2fb',
      '/a%2Fb',
      '/a%5cb',
      '/a\\b',
      '/a/../b',
      '/a/%2e%2e/b',
      '/a/.%2E',
      '/.',
      '/a/.',
      '/billing;x/invoices',
      '/a%3bb',
    ];
    const hidden = [
      '/a%252fb',
      '/%2561',
      '/%25%32f',
      '/a/..;/b',
      '/a/..%3bx',
      '/%00',
      '/%1f',
      '/%7f',
      '/\x01',
      '/%',
      '/%zz',
      '/%2',
      '/%e9',
      '/%c0%af',
      '/\ud800',
      '/a#b',
    ];
    for (const path of [...twofold, ...hidden]) expect(read(path), path).toEqual({ ok: false });
  });

  test('keeps its query string untouched', () => {
    const normal = read("/%61?x=%2f//../%zz&y='é?");
    expect(normal).toEqual({ ok: true, path: '/a', search: "?x=%2f//../%zz&y='é?" });
    expect(read('/a?')).toEqual({ ok: true, path: '/a', search: '?' });
  });

  test('cannot be moved by the Host header', () => {
    for (const host of ['a?b', 'a#b', 'a@b', 'a\\b']) expect(normalisePath(`http://${host}/p`)).toEqual({ ok: false });
    expect(normalisePath('http://host*')).toEqual({ ok: false });
    expect(normalisePath('http://[::1]:3/p')).toEqual({ ok: true, path: '/p', search: '' });
  });
});

describe('an accepted path', () => {
  test('is a fixed point', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const path = pathOf(raw);
        if (path !== null) expect(pathOf(path)).toBe(path);
      }),
      RUNS,
    );
  });

  test('is forwarded byte for byte as it was matched', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const path = pathOf(raw);
        if (path !== null) expect(new URL(`http://origin.example${path}`).pathname).toBe(path);
      }),
      RUNS,
    );
  });

  test('has the same segments for an origin that decodes never, once or twice', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const path = pathOf(raw);
        if (path === null) return;
        const plain = segmentsAfter(path, 0);
        for (const decodings of [1, 2, 3]) {
          const decoded = segmentsAfter(path, decodings);
          expect(decoded).toHaveLength(plain.length);
          expect(decoded.slice(1, -1)).not.toContain('');
          for (const segment of decoded) expect(['.', '..']).not.toContain(segment.replace(/;.*/, ''));
        }
        expect(segmentsAfter(path, 2)).toEqual(segmentsAfter(path, 1));
      }),
      RUNS,
    );
  });

  test('means what the client wrote', () => {
    fc.assert(
      fc.property(anyPath, (raw) => {
        const path = pathOf(raw);
        if (path !== null) expect(decodeURIComponent(path)).toBe(decodeURIComponent(raw));
      }),
      RUNS,
    );
  });

  test('is no rarity among the cases above', () => {
    const accepted = fc.sample(hardPath, 2_000).filter((raw) => pathOf(raw) !== null);
    expect(accepted.length).toBeGreaterThan(100);
  });
});

describe('a recorded query', () => {
  test('has no encoding that need not be, so that a key in it is found', () => {
    expect(plainQuery('?k=ks%5Flive%5fa%42c&x=%2f%26%3D%20')).toBe('?k=ks_live_aBc&x=%2F&%3D%20');
    expect(plainQuery('')).toBe('');
  });
});
