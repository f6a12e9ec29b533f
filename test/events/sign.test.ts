import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type SignatureHeaders, sign } from '../../src/events/sign.ts';
import { newSecret } from '../support/receiver.ts';

/*
 * What is signed, and that nothing of it can be altered: the library of Standard Webhooks verifies, as a receiver does.
 */

const NOW_MS = Date.parse('2030-01-31T12:00:00.750Z');
const MINUTE_MS = 60_000;
const ID = 'evt_42';
const BODY = JSON.stringify({ id: ID, type: 'key_rotated', version: 1, data: { account: 'acc_1', label: 'Zoë 🔑' } });
const [SECRET, OTHER, OLD] = [newSecret(), newSecret(), newSecret()];

const verified = (headers: object, body = BODY, secret = SECRET) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
const refused = (headers: object, body?: string, secret?: string) => () => verified(headers, body, secret);

const NO_MATCH = 'No matching signature found';
const signed = sign(ID, NOW_MS, BODY, [SECRET]);
/** A signature apart from its version. */
const hmacOf = (headers: SignatureHeaders) => headers['webhook-signature'].slice('v1,'.length);
const withSignature = (signature: string) => ({ ...signed, 'webhook-signature': signature });

// Only the clock that the library reads.
vi.useFakeTimers({ toFake: ['Date'] });
beforeEach(() => vi.setSystemTime(NOW_MS));
afterAll(() => vi.useRealTimers());

describe('a signature', () => {
  test('is the one of the specification', () => {
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    const headers = sign(id, 1_614_265_330_999, '{"test": 2432232314}', ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
    expect(headers).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('is HMAC-SHA256 over id, time and body, under the bytes of the secret', () => {
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    expect(key).toHaveLength(32);
    const hmac = createHmac('sha256', key).update(`${ID}.${Math.floor(NOW_MS / 1_000)}.${BODY}`);
    expect(hmacOf(signed)).toBe(hmac.digest('base64'));
  });

  test('verifies whatever is signed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, id) => {
        const body = JSON.stringify({ text });
        expect(verified(sign(`evt_${id}`, NOW_MS, body, [SECRET]), body)).toEqual({ text });
      }),
    );
  });

  test('shows nothing of the secret', () => {
    const told = JSON.stringify(sign(ID, NOW_MS, BODY, [SECRET, OTHER]));
    for (const secret of [SECRET, OTHER]) expect(told).not.toContain(secret.slice('whsec_'.length, 16));
  });

  test('is never missing', () => {
    expect(() => sign(ID, NOW_MS, BODY, [])).toThrow('no secret to sign with');
  });
});

describe('what was signed is refused with', () => {
  test('another id', () => {
    for (const id of ['evt_43', 'evt_4', 'evt_422', 'EVT_42', ' evt_42', 'del_42']) {
      expect(refused({ ...signed, 'webhook-id': id })).toThrow(NO_MATCH);
    }
  });

  test('another time, by a second', () => {
    for (const seconds of [-1, 1, 60, -60]) {
      const timestamp = String(Number(signed['webhook-timestamp']) + seconds);
      expect(refused({ ...signed, 'webhook-timestamp': timestamp })).toThrow(NO_MATCH);
    }
  });

  test('a time that is none', () => {
    expect(refused({ ...signed, 'webhook-timestamp': 'now' })).toThrow('Invalid Signature Headers');
  });

  test('any byte of the body altered', () => {
    const bytes = Buffer.from(BODY);
    for (const [i, byte] of bytes.entries()) {
      if (byte >= 0x80) continue;
      const altered = Buffer.from(bytes);
      altered[i] = byte ^ 1;
      expect(refused(signed, altered.toString())).toThrow(NO_MATCH);
    }
    expect(refused(signed, BODY.replace('ë', 'e'))).toThrow(NO_MATCH);
    expect(refused(signed, BODY.normalize('NFD'))).toThrow(NO_MATCH);
  });

  test('the same JSON written otherwise, cut off or continued', () => {
    const { id, ...rest } = JSON.parse(BODY);
    const others = [`${BODY} `, `${BODY}\n`, ` ${BODY}`, BODY.slice(0, -1), `${BODY}${BODY}`, '', '{}'];
    for (const body of [...others, JSON.stringify({ ...rest, id }), JSON.stringify(JSON.parse(BODY), null, 2)]) {
      expect(refused(signed, body)).toThrow(NO_MATCH);
    }
  });

  test('any byte of the signature altered', () => {
    const bytes = Buffer.from(hmacOf(signed), 'base64');
    expect(bytes).toHaveLength(32);
    for (const [i, byte] of bytes.entries()) {
      const altered = Buffer.from(bytes);
      altered[i] = byte ^ 0x80;
      expect(refused(withSignature(`v1,${altered.toString('base64')}`))).toThrow(NO_MATCH);
    }
  });

  test('a part of the signature', () => {
    const value = hmacOf(signed);
    for (const part of ['', value.slice(0, -1), value.slice(1), `${value}=`, value.toLowerCase()]) {
      expect(refused(withSignature(`v1,${part}`))).toThrow(NO_MATCH);
    }
  });

  test('another version before the signature', () => {
    const value = hmacOf(signed);
    for (const signature of [
      `v2,${value}`,
      `v1a,${value}`,
      `V1,${value}`,
      `,${value}`,
      value,
      `v1 ${value}`,
      `v1:${value}`,
    ]) {
      expect(refused(withSignature(signature))).toThrow(NO_MATCH);
    }
  });

  test('a secret that is another', () => {
    expect(refused(signed, BODY, OTHER)).toThrow(NO_MATCH);
  });

  test('the secrets of two endpoints swapped', () => {
    const other = sign(ID, NOW_MS, BODY, [OTHER]);
    expect(refused(signed, BODY, OTHER)).toThrow(NO_MATCH);
    expect(refused(other, BODY, SECRET)).toThrow(NO_MATCH);
    expect(verified(other, BODY, OTHER)).toEqual(verified(signed, BODY, SECRET));
  });

  test('the signature of another delivery', () => {
    const signature = sign('evt_43', NOW_MS, BODY, [SECRET])['webhook-signature'];
    expect(refused(withSignature(signature))).toThrow(NO_MATCH);
    const body = BODY.replace('acc_1', 'acc_2');
    expect(refused(withSignature(sign(ID, NOW_MS, body, [SECRET])['webhook-signature']))).toThrow(NO_MATCH);
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const)('no %s', (name) => {
    const { [name]: _, ...others } = signed;
    expect(refused(others)).toThrow('Missing required headers');
    expect(refused({ ...signed, [name]: '' })).toThrow('Missing required headers');
  });

  test('a time that is more than five minutes ago, or ahead', () => {
    for (const [movedMs, problem] of [
      [5 * MINUTE_MS + 1_000, 'Message timestamp too old'],
      [86_400_000, 'Message timestamp too old'],
      [-5 * MINUTE_MS - 1_000, 'Message timestamp too new'],
    ] as const) {
      vi.setSystemTime(NOW_MS + movedMs);
      expect(refused(signed)).toThrow(problem);
    }
    for (const movedMs of [5 * MINUTE_MS, -5 * MINUTE_MS, 0]) {
      vi.setSystemTime(NOW_MS + movedMs);
      expect(verified(signed)).toEqual(JSON.parse(BODY));
    }
  });
});

test('a later attempt of the same delivery has the same id and body, and a signature of its own time', () => {
  const later = sign(ID, NOW_MS + 10 * MINUTE_MS, BODY, [SECRET]);
  expect(later['webhook-id']).toBe(signed['webhook-id']);
  expect(later['webhook-signature']).not.toBe(signed['webhook-signature']);
  vi.setSystemTime(NOW_MS + 10 * MINUTE_MS);
  expect(verified(later)).toEqual(JSON.parse(BODY));
  expect(refused(signed)).toThrow('Message timestamp too old');
});

describe('while a secret is rotated', () => {
  const both = sign(ID, NOW_MS, BODY, [SECRET, OLD]);
  const [first = '', second = ''] = both['webhook-signature'].split(' ');

  test('who knows either of them verifies, and nobody else', () => {
    expect(both['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
    expect(verified(both, BODY, SECRET)).toEqual(JSON.parse(BODY));
    expect(verified(both, BODY, OLD)).toEqual(JSON.parse(BODY));
    expect(refused(both, BODY, OTHER)).toThrow(NO_MATCH);
  });

  test('the newest signs first', () => {
    expect(first).toBe(signed['webhook-signature']);
    expect(second).toBe(sign(ID, NOW_MS, BODY, [OLD])['webhook-signature']);
  });

  test('each signature counts for its own secret alone', () => {
    expect(refused(withSignature(second), BODY, SECRET)).toThrow(NO_MATCH);
    expect(refused(withSignature(first), BODY, OLD)).toThrow(NO_MATCH);
    expect(verified(withSignature(`${second} ${first}`), BODY, SECRET)).toEqual(JSON.parse(BODY));
  });

  test('an altered one spoils nothing of the other', () => {
    const spoilt = `v1,${'A'.repeat(43)}=`;
    expect(verified(withSignature(`${spoilt} ${second}`), BODY, OLD)).toEqual(JSON.parse(BODY));
    expect(refused(withSignature(`${spoilt} ${second}`), BODY, SECRET)).toThrow(NO_MATCH);
    expect(verified(withSignature(`v2,x ${first}`), BODY, SECRET)).toEqual(JSON.parse(BODY));
  });

  test('no part of the delivery can be altered for either', () => {
    for (const secret of [SECRET, OLD]) {
      expect(refused({ ...both, 'webhook-id': 'evt_43' }, BODY, secret)).toThrow(NO_MATCH);
      expect(refused(both, `${BODY} `, secret)).toThrow(NO_MATCH);
    }
  });
});
