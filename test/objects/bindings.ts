import type { MetricsBoard, MovableKeyGate, MovableLedger, MovableLockout } from '../support/objects-worker.ts';

interface Bindings {
  readonly GATES: DurableObjectNamespace<MovableKeyGate>;
  readonly LOCKOUTS: DurableObjectNamespace<MovableLockout>;
  readonly LEDGER: DurableObjectNamespace<MovableLedger>;
  readonly METRICS: DurableObjectNamespace<MetricsBoard>;
}

/** The objects under test, as bound in vitest.config.ts. */
export const gates = (env: unknown) => (env as Bindings).GATES;
export const lockouts = (env: unknown) => (env as Bindings).LOCKOUTS;
export const ledgers = (env: unknown) => (env as Bindings).LEDGER;
export const metrics = (env: unknown) => (env as Bindings).METRICS;
