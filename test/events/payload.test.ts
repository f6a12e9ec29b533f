import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as z from 'zod';
import { payloadOf } from '../../src/events/payload.ts';
import { EVENTS } from '../../src/events/schemas.ts';
import { EVENT_TYPES, type EventType } from '../../src/events/types.ts';
import type { EventSource } from '../../src/registry/events.ts';
import { openDatabase } from '../registry/database.ts';

/*
 * What events tell: the schema of each type, and the payload that is made of an entry of the trail.
 */

const TYPES = Object.keys(EVENT_TYPES) as EventType[];
const AT_MS = 1_900_000_000_000;
const AT = new Date(AT_MS).toISOString();

let store: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
  store = await openDatabase();
});
afterAll(() => store?.close());

describe('the types', () => {
  test('are those of the registry, each for whom it is', async () => {
    const { results } = await store.db
      .prepare('SELECT DISTINCT type, audience FROM event_types')
      .all<{ type: string; audience: string }>();
    expect(Object.fromEntries(results.map(({ type, audience }) => [type, audience]))).toEqual(EVENT_TYPES);
    expect(results).toHaveLength(TYPES.length);
  });

  test('are all described', () => {
    expect(Object.keys(EVENTS).sort()).toEqual([...TYPES].sort());
  });

  test.each(TYPES)('%s has a sentence, and an example that its own schema takes and no other', (type) => {
    const { schema, summary, audience, example } = EVENTS[type];
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(audience).toBe(EVENT_TYPES[type]);
    expect(TYPES.filter((other) => EVENTS[other].schema.safeParse(example).success)).toEqual([type]);
    expect(schema.meta()).toMatchObject({ description: summary });
  });

  test.each(TYPES)('%s knows every field', (type) => {
    const { schema, example } = EVENTS[type];
    const taken = [
      { ...example, more: 1 },
      { ...example, data: { ...example.data, more: 1 } },
    ].filter((payload) => schema.safeParse(payload).success);
    expect(taken).toEqual([]);
    const without = Object.keys(example).filter((field) => {
      const { [field as 'id']: _, ...rest } = example;
      return schema.safeParse(rest).success;
    });
    expect(without).toEqual([]);
  });
});

const KEY = { prefix: 'ks_live_Ab3dE9', label: 'one', environment: 'live' };
const SHOWN = { id: 'key_1', ...KEY };
const OF_KEY = { account: 'acc_1', key: SHOWN };
const BY = { actor: 'member:mem_1' };
const LEAK = {
  reporter: 'github',
  outcome: 'revoke',
  prefix: 'ks_live_Old123',
  url: 'https://github.com/o/r/blob/main/a.py',
  source: 'commit',
  type: 'acme_api_key',
};
const MADE = {
  id: 'key_1',
  accountId: 'acc_1',
  memberId: 'mem_1',
  label: 'one',
  category: 'ci',
  environment: 'live',
  role: 'developer',
  expiresAtMs: AT_MS,
  ratePerSecond: 5,
  ratePerMinute: null,
  quotas: { total: 9 },
  addresses: ['192.0.2.0/24'],
  metadata: { team: 'search' },
  prefix: 'ks_live_Ab3dE9',
};
const SHOWN_MADE = { creator: 'mem_1', role: 'developer', category: 'ci', expires_at: AT };
const IMPORTED = { ...MADE, status: 'inactive', createdAtMs: 1, import: 'move-1', chunk: 0, line: 3 };
const QUOTA = { quota: 'monthly', unit: 'credits', limit: 10, used: 8, percent: 80, windowMs: 2_592_000_000 };
const SHOWN_QUOTA = { ...QUOTA, unit: 'micro_credits', windowMs: undefined, window_seconds: 2_592_000 };

interface Case extends Partial<EventSource> {
  readonly type: EventType;
  readonly action: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event of a key that a member has made happen, unless said otherwise. */
const sourceOf = ({ data: _, ...given }: Case): EventSource => ({
  id: 12,
  atMs: AT_MS,
  accountId: 'acc_1',
  keyId: 'key_1',
  sequence: 3,
  key: KEY,
  actor: BY.actor,
  before: null,
  after: null,
  ...given,
});
const NO_KEY = { keyId: null, key: null, sequence: null } as const;
const NOBODY = { ...NO_KEY, accountId: null, actor: 'system' } as const;

const revoked = (actor: string, cause: string, after = {}): Case => ({
  type: 'key_revoked',
  action: 'key.revoked',
  actor,
  before: { status: 'active' },
  after: { status: 'revoked', ...after },
  data: { ...OF_KEY, actor, cause },
});
const updated = (before: object, after: object, shown: [object, object] = [before, after], key = SHOWN): Case => ({
  type: 'key_updated',
  action: 'key.updated',
  before,
  after,
  data: { account: 'acc_1', key, ...BY, before: shown[0], after: shown[1] },
});

const CASES: readonly Case[] = [
  {
    type: 'key_created',
    action: 'key.created',
    after: MADE,
    data: { ...OF_KEY, ...BY, origin: 'created', status: 'active', ...SHOWN_MADE },
  },
  ...['imported', 'adopted'].map(
    (origin): Case => ({
      type: 'key_created',
      action: `key.${origin}`,
      after: IMPORTED,
      data: { ...OF_KEY, ...BY, origin, status: 'inactive', ...SHOWN_MADE },
    }),
  ),
  updated({ label: 'one' }, { label: 'two' }, undefined, { ...SHOWN, label: 'two' }),
  updated({ label: 'one' }, { label: null }, undefined, { ...SHOWN, label: null as never }),
  updated(
    { ratePerSecond: null, ratePerMinute: 5, expiresAtMs: null, quotas: {} },
    { ratePerSecond: 9, ratePerMinute: null, expiresAtMs: AT_MS, quotas: { total: 1, credits: { daily: 7 } } },
    [
      { rate_limit_per_second: null, rate_limit_per_minute: 5, expires_at: null, quotas: {}, credit_quotas: {} },
      {
        rate_limit_per_second: 9,
        rate_limit_per_minute: null,
        expires_at: AT,
        quotas: { total: 1 },
        credit_quotas: { daily: 7 },
      },
    ],
  ),
  updated({ quotas: { total: 1, credits: { daily: 7 } } }, { quotas: { total: 1 } }, [
    { credit_quotas: { daily: 7 } },
    { credit_quotas: {} },
  ]),
  updated({ addresses: null, metadata: {} }, { addresses: ['192.0.2.1'], metadata: { a: 'b' } }),
  // As after an erasure.
  updated({}, {}),
  {
    type: 'key_deactivated',
    action: 'key.deactivated',
    actor: 'github',
    before: { status: 'active' },
    after: { status: 'inactive' },
    data: { ...OF_KEY, actor: 'github', cause: 'leak' },
  },
  {
    type: 'key_activated',
    action: 'key.activated',
    before: { status: 'inactive' },
    after: { status: 'active' },
    data: { ...OF_KEY, ...BY },
  },
  {
    type: 'key_rotated',
    action: 'key.rotated',
    before: { prefix: KEY.prefix },
    after: { prefix: 'ks_live_New456', graceEndsAtMs: AT_MS },
    data: {
      account: 'acc_1',
      key: { ...SHOWN, prefix: 'ks_live_New456' },
      ...BY,
      old_key_prefix: KEY.prefix,
      grace_period_ends_at: AT,
    },
  },
  revoked('member:mem_1', 'member'),
  revoked('key:key_1', 'key'),
  revoked('admin:ops', 'operator'),
  revoked('github', 'leak'),
  revoked('system', 'system'),
  revoked('admin:ops', 'member_removed', { with: 'member' }),
  revoked('member:mem_2', 'account_closed', { with: 'account' }),
  {
    type: 'key_purged',
    action: 'key.purged',
    actor: 'system',
    before: { ...KEY, status: 'inactive' },
    data: { ...OF_KEY, actor: 'system', status: 'inactive' },
  },
  { type: 'key_leaked', action: 'key.leaked', actor: 'github', after: LEAK, data: { ...OF_KEY, ...LEAK } },
  {
    type: 'key_expiring',
    action: 'key.expiring',
    after: { expiresAtMs: AT_MS, beforeMs: 90_000 },
    data: { ...OF_KEY, expires_at: AT, before_seconds: 90 },
  },
  {
    type: 'key_expired',
    action: 'key.expired',
    after: { expiresAtMs: AT_MS },
    data: { ...OF_KEY, expires_at: AT },
  },
  {
    type: 'key_grace_ended',
    action: 'key.grace_ended',
    after: { prefix: 'ks_live_Old123', graceEndsAtMs: AT_MS },
    data: { ...OF_KEY, old_key_prefix: 'ks_live_Old123', grace_period_ends_at: AT },
  },
  {
    type: 'key_old_secret_used',
    action: 'key.old_secret_used',
    after: { hour: AT },
    data: { ...OF_KEY, hour: AT },
  },
  {
    type: 'key_locked',
    action: 'secret.locked',
    actor: 'anyone',
    after: { until: AT },
    data: { ...OF_KEY, locked_until: AT },
  },
  // Of a key that is not there any more.
  {
    type: 'key_locked',
    action: 'secret.locked',
    key: null,
    after: { until: AT },
    data: {
      account: 'acc_1',
      key: { id: 'key_1', prefix: null, label: null, environment: null },
      locked_until: AT,
    },
  },
  {
    type: 'quota_warning',
    action: 'quota.warning',
    after: QUOTA,
    data: { ...OF_KEY, ...SHOWN_QUOTA },
  },
  {
    type: 'quota_reached',
    action: 'quota.reached',
    ...NO_KEY,
    after: { ...QUOTA, unit: 'requests', windowMs: null },
    data: { account: 'acc_1', ...SHOWN_QUOTA, unit: 'requests', window_seconds: null },
  },
  {
    type: 'credits_low',
    action: 'credits.low',
    ...NO_KEY,
    after: { balanceMicro: 5, thresholdMicro: 10 },
    data: { account: 'acc_1', balance_micro: 5, threshold_micro: 10 },
  },
  {
    type: 'credits_exhausted',
    action: 'credits.exhausted',
    ...NO_KEY,
    after: { balanceMicro: -1 },
    data: { account: 'acc_1', balance_micro: -1 },
  },
  {
    type: 'member_removed',
    action: 'member.removed',
    ...NO_KEY,
    before: { member: 'mem_2', role: 'viewer' },
    after: { member: 'mem_2', keys: 'kept', count: 2 },
    data: { account: 'acc_1', ...BY, member: 'mem_2', role: 'viewer', keys: 'kept', key_count: 2 },
  },
  {
    type: 'endpoint_disabled',
    action: 'webhook.failed',
    ...NO_KEY,
    after: { endpoint: 'whe_1', url: 'https://me:pw@a.example/secret?t=1', reason: 'gone', failingSinceAtMs: null },
    data: { account: 'acc_1', endpoint: 'whe_1', host: 'a.example', reason: 'gone', failing_since: null },
  },
  // As after an erasure.
  {
    type: 'endpoint_disabled',
    action: 'webhook.failed',
    ...NO_KEY,
    after: { endpoint: 'whe_1', reason: 'failing', failingSinceAtMs: AT_MS },
    data: { account: 'acc_1', endpoint: 'whe_1', host: null, reason: 'failing', failing_since: AT },
  },
  {
    type: 'test',
    action: 'webhook.tested',
    ...NO_KEY,
    after: { endpoint: 'whe_1' },
    data: { account: 'acc_1', ...BY, endpoint: 'whe_1' },
  },
  {
    type: 'ip_locked',
    action: 'address.locked',
    ...NOBODY,
    after: { until: AT, subject: '203.0.113.7' },
    data: { account: null, address: '203.0.113.7', locked_until: AT },
  },
  {
    type: 'gate_unavailable',
    action: 'gate.unavailable',
    ...NOBODY,
    after: { cause: 'store' },
    data: { account: null, cause: 'store' },
  },
  {
    type: 'upstream_unhealthy',
    action: 'upstream.unhealthy',
    ...NOBODY,
    after: { upstream: 'api', origin: 'https://api.example.com' },
    data: { account: null, upstream: 'api', origin: 'https://api.example.com' },
  },
  {
    type: 'outbox_stuck',
    action: 'outbox.stuck',
    ...NOBODY,
    after: { rows: 2, seconds: 400 },
    data: { account: null, rows: 2, seconds: 400 },
  },
  {
    type: 'dead_letter',
    action: 'delivery.dead',
    ...NOBODY,
    after: { endpoint: 'whe_1', account: 'acc_1', cause: 'attempts', deliveries: 3 },
    data: { account: 'acc_1', endpoint: 'whe_1', cause: 'attempts', deliveries: 3 },
  },
  {
    type: 'cron_late',
    action: 'cron.late',
    ...NOBODY,
    after: { seconds: 300 },
    data: { account: null, seconds: 300 },
  },
];
const named = CASES.map((each, i) => ({ name: `${each.type} ${i}`, ...each }));

/** Names that no schema has, of what must not get out of an entry. */
const MORE = fc.dictionary(
  fc.constantFrom('secret', 'digest', 'subject', 'email', 'user', 'addresses', 'metadata', 'request_id', 'more'),
  fc.constantFrom('x', 1, null),
);

describe('the payload', () => {
  test.each(named)('of $name', ({ name: _, data, ...each }) => {
    const source = sourceOf({ ...each, data });
    const payload = JSON.parse(JSON.stringify(payloadOf(source)));
    const { type, sequence } = source;
    const head = { id: 'evt_12', type, version: 1, timestamp: AT, sequence };
    expect(payload).toEqual({ ...head, data: JSON.parse(JSON.stringify(data)) });
    expect((EVENTS[type].schema as z.ZodType).safeParse(payload).error).toBeUndefined();
  });

  test('is there for every action of the registry', async () => {
    const { results } = await store.db.prepare('SELECT action, type FROM event_types').all();
    const made = results.filter(({ action, type }) =>
      CASES.some((each) => each.action === action && each.type === type),
    );
    const alike = ['key.limited', 'key.reconciled'];
    expect(results.length - made.length).toBe(alike.length);
    expect(made.map(({ action }) => action)).not.toEqual(expect.arrayContaining(alike));
  });

  test('holds nothing of an entry that its schema does not name', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CASES), MORE, MORE, (each, before, after) => {
        const source = { ...sourceOf(each), address: '192.0.2.77' };
        const isTold = each.type === 'key_updated' || each.type === 'ip_locked';
        const more = isTold
          ? source
          : {
              ...source,
              before: { ...before, ...Object(source.before) },
              after: { ...after, ...Object(source.after) },
            };
        expect(payloadOf(more)).toEqual(payloadOf(source));
        expect(JSON.stringify(payloadOf(more))).not.toContain('192.0.2.77');
      }),
    );
  });
});
