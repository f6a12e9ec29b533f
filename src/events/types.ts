/** Whose endpoints hear of an event: the account's and the operator's, or the operator's alone. */
export type Audience = 'account' | 'operator';

/** The types of events, with their audiences; `event_types` in the registry says which entry of the trail is which. */
export const EVENT_TYPES = {
  key_created: 'account',
  key_updated: 'account',
  key_deactivated: 'account',
  key_activated: 'account',
  key_rotated: 'account',
  key_grace_ended: 'account',
  key_revoked: 'account',
  key_purged: 'account',
  key_expiring: 'account',
  key_expired: 'account',
  key_old_secret_used: 'account',
  key_leaked: 'account',
  key_locked: 'account',
  quota_warning: 'account',
  quota_reached: 'account',
  credits_low: 'account',
  credits_exhausted: 'account',
  member_removed: 'account',
  endpoint_disabled: 'account',
  test: 'account',
  ip_locked: 'operator',
  gate_unavailable: 'operator',
  upstream_unhealthy: 'operator',
  outbox_stuck: 'operator',
  dead_letter: 'operator',
  cron_late: 'operator',
} as const satisfies Record<string, Audience>;

export type EventType = keyof typeof EVENT_TYPES;
