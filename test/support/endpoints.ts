import { openSeal, parseSealKeys } from '../../src/events/seal.ts';
import { type Cluster, WEBHOOK_KEYS } from './cluster.ts';
import { newSecret } from './receiver.ts';

/** Retries that a test can wait for, at receivers of this machine. */
export const LOCAL = { allow_local: true, retries: Array.from({ length: 15 }, () => '50ms') };

/** What may be said of an endpoint; without an account it is the operator's. */
export interface EndpointFields {
  readonly accountId?: string;
  readonly events?: readonly string[];
  /** The newest first; the others have been replaced, and are still valid. */
  readonly secrets?: readonly string[];
}

/** Writes an active endpoint as the registry has it, whatever its address. Returns its id and its newest secret. */
export async function addEndpoint(
  cluster: Cluster,
  url: string,
  { accountId, events, secrets = [newSecret()] }: EndpointFields = {},
): Promise<{ id: string; secret: string }> {
  const db = await cluster.database();
  const id = `whe_${crypto.randomUUID()}`;
  const keys = parseSealKeys(WEBHOOK_KEYS);
  const seal = openSeal((keys.ok && keys.keys) || []);
  const rows = await Promise.all(
    secrets.map(async (secret, age) => {
      const own = `whs_${crypto.randomUUID()}`;
      const endsAtMs = age === 0 ? null : Date.now() + 86_400_000;
      return [own, id, await seal.seal(secret, own), seal.version, Date.now() - age, endsAtMs] as const;
    }),
  );
  await db.batch([
    db
      .prepare(
        `INSERT INTO webhook_endpoints (id, account_id, url, events, status, created_at_ms) VALUES (?, ?, ?, ?, 'active', ?)`,
      )
      .bind(id, accountId ?? null, url, events === undefined ? null : JSON.stringify(events), Date.now()),
    ...rows.map((row) => db.prepare('INSERT INTO webhook_secrets VALUES (?, ?, ?, ?, ?, ?)').bind(...row)),
  ]);
  return { id, secret: secrets[0] ?? '' };
}
