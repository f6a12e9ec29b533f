import type * as z from 'zod';
import type { Denial } from '../../decision/denial.ts';
import { callObject } from '../../objects/call.ts';
import { KEPT_MS, type LastUse, type UsageFigures, type UsageQuery } from '../../objects/usage.ts';
import type { StoredKey } from '../../registry/keys.ts';
import { findAccount, missing } from '../accounts/accounts.ts';
import { type Answer, denied, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';
import { invalid } from '../input.ts';
import type { usageQuery } from '../inputs/ledger.ts';
import { keysWithin, type Visible } from '../visible.ts';

type Query = z.output<typeof usageQuery>;

const DAY_MS = 86_400_000;
/** What is shown where no beginning is asked for, and the longest series: some 750 points. */
const USUAL_DAYS = { hour: 1, day: 30 } as const;
const MOST_DAYS = { hour: 31, day: 762 } as const;

/** What an account's requests came to, by hour (the last day, if nothing else is asked for) or by day. */
export async function showUsage(desk: Desk, accountId: string, query: Query): Promise<Answer> {
  return (await findAccount(desk, accountId)) === null ? missing() : usageOf(desk, accountId, query, null);
}

/** The same of an account that is there, of the keys that may be seen. */
export async function usageOf(desk: Desk, accountId: string, query: Query, visible: Visible): Promise<Answer> {
  const { by, key, category, to: toMs = desk.nowMs } = query;
  const fromMs = query.from ?? toMs - USUAL_DAYS[by] * DAY_MS;
  const refused = refusalOf(by, fromMs, toMs, desk.nowMs);
  if (refused !== null) return denied(refused);
  const asked: UsageQuery = { fromMs, toMs, by, keyIds: keysWithin(visible, key), category };
  const series = await callObject(() => desk.house.edge.ledger(accountId).usage(asked));
  return json({
    account: accountId,
    by,
    from: rfc3339(series.fromMs),
    to: rfc3339(series.toMs),
    points: series.points.map(({ startMs, ...figures }) => ({ starts_at: rfc3339(startMs), ...viewOf(figures) })),
    sums: viewOf(series.sums),
  });
}

function refusalOf(by: Query['by'], fromMs: number, toMs: number, nowMs: number): Denial | null {
  if (fromMs >= toMs) return invalid('from', 'expected a time that has passed').denial;
  if (toMs - fromMs > MOST_DAYS[by] * DAY_MS) {
    return invalid('from', `expected at most ${MOST_DAYS[by]} days by ${by}`).denial;
  }
  if (by === 'day' || fromMs >= nowMs - KEPT_MS.hour) return null;
  return invalid('from', `by hour only the last ${KEPT_MS.hour / DAY_MS} days are kept; use by=day`).denial;
}

function viewOf({ requests, statuses, reasons, micro, promptTokens, completionTokens, ttfb }: UsageFigures) {
  return {
    requests,
    statuses,
    reasons,
    micro,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    ttfb_ms: ttfb && { p50: rounded(ttfb.p50), p95: rounded(ttfb.p95), p99: rounded(ttfb.p99) },
  };
}

/** To more digits than are true, so that rounding adds nothing to the error that is promised. */
function rounded(ms: number): number {
  return Number(ms.toPrecision(4));
}

/**
 * When keys were last used, by key, from the ledgers of their accounts, asked side by side. Those of a ledger that
 * cannot be reached are missing, as are those that were never used.
 */
export async function lastUses(desk: Desk, keys: readonly StoredKey[]): Promise<ReadonlyMap<string, LastUse>> {
  const byAccount = Map.groupBy(keys, ({ accountId }) => accountId);
  const asked = [...byAccount].map(([accountId, owned]) => {
    const keyIds = owned.map(({ id }) => id);
    return callObject(() => desk.house.edge.ledger(accountId).lastUsed(keyIds)).catch(() => ({}));
  });
  return new Map((await Promise.all(asked)).flatMap((uses) => Object.entries<LastUse>(uses)));
}

/** A last use as answers show it. */
export function lastUseView(use: LastUse | undefined): { at: string; address: string | null } | null {
  return use === undefined ? null : { at: rfc3339(use.atMs), address: use.address };
}
