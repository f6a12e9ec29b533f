import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, openGateway } from './gateway.ts';

/*
 * Webhook endpoints, as the operator has them: what is taken, and what becomes of it.
 */

let gateway: Gateway;
const URL = 'http://127.0.0.1:9/hooks';

beforeAll(async () => {
  gateway = await openGateway({}, { webhooks: { allow_local: true } });
});
afterAll(() => gateway?.close());

describe('an endpoint', () => {
  test('is made, listed, changed, rotated and deleted', async () => {
    const made = await gateway.admin('POST', '/webhooks', { url: URL, events: ['key_revoked', 'key_created'] });
    expect([made.status, made.body]).toMatchObject([
      201,
      { url: URL, status: 'active', events: ['key_created', 'key_revoked'] },
    ]);
    const { secret, ...shown } = made.body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await gateway.admin('GET', '/webhooks')).body).toEqual({ webhooks: [shown] });
    const patched = await gateway.admin('PATCH', `/webhooks/${shown.id}`, { status: 'disabled', events: null });
    expect(patched.body).toEqual({ ...shown, status: 'disabled', disabled_by: 'owner', events: null });
    const rotated = await gateway.admin('POST', `/webhooks/${shown.id}/rotate-secret`, {});
    expect(rotated.status).toBe(200);
    expect((await gateway.admin('DELETE', `/webhooks/${shown.id}`)).status).toBe(204);
    expect((await gateway.admin('GET', `/webhooks/${shown.id}`)).status).toBe(404);
  });
});
