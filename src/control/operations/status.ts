import { countByVersion } from '../../registry/endpoint-secrets.ts';
import { countByPepper } from '../../registry/keys.ts';
import { outboxAge } from '../../registry/outbox.ts';
import { type Answer, json, rfc3339 } from '../answer.ts';
import type { Desk } from '../desk.ts';

interface Probe {
  readonly reachable: boolean;
  readonly latency_ms: number;
}

/** The name of the objects, and of the KV entry, that exist for no key: asking them stores nothing. */
const PROBE = 'status-probe';

/** How this gateway stands: its stores, what waits in the outbox, peppers, keys of webhooks, origins and policy. */
export async function showStatus(desk: Desk): Promise<Answer> {
  const { policy, policyDigest, edge, routes, courier } = desk.house;
  const { db, kv, gate } = desk.force;
  const [[d1, outbox], [kvProbe], [gateProbe], [lockoutProbe], digests, secrets] = await Promise.all([
    probe(() => outboxAge(db)),
    probe(() => kv.get(PROBE)),
    probe(() => gate(PROBE).inspect([])),
    probe(() => edge.lockout(PROBE).inspect(0)),
    countByPepper(db).catch(() => null),
    countByVersion(db).catch(() => null),
  ]);
  const versions = edge.lookup.peppers.map(({ version }) => version);
  return json({
    policy: { preset: policy.preset, digest: policyDigest },
    stores: { d1, kv: kvProbe, gate: gateProbe, lockout: lockoutProbe },
    outbox: outbox && { waiting: outbox.waiting, oldest_at: rfc3339(outbox.oldestAtMs) },
    peppers: digests && versionViews(versions, digests, 'digests'),
    webhook_keys: secrets && versionViews(courier.seal?.versions ?? [], secrets, 'secrets'),
    // As this isolate has found them: each isolate leaves out failing origins by itself.
    origins: routes.map(({ route }) => ({
      upstream: route.name,
      origins: route.origins.map(({ name, breaker }) => ({
        name,
        failures_in_a_row: breaker.failures,
        left_out_until: breaker.openUntilMs === 0 ? null : rfc3339(breaker.openUntilMs),
      })),
    })),
  });
}

/** Each version that is configured or still in use; one of the latter alone means what cannot be found or read. */
function versionViews(versions: readonly number[], counts: ReadonlyMap<number, number>, what: string): object[] {
  return [...new Set([...versions, ...counts.keys()])].map((version) => ({
    version,
    current: version === versions[0],
    configured: versions.includes(version),
    [what]: counts.get(version) ?? 0,
  }));
}

/** A Worker's clock moves only with I/O, so this is the time of the call and nothing else. */
async function probe<T>(ask: () => Promise<T>): Promise<[Probe, T | null]> {
  const sinceMs = Date.now();
  try {
    const answer = await ask();
    return [{ reachable: true, latency_ms: Date.now() - sinceMs }, answer];
  } catch {
    return [{ reachable: false, latency_ms: Date.now() - sinceMs }, null];
  }
}
