import type { KeyFormat } from '../credential/format.ts';
import { redactLegacy } from '../credential/redact.ts';
import { networkOf } from '../decision/address.ts';
import type { Denial } from '../decision/denial.ts';
import type { KeyRecord } from '../decision/record.ts';
import type { House } from '../env.ts';
import type { Ticket } from './admit.ts';
import { type Background, reportCost } from './ask.ts';
import type { Measured } from './measure.ts';
import { plainQuery } from './path.ts';

/** How much of a path, with its query, is recorded; the last character of a longer one is "…". */
const PATH_CHARS = 1_024;

/** A request that has its answer, as far as it is known when the answer begins. */
export interface Answered {
  readonly house: House;
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly given: string | null;
  readonly country: string | null;
  readonly startedAtMs: number;
  readonly back: Background;
  /** Whose request it is; undefined where no key was found. */
  readonly key: KeyRecord | undefined;
  /** What it was admitted on; null: it was not, or without a lease. */
  readonly ticket: Ticket | null;
}

/** Records a request when all is known of it: at the end of its answer, or at once. */
export function record(
  answered: Answered,
  status: number,
  denial: Denial | null,
  measured: Measured | Promise<Measured>,
): void {
  const { house, back, key, startedAtMs } = answered;
  const { clock, counters } = house.edge;
  const nowMs = clock.nowMs();
  const ttfbMs = nowMs - startedAtMs;
  counters.send(nowMs, back.waitUntil);
  if (denial !== null) counters.raise(`denials ${denial.reason}`);
  if (key === undefined) {
    recordUnknown(answered, status, denial, ttfbMs);
    return;
  }
  const finish = (known: Measured) => recordWithKey(answered, key, status, denial, ttfbMs, known);
  if (measured instanceof Promise) back.waitUntil(measured.then(finish));
  else finish(measured);
}

function recordWithKey(
  { house, requestId, method, path, search, given, country, startedAtMs, back, ticket }: Answered,
  key: KeyRecord,
  status: number,
  denial: Denial | null,
  ttfbMs: number,
  { bytes, micro, tokens }: Measured,
): void {
  const { edge, policy, delivery } = house;
  const { log, environments } = policy;
  const cost = environments[key.environment]?.billed === true ? micro : 0;
  const isReserved = ticket !== null && ticket.reserve > 0;
  if (isReserved) reportCost(edge, key, ticket, cost, back);
  const hold = isReserved ? ticket.held.hold : null;
  delivery.record(
    key,
    {
      requestId,
      atMs: startedAtMs,
      keyId: key.keyId,
      label: key.label,
      category: key.category,
      environment: key.environment,
      method,
      path: recordedPath(log.query ? path + plainQuery(search) : path, edge.format),
      status,
      reason: denial?.reason ?? null,
      ttfbMs,
      bytes,
      address: log.address === 'full' ? given : log.address === 'none' ? null : given && networkOf(given),
      country,
      micro: cost,
      promptTokens: tokens.prompt,
      completionTokens: tokens.completion,
      hold,
      reserved: hold === null || ticket === null ? 0 : ticket.reserve,
      replacedAtMs: key.graceEndsAtMs !== null && startedAtMs < key.graceEndsAtMs ? key.replacedAtMs : null,
    },
    back.waitUntil,
  );
}

/**
 * A path as it is recorded, without what could be a secret of an older system: a long one is cut, since the log's limit
 * holds for its texts and anyone with a key makes them.
 */
function recordedPath(given: string, { legacy }: KeyFormat): string {
  const path = legacy.length === 0 ? given : redactLegacy(given, legacy);
  return path.length <= PATH_CHARS ? path : `${path.slice(0, PATH_CHARS - 1)}…`;
}

/** What no account can be told stands in the Worker's own log. */
function recordUnknown(
  { house, requestId, method, path, given, startedAtMs, back }: Answered,
  status: number,
  denial: Denial | null,
  durationMs: number,
): void {
  house.logger.request(
    {
      requestId,
      method,
      path,
      status,
      reason: denial?.reason,
      address: given ?? undefined,
      atMs: startedAtMs,
      durationMs,
    },
    back.waitUntil,
  );
}
