import { deny } from '../../decision/denial.ts';
import type { House } from '../../env.ts';
import type { Background } from '../../gateway/ask.ts';
import { verify } from '../../gateway/verify.ts';
import { check } from '../input.ts';
import { type Question, question } from '../inputs/doors.ts';
import type { Decision } from '../shapes/doors.ts';
import { decisionOf, noDecision } from './decision.ts';
import { explain } from './explain.ts';
import { askedOf } from './question.ts';

/** Answers a question that was checked. Never throws. */
export async function decideOn(house: House, asked: Question, requestId: string, back: Background): Promise<Decision> {
  const request = askedOf(asked, requestId);
  if (asked.explain === true) return explain(house, request, back);
  return decisionOf(house, request, await verify(house, request, back));
}

/** Answers a question of a Worker that is bound to this one: it comes without a service key. Never throws. */
export async function decideForBinding(house: House, asked: unknown, back: Background): Promise<Decision> {
  const requestId = crypto.randomUUID();
  const checked = check(question, asked);
  if (checked.ok) return decideOn(house, checked.value, requestId, back);
  return noDecision(house.policy, checked.denial, requestId);
}

/** What a bound Worker is told where this one is not configured correctly; `policy` has the words, the default's at worst. */
export function misconfiguredDecision(policy: House['policy']): Decision {
  return noDecision(policy, deny('misconfigured', { retryAfterMs: 60_000 }), crypto.randomUUID());
}
