import type * as z from 'zod';
import type { Denial } from '../../decision/denial.ts';
import type { KeyRecord } from '../../decision/record.ts';
import { readBytes } from '../../events/bytes.ts';
import type { Background } from '../../gateway/ask.ts';
import type { Adopt, Edge, Miss } from '../../gateway/edge.ts';
import { takeFor } from '../../gateway/rates.ts';
import { secretSource } from '../../gateway/strike.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { callObject } from '../../objects/call.ts';
import type { Actor } from '../../registry/audit.ts';
import { fromPrimary } from '../../registry/lookup.ts';
import { check } from '../input.ts';
import { verifiedKey } from '../inputs/imports.ts';
import { importGroup, type Mover } from './group.ts';
import { secretOf } from './line.ts';

/*
 * Keys that are asked for in their old system when they are first used. It is asked about secrets of legacy formats
 * alone, about each at most once a minute by all isolates together, and so often for one client address. Only its own
 * "no" makes a secret unknown; while it cannot say, nobody is admitted and nobody is struck.
 */

/** Who is asked, as the policy says, with the secrets filled in. */
export interface Verifier {
  readonly url: string;
  readonly timeoutMs: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What the old system says: the key's settings, that there is no such key, or nothing that could be used. */
type Verdict =
  | { readonly kind: 'yes'; readonly settings: z.output<typeof verifiedKey> }
  | { readonly kind: 'no' }
  | { readonly kind: 'failed'; readonly error: string };

const MINUTE_MS = 60_000;
/** How many questions an address may cause in a minute. */
const ASKS_PER_MINUTE = 60;
/** The largest answer that is read. */
const ANSWER_BYTES = 65_536;
/** How long writing the key may take beyond the answer, for those who wait for it. */
const WRITING_MS = 1_000;
const FIRST_PAUSE_MS = 50;

/** Keys that are brought in so are nobody's doing but the gateway's. */
const actorFor = (source: string | null): Actor => ({ name: 'system', address: source, requestId: null });

/** The way by which misses are asked about; `verifier` null: none are. */
export function openAdoption(verifier: Verifier | null): Adopt | null {
  return verifier && ((edge, miss, back) => adopt(verifier, edge, miss, back));
}

/** The record of a key that is adopted now; undefined: its old system does not know it either. Throws where a store fails. */
async function adopt(
  verifier: Verifier,
  edge: Edge,
  miss: Miss,
  back: Background,
): Promise<KeyRecord | Denial | undefined> {
  const legacy = edge.format.read(miss.secret)?.legacy ?? null;
  if (legacy === null) return undefined;
  const asked = edge.lockout(askedName(miss));
  const waitMs = await callObject(() => asked.take(1, MINUTE_MS));
  if (waitMs > 0) return awaitOther(verifier, edge, miss, back, waitMs);
  const source = miss.source ?? 'unknown';
  const limited = await takeFor(edge, 'legacy', source, ASKS_PER_MINUTE, 'public_rate_limited');
  const verdict = limited === null ? await ask(verifier, miss.secret) : null;
  if (verdict?.kind === 'no') return undefined;
  const made = verdict?.kind === 'yes' ? await bringIn(edge, miss, verdict.settings) : null;
  if (made !== null && typeof made === 'object') return made;
  // Told to those who ask within the minute.
  await callObject(() => asked.strike({ strikes: Number.MAX_SAFE_INTEGER, windowMs: MINUTE_MS, lockMs: 0 }));
  return limited ?? unavailable(back, made ?? (verdict?.kind === 'failed' ? verdict.error : ''), MINUTE_MS);
}

const askedName = ({ digest }: Miss): string => `legacy:${digest}`;

function unavailable(back: Background, error: string, retryAfterMs: number): Denial {
  return gateUnavailable(back, 'legacy_verifier', { error }, retryAfterMs);
}

/**
 * What another request has learnt, or is learning, about the same secret. A "no" is known by the strike that follows it;
 * this isolate looks until the other must have ended, and waits for none of its promises.
 */
async function awaitOther(
  { timeoutMs }: Verifier,
  edge: Edge,
  miss: Miss,
  back: Background,
  retryAfterMs: number,
): Promise<KeyRecord | Denial | undefined> {
  const { window } = edge.policy.lockouts.secret;
  const struck = edge.lockout(secretSource(miss.digest));
  const asked = edge.lockout(askedName(miss));
  let waitedMs = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const [no, failed] = await Promise.all([
      callObject(() => struck.inspect(window)),
      callObject(() => asked.inspect(MINUTE_MS)),
    ]);
    const record = await fromPrimary(edge.lookup, miss.inner, miss.digest);
    if (record !== undefined) return record;
    if (failed.strikes > 0) return unavailable(back, 'it did not say, less than a minute ago', retryAfterMs);
    if (no.strikes > 0) return undefined;
    if (waitedMs >= timeoutMs + WRITING_MS) return unavailable(back, 'the request that asks did not end', retryAfterMs);
    await scheduler.wait(pauseMs);
    waitedMs += pauseMs;
  }
}

/** Asks once. A redirect is not followed: it would carry the secret elsewhere. */
async function ask({ url, timeoutMs, headers }: Verifier, key: string): Promise<Verdict> {
  const aborter = new AbortController();
  const late = scheduler.wait(timeoutMs, { signal: aborter.signal }).then(
    (): Verdict => failed('it took too long'),
    (): Verdict => failed('it was not waited for'),
  );
  const init: RequestInit = {
    method: 'POST',
    headers: [...headers.map(([name, value]) => [name, value]), ['content-type', 'application/json']],
    body: JSON.stringify({ key }),
    redirect: 'manual',
    signal: aborter.signal,
  };
  const answered = fetch(url, init)
    .then(verdictOf)
    .catch(() => failed('it cannot be reached'));
  try {
    return await Promise.race([answered, late]);
  } finally {
    aborter.abort();
  }
}

function failed(error: string): Verdict {
  return { kind: 'failed', error };
}

async function verdictOf(response: Response): Promise<Verdict> {
  if (response.status === 404) return { kind: 'no' };
  if (response.status !== 200) return failed(`it answered ${response.status}`);
  const bytes = await readBytes(response, ANSWER_BYTES);
  if (bytes === null) return failed(`it answered more than ${ANSWER_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return failed('it answered no JSON');
  }
  const checked = check(verifiedKey, value);
  return checked.ok ? { kind: 'yes', settings: checked.value } : failed(checked.denial.detail ?? '');
}

/** The record of the key, as the primary has it then; or why there is none. Two that do this at once make one key. */
async function bringIn(
  { lookup, policy, format, clock }: Edge,
  { secret: text, inner, digest, source }: Miss,
  settings: z.output<typeof verifiedKey>,
): Promise<KeyRecord | string> {
  const secret = await secretOf(format, policy.key.visible_chars, text);
  if (secret === null) return 'its secret has no format';
  const { db, peppers } = lookup;
  const actor = actorFor(source);
  const nowMs = clock.nowMs();
  const mover: Mover = { db, policy, peppers, actor, nowMs, origin: null, secrets: new Map(), labels: new Set() };
  const results = await importGroup(mover, [{ line: 1, settings, secret }]);
  const record = await fromPrimary(lookup, inner, digest);
  return record ?? results.get(1)?.message ?? 'the key was not written';
}
