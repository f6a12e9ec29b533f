import { Webhook } from 'standardwebhooks';

/** The headers of Standard Webhooks. */
export type SignatureHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>;

/**
 * Signs a body for the attempt at `nowMs` with each of these secrets (`whsec_…`), so that a receiver who knows any one
 * of them can verify it. Throws where there is none: nothing leaves unsigned.
 */
export function sign(id: string, nowMs: number, body: string, secrets: readonly string[]): SignatureHeaders {
  if (secrets.length === 0) throw new Error('no secret to sign with');
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, new Date(nowMs), body));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}
