import type { Db } from './rows.ts';
import type { SealedSecret } from './webhooks.ts';

/** Secrets that are sealed under one of these versions, at most `limit`. */
export async function secretsUnder(db: Db, versions: readonly number[], limit: number): Promise<SealedSecret[]> {
  const { results } = await db
    .prepare(
      `SELECT s.id, s.sealed, s.key_version AS keyVersion
       FROM json_each(?) AS c CROSS JOIN webhook_secrets AS s ON s.key_version = c.value LIMIT ?`,
    )
    .bind(JSON.stringify(versions), limit)
    .all<SealedSecret>();
  return results;
}

/** Keeps secrets as they are sealed now. Of several who have sealed one at once either holds: both can be opened. */
export async function keepResealed(db: Db, secrets: readonly SealedSecret[]): Promise<void> {
  await db
    .prepare(
      `UPDATE webhook_secrets AS s SET sealed = c.value ->> 'sealed', key_version = c.value ->> 'keyVersion'
       FROM json_each(?) AS c WHERE s.id = c.value ->> 'id'`,
    )
    .bind(JSON.stringify(secrets))
    .run();
}

/** How many secrets there are under each version of the Worker's key. */
export async function countByVersion(db: Db): Promise<Map<number, number>> {
  const { results } = await db
    .prepare('SELECT key_version AS version, count(*) AS secrets FROM webhook_secrets GROUP BY key_version')
    .all<{ version: number; secrets: number }>();
  return new Map(results.map(({ version, secrets }) => [version, secrets]));
}

/** Forgets replaced secrets with which nothing is signed any more, at most `limit`. */
export async function purgeEndedSecrets(db: Db, nowMs: number, limit: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM webhook_secrets WHERE id IN (
         SELECT id FROM webhook_secrets WHERE ends_at_ms <= ? ORDER BY ends_at_ms LIMIT ?)`,
    )
    .bind(nowMs, limit)
    .run();
}
