import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findCredential, stripCredential, subprotocolToAnswer } from '../../src/credential/parse.ts';
import type { CredentialPlace } from '../../src/policy/schema.ts';

const BEARER = { in: 'bearer' } as const;
const BARE = { in: 'bare' } as const;
const NAMED = { in: 'header', name: 'x-api-key' } as const;
const SOCKET = { in: 'websocket', prefix: 'keystile-key.' } as const;
const ALL: readonly CredentialPlace[] = [BEARER, BARE, NAMED, SOCKET];
const PROTOCOLS = 'sec-websocket-protocol';

const token = fc.stringMatching(/^[A-Za-z0-9._-]{1,60}$/).filter((text) => text.toLowerCase() !== 'bearer');
const blank = fc.stringMatching(/^[ \t]{0,4}$/);
const found = (headers: Record<string, string>, places = ALL) => findCredential(new Headers(headers), places);

describe('Authorization', () => {
  test('gives its Bearer token, the scheme in any case and with any white space around', () => {
    const scheme = fc.mixedCase(fc.constant('bearer'));
    fc.assert(
      fc.property(scheme, token, blank, blank, fc.constantFrom(' ', '\t'), (word, text, before, after, gap) => {
        const authorization = `${before}${word}${gap}${before}${text}${after}`;
        expect(found({ authorization })).toEqual({ kind: 'found', text, place: BEARER });
        expect(found({ authorization }, [BARE])).toEqual({ kind: 'none' });
      }),
    );
  });

  test('gives its bare value, with white space around', () => {
    fc.assert(
      fc.property(token, blank, blank, (text, before, after) => {
        const authorization = `${before}${text}${after}`;
        expect(found({ authorization })).toEqual({ kind: 'found', text, place: BARE });
        expect(found({ authorization }, [BEARER])).toEqual({ kind: 'none' });
      }),
    );
  });

  test.each(['', ' ', 'Bearer', 'bearer ', 'Basic dTpw', 'Digest username="a", realm="b"', 'Bearers x', 'xBearer y'])(
    '"%s" is no credential',
    (authorization) => {
      expect(found({ authorization })).toEqual({ kind: 'none' });
    },
  );

  test('keeps what it cannot understand, for the format to refuse', () => {
    expect(found({ authorization: 'Bearer a, Bearer b' })).toMatchObject({ text: 'a, Bearer b' });
    expect(found({ authorization: 'Bearer a b' })).toMatchObject({ text: 'a b' });
  });
});

describe('a credential', () => {
  test('is found in a named header, trimmed, and not in an empty one', () => {
    expect(found({ 'X-API-Key': ' abc\t' })).toEqual({ kind: 'found', text: 'abc', place: NAMED });
    expect(found({ 'x-api-key': '  ' })).toEqual({ kind: 'none' });
  });

  test('is found among the offered WebSocket subprotocols by its prefix', () => {
    expect(found({ [PROTOCOLS]: 'chat, keystile-key.abc' })).toEqual({ kind: 'found', text: 'abc', place: SOCKET });
    expect(found({ [PROTOCOLS]: 'keystile-key.,keystile-key.abc' })).toMatchObject({ text: 'abc' });
    expect(found({ [PROTOCOLS]: 'chat, Keystile-Key.abc, xkeystile-key.abc' })).toEqual({ kind: 'none' });
    expect(found({ [PROTOCOLS]: 'keystile-key.abc' }, [BEARER, BARE, NAMED])).toEqual({ kind: 'none' });
  });

  test('is taken from the first place of the policy that has one', () => {
    const headers = { authorization: 'Bearer a', 'x-api-key': 'b', [PROTOCOLS]: 'keystile-key.c' };
    expect(found(headers)).toMatchObject({ text: 'a' });
    expect(found(headers, [NAMED, BEARER])).toMatchObject({ text: 'b' });
    expect(found(headers, [SOCKET, NAMED, BEARER])).toMatchObject({ text: 'c' });
    expect(found({ ...headers, authorization: 'Basic eDp5' })).toMatchObject({ text: 'b' });
    expect(found({})).toEqual({ kind: 'none' });
  });

  test('of any headers is found or not, and is nowhere in what is forwarded', () => {
    const value = fc.oneof(
      token,
      fc.string({ unit: 'grapheme-ascii' }),
      fc.constantFrom('Bearer', 'a,b', 'keystile-key.', 'keystile-key.k, chat'),
      token.map((text) => `Bearer ${text}`),
    );
    const headers = fc.record(
      { authorization: value, 'x-api-key': value, [PROTOCOLS]: value, accept: fc.constant('text/plain') },
      { requiredKeys: ['accept'] },
    );
    fc.assert(
      fc.property(headers, fc.shuffledSubarray([...ALL]), (given, places) => {
        const sent = new Headers(given);
        const { kind } = findCredential(sent, places);
        expect(['none', 'found']).toContain(kind);
        stripCredential(sent, places);
        expect(findCredential(sent, places)).toEqual({ kind: 'none' });
        expect(sent.get('accept')).toBe('text/plain');
      }),
    );
  });

  test('is removed from every place of the policy, used or not, and from no other', () => {
    const given = { authorization: 'Bearer a', 'x-api-key': 'b', [PROTOCOLS]: 'keystile-key.c, chat, v2' };
    const all = new Headers(given);
    stripCredential(all, ALL);
    expect([...all]).toEqual([[PROTOCOLS, 'chat, v2']]);
    const named = new Headers(given);
    stripCredential(named, [NAMED]);
    expect([...named.keys()]).toEqual(['authorization', PROTOCOLS]);
    const untouched = new Headers({ [PROTOCOLS]: 'chat,v2' });
    stripCredential(untouched, ALL);
    expect(untouched.get(PROTOCOLS)).toBe('chat,v2');
  });

  test('in a huge header costs little', () => {
    const headers = new Headers({ authorization: 'a'.repeat(1_000_000), [PROTOCOLS]: 'a,'.repeat(100_000) });
    const startedMs = performance.now();
    for (let i = 0; i < 10; i++) {
      findCredential(headers, [BEARER, SOCKET]);
      stripCredential(new Headers(headers), ALL);
    }
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});

describe('the subprotocol', () => {
  test.each([
    ['keystile-key.abc', 'keystile-key.abc'],
    ['keystile-key.abc, keystile-key.def', 'keystile-key.abc'],
    ['keystile-key.abc, chat', null],
    ['chat', null],
    ['', null],
  ])('that the gateway answers to "%s" is %s', (offered, answer) => {
    expect(subprotocolToAnswer(new Headers({ [PROTOCOLS]: offered }), ALL)).toBe(answer);
  });

  test('is left to the origin where the policy has no such place, or nothing was offered', () => {
    expect(subprotocolToAnswer(new Headers({ [PROTOCOLS]: 'keystile-key.abc' }), [BEARER])).toBeNull();
    expect(subprotocolToAnswer(new Headers(), ALL)).toBeNull();
  });
});
