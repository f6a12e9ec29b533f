import type { DenialReason } from '../../decision/denial.ts';
import type { Route } from '../route.ts';

/** A route as the OpenAPI document sees it; one without `input` looks at nothing that is sent. */
export type Described = Pick<Route<never>, 'method' | 'path' | 'about'> & {
  readonly input: Route<never>['input'] | null;
};

/** Routes with one guard, as the OpenAPI document shows them together. */
export interface Section {
  readonly tag: string;
  readonly description: string;
  /** In front of the path of each. */
  readonly base: string;
  readonly routes: readonly Described[];
  /** Why the guard may refuse a call of this route. What a caller has to send follows from it. */
  readonly guard: (route: Described) => readonly DenialReason[];
  /** Whether a POST may be sent again with its `Idempotency-Key`. */
  readonly repeats: boolean;
}
