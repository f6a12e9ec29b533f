import * as z from 'zod';
import { CONFLICT_CODES, INVALID_CODES, STATUSES } from '../imports/result.ts';
import { AT, time } from './shape.ts';

/*
 * The shapes of imports.
 */

const counts = z.strictObject(
  Object.fromEntries(STATUSES.map((status) => [status, z.int()])) as Record<(typeof STATUSES)[number], z.ZodInt>,
);

const line = z.strictObject({
  line: z.int(),
  status: z.enum(STATUSES),
  id: z.string().optional(),
  account: z.string().optional(),
  prefix: z.string().optional(),
  code: z.enum([...INVALID_CODES, ...CONFLICT_CODES]).optional(),
  message: z.string().optional(),
});

/** What became of each line of a chunk. */
export const importedChunk = z
  .strictObject({ import: z.string(), chunk: z.int(), counts, results: z.array(line) })
  .meta({ id: 'ImportedChunk' });

/** How far an import is. `chunks`: ranges of those that were answered, from and to. */
export const importProgress = z
  .strictObject({
    import: z.string(),
    chunks: z.array(z.tuple([z.int(), z.int()])),
    counts,
    first_at: time,
    last_at: time,
  })
  .meta({ id: 'ImportProgress' });

const exampleCounts = { created: 1, exists: 0, duplicate: 0, invalid: 1, conflict: 0 } as const;

/** What the document shows as examples. */
export const examples = {
  lines: [
    { key: 'old_3f9c0e5d…', organisation: 'org_2pQ7', environment: 'live', label: 'production', role: 'developer' },
    { sha256: '9b74c9897bac770f…', format: 'old', prefix: 'old_91ab', account: 'acc_3vJ8wFq2', active: false },
  ]
    .map((each) => `${JSON.stringify(each)}\n`)
    .join(''),
  importedChunk: {
    import: 'move-1',
    chunk: 1,
    counts: exampleCounts,
    results: [
      { line: 1, status: 'created', id: 'key_9dKx2LpT', account: 'acc_3vJ8wFq2', prefix: 'old_3f9c' },
      { line: 2, status: 'invalid', code: 'fields', message: 'format: expected one of other' },
    ],
  },
  importProgress: { import: 'move-1', chunks: [[1, 41]], counts: exampleCounts, first_at: AT, last_at: AT },
} as const;
