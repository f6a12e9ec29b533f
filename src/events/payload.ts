import { isEqual } from '../decision/record.ts';
import type { EventSource } from '../registry/events.ts';
import { told } from '../registry/told.ts';
import { EVENTS } from './schemas.ts';
import { eventName, VERSION } from './shapes/event.ts';
import type { EventType } from './types.ts';

/** What an endpoint is sent, as JSON; `EVENTS` has the schema of each type. */
export interface EventPayload {
  /** Also the header `webhook-id`. */
  readonly id: string;
  readonly type: EventType;
  readonly version: typeof VERSION;
  readonly timestamp: string;
  /** Which event of its key it is, from 1; null: of no key. */
  readonly sequence: number | null;
  readonly data: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

/** An event with the fields of its entry as answers name them. */
interface Told extends EventSource {
  readonly before: Fields;
  readonly after: Fields;
}

/**
 * The payload of an event: the fields that the schema of its type names, out of the entry's own. It depends on nothing
 * else, so every attempt and every resend has the same.
 */
export function payloadOf(source: EventSource): EventPayload {
  const { id, type, atMs, sequence } = source;
  const event: Told = { ...source, before: fieldsOf(told(source.before)), after: fieldsOf(told(source.after)) };
  const { accountId: account, actor } = event;
  const key = keyOf(event);
  const facts: Fields = { ...event.after, account, actor, key: key ?? undefined, ...ELSEWHERE[type]?.(event) };
  const data = Object.keys(EVENTS[type].schema.shape.data.shape).flatMap((name) =>
    facts[name] === undefined ? [] : [[name, facts[name]]],
  );
  return {
    id: eventName(id),
    type,
    version: VERSION,
    timestamp: new Date(atMs).toISOString(),
    sequence,
    data: Object.fromEntries(data),
  };
}

/** What an entry has by another name, or elsewhere than in `after`. */
const ELSEWHERE: { readonly [type in EventType]?: (event: Told) => Fields } = {
  key_created: ({ action, after }) => ({ origin: action.replace('key.', ''), status: after.status ?? 'active' }),
  key_updated: ({ before, after }) => ({ before: termsOf(before, after), after: termsOf(after, before) }),
  key_deactivated: (event) => ({ cause: causeOf(event) }),
  key_revoked: (event) => ({ cause: causeOf(event) }),
  key_rotated: ({ before, after }) => ({ ...graceOf(after), old_key_prefix: before.prefix }),
  key_purged: ({ before }) => ({ status: before.status }),
  key_expiring: ({ after }) => ({ before_seconds: secondsOf(after.before_ms) }),
  key_grace_ended: ({ after }) => ({ ...graceOf(after), old_key_prefix: after.prefix }),
  key_locked: ({ after }) => ({ locked_until: after.until }),
  ip_locked: ({ after }) => ({ locked_until: after.until, address: after.subject }),
  quota_warning: quotaOf,
  quota_reached: quotaOf,
  member_removed: ({ before, after }) => ({ role: before.role, key_count: after.count }),
  // The rest of the URL may hold a secret.
  endpoint_disabled: ({ after }) => ({
    host: URL.parse(String(after.url))?.host ?? null,
    failing_since: after.failing_since_at,
  }),
  dead_letter: ({ after }) => ({ account: after.account }),
};

function graceOf(after: Fields): Fields {
  return { grace_period_ends_at: after.grace_ends_at };
}

function quotaOf({ after }: Told): Fields {
  const unit = after.unit === 'credits' ? 'micro_credits' : after.unit;
  return { unit, window_seconds: after.window_ms === null ? null : secondsOf(after.window_ms) };
}

function secondsOf(ms: unknown): number {
  return Number(ms) / 1_000;
}

/** Who or what has done it: of what goes with something else the entry says with what. */
function causeOf({ actor, after }: Told): string {
  if (after.with === 'member') return 'member_removed';
  if (after.with === 'account') return 'account_closed';
  if (actor.startsWith('member:')) return 'member';
  if (actor.startsWith('key:')) return 'key';
  if (actor.startsWith('admin:')) return 'operator';
  return actor === 'github' ? 'leak' : 'system';
}

/** Terms of a key as requests name them: the registry keeps quotas in credits among the others. */
function termsOf(terms: Fields, others: Fields): Fields {
  const one = withQuotas(terms);
  const other = withQuotas(others);
  return Object.fromEntries(Object.entries(one).filter(([name, value]) => !isEqual(value, other[name])));
}

function withQuotas({ quotas, ...terms }: Fields): Fields {
  if (quotas === undefined) return terms;
  const { credits = {}, ...requests } = fieldsOf(quotas);
  return { ...terms, quotas: requests, credit_quotas: credits };
}

/** The key as it is called after the event: what was read when it was written is from before. */
function keyOf({ keyId, key, type, after }: Told): Fields | null {
  if (keyId === null) return null;
  const { prefix = null, label = null, environment = null } = key ?? {};
  const isRelabelled = type === 'key_updated' && after.label !== undefined;
  const now = { prefix: type === 'key_rotated' ? after.prefix : prefix, label: isRelabelled ? after.label : label };
  return { id: keyId, ...now, environment };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
