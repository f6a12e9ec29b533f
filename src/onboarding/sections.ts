import type { Section } from '../control/openapi/section.ts';
import type { Policy } from '../policy/schema.ts';
import { trialRoutes } from './trial-routes.ts';

/** What anyone may do. */
export function trialSection(policy: Policy): Section {
  return {
    tag: 'Trial keys',
    description: 'Keys for anyone, for a short time.',
    base: '',
    routes: trialRoutes(policy),
    guard: () => ['address_missing', 'gate_unavailable'],
    repeats: false,
  };
}
