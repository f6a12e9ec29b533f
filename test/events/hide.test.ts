import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redact } from '../../src/credential/redact.ts';
import type { Sent } from '../../src/events/deliver.ts';
import { hideSecrets } from '../../src/events/hide.ts';
import { formatOf, unissuedKey } from '../support/keys.ts';
import { newSecret } from '../support/receiver.ts';

const hide = (sent: Sent) => hideSecrets(sent, (text) => redact(text, formatOf('keystile')));

const request = { url: 'https://hooks.example.com', headers: { 'webhook-id': 'evt_1' }, body: '{}' };
const answered = (body: string, headers: Record<string, string> = {}): Sent => ({
  ...{ ok: false, atMs: 1, durationMs: 2, status: 500, error: null, request },
  response: { headers, body },
});

test('keys and secrets are hidden in an answer, wherever they stand, whole or cut off', () => {
  const around = fc.string({ maxLength: 30 });
  fc.assert(
    fc.property(around, around, fc.integer({ min: 30, max: 200 }), (before, after, length) => {
      const [key, secret] = [unissuedKey(), newSecret()];
      const text = `${before} ${key},${secret}${after} "${secret}" ${key}`.slice(0, before.length + length);
      const told = JSON.stringify(hide(answered(text, { 'x-said': text, [secret]: 'x' })));
      for (const hidden of [key.slice(0, 25), secret.slice(0, 8), secret.slice(8)]) expect(told).not.toContain(hidden);
    }),
  );
});

test('all else is kept as it is', () => {
  const body = 'whsec_ is what a secret begins with, ks_live_ a key; evt_1 is bad';
  const sent = answered(body, { 'retry-after': '120', 'content-type': 'text/plain' });
  expect(hide(sent)).toEqual(sent);
  const unanswered = { ...sent, status: null, error: 'timeout', response: null };
  expect(hide(unanswered)).toEqual(unanswered);
});
