import { AUDIT_COLUMNS, ONCE } from './audit.ts';
import type { Db } from './rows.ts';

/*
 * What happens to a key because time passes is noted as if it had been done: in the audit trail, once. A walk goes
 * through the keys (or their replaced secrets) in the order of such a time, by an index. How far it has come stands in
 * `schedule_progress` and moves in the transaction of what it notes, so a run that is cut short, one that was missed and
 * two at once leave nothing out; and what has a name in `once` is never noted twice. A time that is set to lie where the
 * walk has been is not found any more.
 */

/** A walk, and from when to when it goes now. */
export interface Walk {
  readonly kind: keyof typeof KINDS;
  /** So long before the time it is told; 0: then. Each such span is a walk of its own. */
  readonly spanMs: number;
  /** Times before this are left out, even where the walk has not come so far. */
  readonly fromMs: number;
  /** Up to this time, which is not part of it. A walk that has not begun begins here. */
  readonly untilMs: number;
}

interface Kind {
  /** The rows in their order, as `t`, of which each has `id` and this time. */
  readonly rows: string;
  readonly time: string;
  /** Of a row `t` and its key `k`, all SQL. */
  readonly keyId: string;
  readonly where: string;
  readonly after: string;
  readonly name: string;
}

const KEYS = { rows: 'keys AS t INDEXED BY keys_by_expiry', time: 'expires_at_ms', keyId: 't.id' };

/** By the action that is noted. What is of revoked keys is of no interest any more. */
const KINDS = {
  'key.expiring': {
    ...KEYS,
    // Who makes a key that lives no longer than that knows it.
    where: `t.expires_at_ms - k.created_at_ms > ?1 ->> 'spanMs'`,
    after: `json_object('expiresAtMs', t.expires_at_ms, 'beforeMs', ?1 ->> 'spanMs')`,
    name: `k.id || ' ' || t.expires_at_ms || ' ' || (?1 ->> 'spanMs')`,
  },
  'key.expired': {
    ...KEYS,
    where: 'true',
    after: `json_object('expiresAtMs', t.expires_at_ms)`,
    name: `k.id || ' ' || t.expires_at_ms`,
  },
  'key.grace_ended': {
    rows: 'secrets AS t INDEXED BY secrets_by_grace',
    time: 'grace_ends_at_ms',
    keyId: 't.key_id',
    // Else it had none, or a later rotation has ended it.
    where: 't.grace_ends_at_ms > t.replaced_at_ms',
    after: `json_object('prefix', t.prefix, 'graceEndsAtMs', t.grace_ends_at_ms)`,
    name: 't.id',
  },
} as const satisfies Record<string, Kind>;

/**
 * Goes on with a walk by at most `limit` rows, in one transaction: notes those of them that are to be told of, and how
 * far it has come. Returns whether more may be left.
 */
export async function goOn(
  db: Db,
  { kind, spanMs, fromMs, untilMs }: Walk,
  limit: number,
  nowMs: number,
): Promise<boolean> {
  const { rows, time, keyId, where, after, name }: Kind = KINDS[kind];
  const job = spanMs === 0 ? kind : `${kind} ${spanMs}`;
  const bound = JSON.stringify({ job, kind, spanMs, fromMs, untilMs, limit, last: limit - 1, nowMs });
  // The plus lets the index lead to both: any number of keys may expire in the same millisecond.
  const passed = `schedule_progress AS p CROSS JOIN ${rows} ON (t.${time}, t.id) > (p.at_ms, +p.id)
    WHERE p.job = ?1 ->> 'job' AND t.${time} < ?1 ->> 'untilMs' ORDER BY t.${time}, t.id`;
  const results = await db.batch<{ atMs: number }>(
    [
      `INSERT INTO schedule_progress (job, at_ms, id) VALUES (?1 ->> 'job', ?1 ->> 'untilMs', '')
       ON CONFLICT (job) DO UPDATE SET at_ms = ?1 ->> 'fromMs', id = '' WHERE at_ms < ?1 ->> 'fromMs'`,
      `INSERT INTO audit (${AUDIT_COLUMNS}, once)
       SELECT ?1 ->> 'nowMs', 'system', NULL, NULL, ?1 ->> 'kind', k.account_id, k.id, NULL, ${after},
         (?1 ->> 'kind') || ' ' || ${name}
       FROM (SELECT t.* FROM ${passed} LIMIT ?1 ->> 'limit') AS t CROSS JOIN keys AS k ON k.id = ${keyId}
       WHERE k.status <> 'revoked' AND ${where}
       ${ONCE}`,
      `UPDATE schedule_progress SET (at_ms, id) = (
         SELECT atMs, id FROM (
           SELECT * FROM (SELECT 0 AS ended, t.${time} AS atMs, t.id FROM ${passed} LIMIT 1 OFFSET ?1 ->> 'last')
           UNION ALL SELECT 1, ?1 ->> 'untilMs', '')
         ORDER BY ended LIMIT 1)
       WHERE job = ?1 ->> 'job' AND at_ms < ?1 ->> 'untilMs' RETURNING at_ms AS atMs`,
    ].map((sql) => db.prepare(sql).bind(bound)),
  );
  const [progress] = results[2]?.results ?? [];
  return progress !== undefined && progress.atMs < untilMs;
}
