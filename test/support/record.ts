import type { KeyRecord } from '../../src/decision/record.ts';

/** The record of a good key that nothing limits. */
export const goodRecord: KeyRecord = {
  keyId: 'key_1',
  generation: 1,
  accountId: 'acc_1',
  accountStatus: 'active',
  plan: 'standard',
  budgetMicro: null,
  billingAnchorMs: 0,
  memberId: null,
  userId: null,
  label: null,
  category: null,
  role: 'developer',
  environment: 'live',
  status: 'active',
  expiresAtMs: null,
  replacedAtMs: null,
  graceEndsAtMs: null,
  ratePerSecond: null,
  ratePerMinute: null,
  quotas: {},
  addresses: null,
};
