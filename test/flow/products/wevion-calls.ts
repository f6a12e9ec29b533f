import { expect } from 'vitest';
import type { IssuedKey } from '../../support/cluster.ts';
import type { Member } from '../../support/members.ts';
import type { Json, Reply } from '../../support/reply.ts';
import { HERE, type Scene } from './scene.ts';

/* What the document of Wevion speaks of, as calls. */

export const API_KEYS = '/api/v1/api-keys';

/** The one line that lets keys outlive the member who made them. */
export const OUTLIVING = 'keys.revoke_with_member = false';

export const KEY = /^wv_live_[0-9A-Za-z]{32}$/;
export const rfc3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);

/** A key as the page makes it: by a name, and whatever else is filled in. */
export const make = (scene: Scene, by: Member, fields: Json = {}): Promise<IssuedKey> =>
  scene.key(by, { environment: undefined, ...fields });

/** Asks the routes of keys at the place that the document names. */
export async function ask(scene: Scene, by: Member, method: string, path = '', body?: unknown): Promise<Reply> {
  const token = await scene.issuer.token({ user: by.user }, { nowMs: scene.nowMs });
  const headers = { authorization: `Bearer ${token}`, 'x-keystile-account': by.account };
  return scene.send({
    method,
    path: API_KEYS + path,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

export async function revoke(scene: Scene, by: Member, { id }: IssuedKey): Promise<void> {
  expect((await ask(scene, by, 'DELETE', `/${id}`)).status).toBe(204);
}

/** The row of a key in the list, revoked and expired ones included. */
export async function row(scene: Scene, by: Member, { id }: { readonly id: string }): Promise<Json> {
  const { body } = await ask(scene, by, 'GET', '?status=all&limit=100');
  return body.keys.find((key: Json) => key.id === id);
}

/** Waits until so many calls with a key are in the audit log, and tells them. */
export const logged = (scene: Scene, by: Member, { id }: IssuedKey, many: number): Promise<Json[]> =>
  scene.listed(by, `/audit?key=${id}&action=api_call`, 'entries', many);

/** The statuses of reading and of launching, and the same of what is paid. */
export async function power(scene: Scene, key: string | IssuedKey, isolate: number = HERE): Promise<number[]> {
  const seen: number[] = [];
  for (const [method, path] of [
    ['GET', '/api/v1/campaigns'],
    ['POST', '/api/v1/campaigns'],
    ['GET', '/api/v1/billing/subscription'],
    ['PATCH', '/api/v1/billing/subscription'],
  ] as const) {
    const { status, body } = await scene.call(key, { method, path, isolate });
    if (status === 403) expect(body.code).toBe('FORBIDDEN');
    seen.push(status);
  }
  return seen;
}

/** {@link power} of each role: what it is beyond reading and launching is decided in the preset. */
export const POWERS = {
  viewer: [200, 403, 200, 403],
  mediabuyer: [200, 200, 200, 403],
  admin: [200, 200, 200, 200],
} as const;
