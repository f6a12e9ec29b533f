import { digestUnder, innerHash } from '../../credential/digest.ts';
import { allDenials } from '../../decision/decide.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import type { KeyRecord } from '../../decision/record.ts';
import type { House } from '../../env.ts';
import type { Background } from '../../gateway/ask.ts';
import type { Edge } from '../../gateway/edge.ts';
import { accountLimitsOf, creditTermsOf, limitDenial, limitsOf, reserveOf } from '../../gateway/limits.ts';
import { addressSource, lockedFor, secretSource } from '../../gateway/strike.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { type Asked, factsOf } from '../../gateway/verify.ts';
import { isViolated } from '../../meter/gate.ts';
import type { LimitView } from '../../meter/meter.ts';
import { callObject } from '../../objects/call.ts';
import type { LockoutReport } from '../../objects/lockout.ts';
import type { LockoutRule } from '../../policy/schema.ts';
import { fromPrimary } from '../../registry/lookup.ts';
import { rfc3339 } from '../answer.ts';
import type { Decision } from '../shapes/doors.ts';
import { keyOf, limitOf, lookedAt, refusalOf } from './decision.ts';

/** What was found out about a request. `limits` are those of the key and of its account. */
interface Findings {
  readonly denials: readonly Denial[];
  readonly record: KeyRecord | undefined;
  readonly limits: readonly LimitView[];
  readonly address: LockoutReport | null;
  readonly secret: LockoutReport | null;
}

/**
 * Why a request would be refused now: all reasons at once, in the order in which the proxy finds them. It only looks:
 * no permit is taken and no lease given, nobody is struck, and nothing is recorded. Never throws.
 */
export async function explain(house: House, asked: Asked, back: Background): Promise<Decision> {
  const { policy } = house;
  const { denials, record, limits, address, secret } = await look(house, asked).catch(
    (): Findings => ({ ...UNKNOWN, denials: [gateUnavailable(back, 'store')] }),
  );
  const [first] = denials;
  const about = {
    ...lookedAt(asked),
    explained: true as const,
    reasons: denials.map((denial) => refusalOf(policy, denial)),
    lockouts: { address: address && lockoutOf(address), secret: secret && lockoutOf(secret) },
  };
  const left = limits.map(limitOf);
  if (first !== undefined) {
    const found = record && { ...keyOf(record), limits: left };
    return { valid: false, ...about, ...refusalOf(policy, first), ...found };
  }
  // Without a reason to refuse there is a record.
  return { valid: true, ...about, ...keyOf(record as KeyRecord), limits: left };
}

const UNKNOWN: Findings = { denials: [], record: undefined, limits: [], address: null, secret: null };

async function look(house: House, asked: Asked): Promise<Findings> {
  const { edge, policy } = house;
  const { credential, target } = asked;
  const facts = factsOf(asked);
  if (!target.ok) return { ...UNKNOWN, denials: [deny('path_refused')] };
  const standing = facts.source === null ? null : inspect(edge, addressSource(facts.source), policy.lockouts.address);
  if (credential === null || edge.format.read(credential) === null) {
    const address = await standing;
    const denial = deny(credential === null ? 'missing_credential' : 'malformed');
    return { ...UNKNOWN, address, denials: [...lockOf(edge, 'ip:', address), denial] };
  }
  const inner = await innerHash(credential);
  const digest = await digestUnder(edge.lookup.peppers[0], inner);
  const [address, secret, { record, limits, denials }] = await Promise.all([
    standing,
    inspect(edge, secretSource(digest), policy.lockouts.secret),
    fromPrimary(edge.lookup, inner, digest).then((found) => lookAtKey(house, asked, found)),
  ]);
  const locks = [...lockOf(edge, 'ip:', address), ...lockOf(edge, 'secret:', secret)];
  return { record, limits, address, secret, denials: [...locks, ...denials] };
}

/** The key's own state, and what its gate and its account's ledger have counted. */
async function lookAtKey({ edge, policy }: House, asked: Asked, record: KeyRecord | undefined) {
  if (record === undefined) return { record, limits: [], denials: [deny('unknown')] };
  const reserve = reserveOf(record, policy, asked.micro);
  const shared = accountLimitsOf(record, policy);
  const terms = reserve > 0 ? creditTermsOf(record, policy) : null;
  const isShared = shared.length > 0 || terms !== null;
  const [own, account] = await Promise.all([
    callObject(() => edge.gate(record.keyId).inspect(limitsOf(record, policy))),
    isShared ? callObject(() => edge.ledger(record.accountId).inspect(shared, terms)) : null,
  ]);
  const limits = [...own.limits, ...(account?.limits ?? [])];
  const nowMs = edge.clock.nowMs();
  const exceeded = limits
    .filter(isViolated({ reserve }))
    .map(({ name, resetAtMs }) =>
      limitDenial(
        { limits, violated: [name], retryAfterMs: resetAtMs && Math.max(1, resetAtMs - nowMs) },
        record,
        policy,
      ),
    );
  return { record, limits, denials: [...allDenials(record, factsOf(asked), policy, nowMs), ...exceeded] };
}

function inspect(edge: Edge, name: string, rule: LockoutRule): Promise<LockoutReport> {
  return callObject(() => edge.lockout(name).inspect(rule.window));
}

function lockOf({ clock }: Edge, kind: 'ip:' | 'secret:', report: LockoutReport | null): Denial[] {
  const untilMs = report?.lockedUntilMs ?? null;
  return untilMs === null ? [] : [lockedFor(kind, Math.max(1, untilMs - clock.nowMs()))];
}

function lockoutOf({ strikes, lockedUntilMs }: LockoutReport) {
  return { strikes, locked_until: rfc3339(lockedUntilMs) };
}
