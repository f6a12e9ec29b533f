import type { MemberDesk } from '../desk.ts';
import * as input from '../input.ts';
import * as keys from '../inputs/keys.ts';
import { activateManagedKey, changeManagedKey } from '../keys/change.ts';
import { createOwnKey } from '../keys/create.ts';
import { deactivateKey, removeKey, shownKey } from '../keys/keys.ts';
import { listOwnKeys, withKey } from '../keys/of-member.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/keys.ts';

const { examples } = shape;

/** Keys of the account of a session: those that the member made, or all for who manages them. */
export const MEMBER_KEY_ROUTES: readonly Route<MemberDesk>[] = [
  route(
    'GET',
    '/api-keys',
    keys.ownKeyQuery,
    {
      id: 'listKeys',
      summary: 'Keys, newest first, each with its last use; revoked and expired ones only where they are asked for',
      answers: { 200: shape.keys },
      example: { input: { status: 'active', limit: '50' }, answer: examples.keys },
    },
    listOwnKeys,
  ),
  route(
    'POST',
    '/api-keys',
    keys.newKey,
    {
      id: 'createKey',
      summary: 'Make a key; its secret is shown once, here',
      answers: { 201: shape.newKey },
      denials: ['not_found', 'conflict', 'key_cap', 'user_key_cap', 'creation_limited', 'not_in_force'],
      unsettled: shape.newKey,
      example: {
        input: {
          label: 'production',
          environment: 'live',
          role: 'developer',
          rate_limit_per_minute: 600,
          quotas: { monthly: 1_000_000 },
          addresses: ['203.0.113.0/24'],
          metadata: { team: 'search' },
        },
        answer: examples.newKey,
      },
    },
    createOwnKey,
  ),
  route(
    'GET',
    '/api-keys/:id',
    input.nothing,
    {
      id: 'showKey',
      summary: 'A key, with its limits and what is left of them, and its last use',
      answers: { 200: shape.shownKey },
      denials: ['not_found'],
      example: { answer: examples.shownKey },
    },
    (desk, _, params) => withKey(desk, id(params), (key) => shownKey(desk, key)),
  ),
  route(
    'PATCH',
    '/api-keys/:id',
    keys.keyChange,
    {
      id: 'updateKey',
      summary: 'Change what a key is called, who may use it, whether it is active, and its limits',
      answers: { 200: shape.key },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { input: { label: 'production 2', expires_at: '2030-06-30T00:00:00Z' }, answer: examples.key },
    },
    (desk, change, params) => withKey(desk, id(params), (key) => changeManagedKey(desk, key, change)),
  ),
  route(
    'DELETE',
    '/api-keys/:id',
    keys.keyRemoval,
    {
      id: 'removeKey',
      summary: 'Revoke a key for good, or delete one that was never used',
      answers: { 204: null },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { input: { purge: 'true' } },
    },
    (desk, how, params) => withKey(desk, id(params), (key) => removeKey(desk, key.id, how)),
  ),
  route(
    'POST',
    '/api-keys/:id/deactivate',
    input.nothing,
    {
      id: 'deactivateKey',
      summary: 'Switch a key off until it is activated',
      answers: { 200: shape.key },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { answer: examples.inactiveKey },
    },
    (desk, _, params) => withKey(desk, id(params), (key) => deactivateKey(desk, key.id)),
  ),
  route(
    'POST',
    '/api-keys/:id/activate',
    input.nothing,
    {
      id: 'activateKey',
      summary: 'Switch a key on again',
      answers: { 200: shape.key },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { answer: examples.key },
    },
    (desk, _, params) => withKey(desk, id(params), (key) => activateManagedKey(desk, key)),
  ),
];
