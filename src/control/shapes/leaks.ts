import * as z from 'zod';
import { found } from '../../events/shapes/keys.ts';
import { AT, pageOf, time } from './shape.ts';

/*
 * The shapes of reports of leaked keys, and of what is answered to them.
 */

/** Whether a reported token is a key here; it is told by its SHA-256 in hex, so that no secret is sent back. */
export const verdicts = z.array(
  z
    .strictObject({
      token_hash: z.string(),
      token_type: z.string(),
      label: z.enum(['true_positive', 'false_positive']),
    })
    .meta({ id: 'LeakVerdict' }),
);

/** A key that was found in public. `outcome`: what was done about it; `none`: the secret worked no more. */
export const leak = z
  .strictObject({
    id: z.string(),
    at: time,
    account: z.string(),
    key: z.string(),
    ...found,
  })
  .meta({ id: 'Leak' });

export const leaks = pageOf('leaks', leak);

/** What the document shows as examples. */
export const examples = {
  report: [
    {
      token: 'ks_live_Ab3dE9…',
      type: 'keystile_api_key',
      url: 'https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/config.py',
      source: 'content',
    },
  ],
  verdicts: [
    {
      token_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      token_type: 'keystile_api_key',
      label: 'true_positive',
    },
  ],
  leaks: {
    leaks: [
      {
        id: '8',
        at: AT,
        account: 'acc_3vJ8wFq2',
        key: 'key_9dKx2LpT',
        prefix: 'ks_live_Ab3dE9',
        reporter: 'github',
        outcome: 'revoke',
        url: 'https://github.com/octocat/hello-world/blob/12345600b9cbe38a219f39a9941c9319b600c002/config.py',
        source: 'content',
        type: 'keystile_api_key',
      },
    ],
    next_cursor: null,
  },
} as const;
