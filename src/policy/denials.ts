import type { DenialReason } from '../decision/denial.ts';
import type { PolicyInput } from './schema.ts';

/** How one refusal looks on the wire, as a policy writes it. */
export type WireInput = PolicyInput['denials'][DenialReason];

/**
 * A row for every reason. Each preset's table is checked against it with `satisfies`, so a reason without a row
 * does not compile, and neither does a row without a reason.
 */
export type DenialTable = Readonly<Record<DenialReason, WireInput>>;
