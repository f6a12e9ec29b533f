import { nothing } from '../control/input.ts';
import { type Route, route } from '../control/route.ts';
import * as shape from '../control/shapes/trial.ts';
import type { Policy } from '../policy/schema.ts';
import { mintTrialKey, revokeTrialKey, type Visit } from './trial.ts';

const TEMP_KEY = '/api/v1/onboarding/temp-key';

const MINT: Route<Visit> = route(
  'POST',
  TEMP_KEY,
  nothing,
  {
    id: 'mintTrialKey',
    summary: 'A trial key, for anyone; it is shown once, here',
    answers: { 200: shape.trialKey },
    denials: ['ip_locked', 'trial_mint_limited', 'account_suspended', 'not_in_force'],
    unsettled: shape.trialKey,
    example: { answer: shape.examples.trialKey },
  },
  mintTrialKey,
);

/** Who names a trial key by a prefix; and who proves to have it, whose wrong proof is a strike. */
const NAMING = ['ip_locked', 'public_rate_limited', 'not_found', 'conflict', 'not_in_force'] as const;
const PROVING = ['missing_credential', 'malformed', 'unknown', ...NAMING] as const;

function revocation(needsSecret: boolean): Route<Visit> {
  return route(
    'DELETE',
    `${TEMP_KEY}/:key_prefix`,
    nothing,
    {
      id: 'revokeTrialKey',
      summary: 'Revoke a trial key by the beginning of its secret',
      answers: { 200: shape.revokedTrialKey },
      denials: needsSecret ? PROVING : NAMING,
      unsettled: shape.unsettledTrialKey,
      example: { answer: shape.examples.revokedTrialKey },
    },
    (visit, _, params) => revokeTrialKey(visit, params.key_prefix ?? ''),
  );
}

/** The routes of trial keys; none where the policy has no trials. */
export function trialRoutes({ trial }: Policy): readonly Route<Visit>[] {
  return trial.enabled ? [MINT, revocation(trial.revoke_needs_secret)] : [];
}
