import type { Cluster } from './cluster.ts';
import { addEndpoint } from './endpoints.ts';

/* Webhook endpoints to ask about, which stand there whatever the routes say. */

/** Where nobody listens. */
export const NOBODY = 'http://127.0.0.1:9/hooks';

/** An endpoint, and a delivery of it that has failed. */
export interface PlantedWebhook {
  readonly id: string;
  readonly delivery: string;
}

/** Puts an endpoint of an account, or (null) of the operator, in place of the one that had this name before. */
export async function plantWebhook(cluster: Cluster, account: string | null, name: string): Promise<PlantedWebhook> {
  const db = await cluster.database();
  const url = `${NOBODY}/${name}`;
  const owner = account === null ? {} : { accountId: account };
  const before = 'SELECT id FROM webhook_endpoints WHERE url = ?';
  await db.batch([
    db.prepare(`DELETE FROM webhook_secrets WHERE endpoint_id IN (${before})`).bind(url),
    db.prepare('DELETE FROM webhook_endpoints WHERE url = ?').bind(url),
  ]);
  const { id } = await addEndpoint(cluster, url, { ...owner, events: ['key_leaked'] });
  const results = await db.batch<{ id: number }>([
    db
      .prepare(
        `INSERT INTO audit (at_ms, actor, action, account_id, after)
         VALUES (1, 'system', 'webhook.tested', ?, json_object('endpoint', ?))`,
      )
      .bind(account, id),
    db
      .prepare(
        `UPDATE deliveries SET status = 'failed', attempts = 1, ended_at_ms = 2 WHERE endpoint_id = ? RETURNING id`,
      )
      .bind(id),
    db
      .prepare(
        `INSERT INTO delivery_attempts (delivery_id, number, at_ms, duration_ms, error, request)
         SELECT id, 1, 1, 1, 'connection refused', json_object('url', ?2, 'headers', json_object(), 'body', '{}')
         FROM deliveries WHERE endpoint_id = ?1`,
      )
      .bind(id, url),
  ]);
  return { id, delivery: `del_${results[1]?.results[0]?.id}` };
}
