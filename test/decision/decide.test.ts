import { describe, expect, test } from 'vitest';
import { allDenials, decide, mayVerify, type RequestFacts } from '../../src/decision/decide.ts';
import type { KeyRecord } from '../../src/decision/record.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { goodRecord as good } from '../support/record.ts';

const NOW = 1_700_000_000_000;
const loaded = loadPolicy(undefined);
if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
const { policy } = loaded;

const call: RequestFacts = { method: 'POST', path: '/v1/chat/completions', address: '203.0.113.9' };

function reason(record: Partial<KeyRecord>, facts: Partial<RequestFacts> = {}): string | null {
  return decide({ ...good, ...record }, { ...call, ...facts }, policy, NOW)?.reason ?? null;
}

describe('a key', () => {
  test('that is good is admissible', () => {
    expect(reason({})).toBeNull();
  });

  test.each<[string, Partial<KeyRecord>, string | null]>([
    ['revoked', { status: 'revoked' }, 'revoked'],
    ['of a suspended account', { accountStatus: 'suspended' }, 'account_suspended'],
    ['switched off', { status: 'inactive' }, 'inactive'],
    ['with a status nobody knows', { status: 'odd' as 'active' }, 'inactive'],
    ['that expires later', { expiresAtMs: NOW + 1 }, null],
    ['that expires at this very moment', { expiresAtMs: NOW }, 'expired'],
    ['whose expiry is no number', { expiresAtMs: Number.NaN }, 'expired'],
    ['whose secret is in its grace', { graceEndsAtMs: NOW + 1 }, null],
    ['whose secret has passed its grace', { graceEndsAtMs: NOW }, 'grace_ended'],
    ['whose secret was replaced and is in its grace', { replacedAtMs: NOW - 1, graceEndsAtMs: NOW + 1 }, null],
    [
      'whose secret was replaced at once, by a clock ahead',
      { replacedAtMs: NOW + 9, graceEndsAtMs: NOW + 9 },
      'grace_ended',
    ],
    ['with an unknown role', { role: 'boss' }, 'role_forbidden'],
    ['with a role out of the prototype', { role: 'constructor' }, 'role_forbidden'],
    ['of an unknown environment', { environment: 'moon' }, 'role_forbidden'],
    ['of an environment out of the prototype', { environment: 'toString' }, 'role_forbidden'],
    ['with the address on its list', { addresses: ['2001:db8::/32', '203.0.113.0/24'] }, null],
    ['without the address on its list', { addresses: ['203.0.114.0/24'] }, 'address_forbidden'],
    ['with an empty list', { addresses: [] }, 'address_forbidden'],
    ['with nonsense on its list', { addresses: ['everyone', '*'] }, 'address_forbidden'],
  ])('%s', (_name, record, expected) => {
    expect(reason(record)).toBe(expected);
  });

  test('with a list is refused to a caller without an address', () => {
    expect(reason({ addresses: ['0.0.0.0/0'] }, { address: '' })).toBe('address_forbidden');
  });

  test('with several faults is told the first of them in order', () => {
    const faults: [Partial<KeyRecord>, string][] = [
      [{ addresses: [] }, 'address_forbidden'],
      [{ role: 'boss' }, 'role_forbidden'],
      [{ graceEndsAtMs: 0 }, 'grace_ended'],
      [{ expiresAtMs: 0 }, 'expired'],
      [{ status: 'inactive' }, 'inactive'],
      [{ accountStatus: 'suspended' }, 'account_suspended'],
      [{ status: 'revoked' }, 'revoked'],
    ];
    let record: Partial<KeyRecord> = {};
    for (const [fault, expected] of faults) {
      record = { ...record, ...fault };
      expect(reason(record)).toBe(expected);
    }
  });

  test('with several faults is told all of them in order, and none where there is none', () => {
    const reasons = (record: Partial<KeyRecord>, facts: Partial<RequestFacts> = {}) =>
      allDenials({ ...good, ...record }, { ...call, ...facts }, policy, NOW).map((denial) => denial.reason);
    expect(reasons({})).toEqual([]);
    const faulty = {
      addresses: [],
      role: 'boss',
      graceEndsAtMs: 0,
      expiresAtMs: 0,
      accountStatus: 'suspended',
    } as const;
    const most = ['expired', 'grace_ended', 'role_forbidden', 'address_forbidden'];
    expect(reasons({ ...faulty, status: 'inactive' })).toEqual(['account_suspended', 'inactive', ...most]);
    expect(reasons({ ...faulty, status: 'revoked' })).toEqual(['revoked', 'account_suspended', ...most]);
    expect(reasons({ addresses: [] }, { address: null })).toEqual(['address_missing']);
  });

  test('with a list is not judged where no address is known, and without one needs none', () => {
    expect(reason({ addresses: ['0.0.0.0/0'] }, { address: null })).toBe('address_missing');
    expect(reason({}, { address: null })).toBeNull();
  });
});

describe('a role', () => {
  test.each<[string, string, string, boolean]>([
    ['viewer', 'GET', '/v1/models', true],
    ['viewer', 'HEAD', '/v1/models', true],
    ['viewer', 'POST', '/v1/models', false],
    ['viewer', 'GET', '/api/v1/billing/invoices', false],
    ['developer', 'POST', '/v1/models', true],
    ['developer', 'GET', '/api/v1/billing', false],
    ['developer', 'GET', '/api/v1/billing/', false],
    ['developer', 'GET', '/api/v1/billings', true],
    ['account_admin', 'POST', '/api/v1/billing', true],
    ['trial', 'POST', '/v1/chat', true],
    ['trial', 'POST', '/webhooks', false],
  ])('%s may %s %s: %s', (role, method, path, expected) => {
    expect(reason({ role }, { method, path }) === null).toBe(expected);
  });
});

describe('where no path is known', () => {
  test.each<[string, string | null]>([
    ['viewer', null],
    ['developer', null],
    ['service', 'role_forbidden'],
    ['boss', 'role_forbidden'],
    ['constructor', 'role_forbidden'],
  ])('the role %s must permit anything at all', (role, expected) => {
    expect(reason({ role }, { path: null })).toBe(expected);
  });
});

describe('who asks about other keys', () => {
  test.each<[string, string | null]>([
    ['service', null],
    ['account_admin', 'role_forbidden'],
    ['boss', 'role_forbidden'],
    ['constructor', 'role_forbidden'],
  ])('may do so with a role that verifies: %s', (role, expected) => {
    expect(reason({ role }, { verifies: true })).toBe(expected);
    expect(reason({ role }, { verifies: true, path: null })).toBe(expected);
  });

  test('is judged by state and addresses as all are', () => {
    expect(reason({ role: 'service', status: 'inactive' }, { verifies: true })).toBe('inactive');
    expect(reason({ role: 'service', addresses: ['198.51.100.1'] }, { verifies: true })).toBe('address_forbidden');
    expect(reason({ role: 'service', environment: 'moon' }, { verifies: true })).toBe('role_forbidden');
  });

  test('is nobody where no role verifies', () => {
    expect(mayVerify(policy)).toBe(true);
    const roles = { service: { allow: [], verifies: false } };
    const without = loadPolicy({ roles });
    expect(without.ok && mayVerify(without.policy)).toBe(false);
  });
});
