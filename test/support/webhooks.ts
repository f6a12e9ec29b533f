import { mintSigningSecret } from '../../src/credential/mint.ts';
import { openSeal, parseSealKeys } from '../../src/events/seal.ts';
import { type Cluster, WEBHOOK_KEYS } from './cluster.ts';

/* Webhook endpoints that are there already, whatever routes say. */

/** Where nobody listens. */
export const NOBODY = 'http://127.0.0.1:9/hooks';

/** An endpoint, and a delivery of it that has failed. */
export interface PlantedWebhook {
  readonly id: string;
  readonly delivery: string;
}

/** Puts an endpoint of an account, or (null) of the operator, back to how it began: active, with one failed delivery. */
export async function plantWebhook(cluster: Cluster, account: string | null, name: string): Promise<PlantedWebhook> {
  const db = await cluster.database();
  const id = `whe_of_${name}`;
  const keys = parseSealKeys(WEBHOOK_KEYS);
  if (!keys.ok || keys.keys === null) throw new Error('no key for secrets');
  const seal = openSeal(keys.keys);
  const secret = mintSigningSecret((n) => crypto.getRandomValues(new Uint8Array(n)));
  const results = await db.batch<{ id: number }>([
    db.prepare('DELETE FROM deliveries WHERE endpoint_id = ?').bind(id),
    db.prepare('DELETE FROM webhook_secrets WHERE endpoint_id = ?').bind(id),
    db.prepare('DELETE FROM webhook_endpoints WHERE id = ?').bind(id),
    db
      .prepare(
        `INSERT INTO webhook_endpoints (id, account_id, url, events, status, created_at_ms)
         VALUES (?, ?, ?, '["key_leaked"]', 'active', 1)`,
      )
      .bind(id, account, NOBODY),
    db
      .prepare(
        `INSERT INTO webhook_secrets (id, endpoint_id, sealed, key_version, created_at_ms) VALUES (?, ?, ?, ?, 1)`,
      )
      .bind(`whs_of_${name}`, id, await seal.seal(secret, `whs_of_${name}`), seal.version),
    db
      .prepare(
        `INSERT INTO audit (at_ms, actor, action, account_id, after)
         VALUES (1, 'system', 'webhook.tested', ?, json_object('endpoint', ?))`,
      )
      .bind(account, id),
    db
      .prepare(
        `UPDATE deliveries SET status = 'failed', attempts = 1, ended_at_ms = 2
         WHERE endpoint_id = ? RETURNING id`,
      )
      .bind(id),
  ]);
  const delivery = results[6]?.results[0]?.id;
  const request = { url: NOBODY, headers: { 'webhook-id': 'evt_1' }, body: '{}' };
  await db
    .prepare(
      `INSERT INTO delivery_attempts (delivery_id, number, at_ms, duration_ms, status, error, request)
       VALUES (?, 1, 1, 1, NULL, 'connection refused', ?)`,
    )
    .bind(delivery, JSON.stringify(request))
    .run();
  return { id, delivery: `del_${delivery}` };
}
