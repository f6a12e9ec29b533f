import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { closedBreaker, recordAnswer, recordFailure } from '../../src/gateway/breaker.ts';
import { openLogger } from '../../src/gateway/record.ts';

let lines: Record<string, unknown>[];
let nowMs: number;

beforeEach(() => {
  lines = [];
  nowMs = 1_800_000_000_000;
  vi.spyOn(console, 'log').mockImplementation((text: string) => lines.push(JSON.parse(text)));
});
afterEach(() => vi.restoreAllMocks());

const open = () => openLogger(null, 'digest', () => nowMs);

test('an outage writes one line in 10 s, and the next tells how many were left out', () => {
  const { alert } = open();
  for (let n = 0; n < 25; n++) {
    alert('gate_unavailable', { cause: 'gate', error: `attempt ${n}` });
    nowMs += 1_000;
  }
  expect(lines.map(({ error, left_out }) => [error, left_out])).toEqual([
    ['attempt 0', undefined],
    ['attempt 10', 9],
    ['attempt 20', 9],
  ]);
  expect(lines[0]).toMatchObject({ level: 'alert', event: 'gate_unavailable', cause: 'gate', policy: 'digest' });
});

test('alerts of other names, causes, origins and jobs are not left out', () => {
  const { alert } = open();
  for (let n = 0; n < 2; n++) {
    alert('gate_unavailable', { cause: 'gate' });
    alert('gate_unavailable', { cause: 'lockout' });
    alert('upstream_unhealthy', { origin: 'https://a.example' });
    alert('upstream_unhealthy', { origin: 'https://b.example' });
    alert('schedule_failed', { job: 'sweepOutbox' });
    alert('schedule_failed', { job: 'purgeTrialKeys' });
    alert('renewal_failed', { key: `key_${n}` });
  }
  expect(lines.length).toBe(7);
});

test('a clock that steps back holds no alert up for longer', () => {
  const { alert } = open();
  alert('control_failed', {});
  nowMs -= 3_600_000;
  alert('control_failed', {});
  expect(lines.length).toBe(2);
});

test('a breaker tells its opening once, until it has closed again', () => {
  const breaker = closedBreaker();
  const fail = (times: number) => Array.from({ length: times }, () => recordFailure(breaker, nowMs));
  expect(fail(7)).toEqual([false, false, false, false, true, false, false]);
  nowMs += 60_000;
  expect(fail(2)).toEqual([false, false]);
  recordAnswer(breaker);
  expect(fail(5)).toEqual([false, false, false, false, true]);
});
