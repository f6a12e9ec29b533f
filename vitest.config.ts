import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const rooms = ['policy', 'credential', 'decision', 'meter', 'registry', 'gateway', 'control', 'client'];

/*
 * `node`: pure rooms, and what drives Miniflare from outside. `workers`: the objects, inside real workerd.
 * `flow`: whole gateways over HTTP, two files at a time, since much of it waits for windows to pass.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/house.test.ts', 'test/docs.test.ts', ...rooms.map((room) => `test/${room}/**/*.test.ts`)],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: './test/support/objects-worker.ts',
            miniflare: {
              compatibilityDate: '2026-10-20',
              durableObjects: {
                GATES: { className: 'MovableKeyGate', useSQLite: true },
                LOCKOUTS: { className: 'MovableLockout', useSQLite: true },
                LEDGER: { className: 'MovableLedger', useSQLite: true },
                METRICS: { className: 'MetricsBoard', useSQLite: true },
              },
            },
          }),
        ],
        test: { name: 'workers', include: ['test/objects/**/*.test.ts'], testTimeout: 15_000 },
      },
      {
        test: {
          name: 'flow',
          include: ['test/flow/**/*.test.ts', 'test/dev/**/*.test.ts', 'test/cli/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
