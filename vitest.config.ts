import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { keepScratchInMemory } from './test/support/scratch.ts';

keepScratchInMemory();

/** What takes a minute and more begins first, so that nothing long is left to run alone at the end. */
const LONGEST = ['flow/revocation', 'flow/limits', 'flow/accounting', 'dev/start'];

class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(specs)).toSorted((a, b) => rank(a) - rank(b));
  }
}

const rooms = ['policy', 'credential', 'decision', 'meter', 'registry', 'gateway', 'control', 'events', 'client'];

/*
 * `node`: pure rooms, and what drives Miniflare from outside. `workers`: the objects, inside real workerd.
 * `flow`: whole gateways over HTTP. Much of it waits for windows and leases to pass: with three files at a time two cores
 * have enough to do.
 * Limits of time only end what hangs: on a busy machine everything may take ten times as long.
 */
export default defineConfig({
  test: {
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/house.test.ts', 'test/docs.test.ts', ...rooms.map((room) => `test/${room}/**/*.test.ts`)],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: './test/support/objects-worker.ts',
            miniflare: {
              compatibilityDate: '2026-10-20',
              d1Databases: ['DB'],
              queueProducers: { EVENTS: 'keystile-events' },
              durableObjects: {
                GATES: { className: 'MovableKeyGate', useSQLite: true },
                LOCKOUTS: { className: 'MovableLockout', useSQLite: true },
                LEDGER: { className: 'MovableLedger', useSQLite: true },
                METRICS: { className: 'MetricsBoard', useSQLite: true },
              },
            },
          }),
        ],
        test: { name: 'workers', include: ['test/objects/**/*.test.ts'], testTimeout: 120_000 },
      },
      {
        test: {
          name: 'flow',
          include: ['test/flow/**/*.test.ts', 'test/dev/**/*.test.ts', 'test/cli/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
