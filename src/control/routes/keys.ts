import type { Desk } from '../desk.ts';
import * as input from '../input.ts';
import * as keys from '../inputs/keys.ts';
import { rotation } from '../inputs/rotation.ts';
import { changeAnyKey } from '../keys/change.ts';
import { createKey } from '../keys/create.ts';
import {
  activateKey,
  deactivateKey,
  listKeys,
  lookUpKey,
  removeKey,
  revokeKey,
  revokeKeys,
  showKey,
} from '../keys/keys.ts';
import { rotateAnyKey } from '../keys/rotate.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/keys.ts';
import * as rotations from '../shapes/rotation.ts';

const { examples } = shape;

/** Keys of any account, for operators. */
export const KEY_ROUTES: readonly Route<Desk>[] = [
  route(
    'POST',
    '/accounts/:id/keys',
    keys.newKey,
    {
      id: 'createAccountKey',
      summary: 'Make a key of an account; its secret is shown once, here',
      answers: { 201: shape.newKey },
      denials: ['not_found', 'account_suspended', 'conflict', 'key_cap', 'not_in_force'],
      unsettled: shape.newKey,
      example: {
        input: {
          label: 'production',
          environment: 'live',
          rate_limit_per_minute: 600,
          quotas: { monthly: 1_000_000 },
          addresses: ['203.0.113.0/24'],
        },
        answer: examples.newKey,
      },
    },
    (desk, key, params) => createKey(desk, id(params), key),
  ),
  route(
    'GET',
    '/keys',
    keys.keyQuery,
    {
      id: 'searchKeys',
      summary: 'Keys by what they are, and what their prefix or label starts with; newest first',
      answers: { 200: shape.keys },
      example: { input: { account: 'acc_3vJ8wFq2', status: 'active', limit: '50' }, answer: examples.keys },
    },
    listKeys,
  ),
  route(
    'POST',
    '/keys/revoke',
    input.keyFilter,
    {
      id: 'revokeKeys',
      summary: 'Revoke all keys of a set, so many at a time',
      answers: { 200: shape.revokedKeys },
      denials: ['not_in_force'],
      unsettled: shape.revokedKeys,
      example: { input: { prefix: 'ks_live_Ab3dE9' }, answer: examples.revokedKeys },
    },
    revokeKeys,
  ),
  route(
    'POST',
    '/keys/lookup',
    input.presentedKey,
    {
      id: 'lookUpKey',
      summary: 'Whose key a secret is, and the digest that names its lockout',
      answers: { 200: shape.foundKey },
      example: { input: { key: 'ks_live_Ab3dE9…' }, answer: examples.foundKey },
    },
    lookUpKey,
  ),
  route(
    'GET',
    '/keys/:id',
    input.nothing,
    {
      id: 'showAnyKey',
      summary: 'A key, with what was counted and its last use',
      answers: { 200: shape.shownKey },
      denials: ['not_found'],
      example: { answer: examples.shownKey },
    },
    (desk, _, params) => showKey(desk, id(params)),
  ),
  route(
    'PATCH',
    '/keys/:id',
    keys.keyChange,
    {
      id: 'updateAnyKey',
      summary: 'Change what a key is called, who may use it, and its limits',
      answers: { 200: shape.key },
      denials: ['not_found', 'role_forbidden', 'conflict', 'not_in_force'],
      example: {
        input: { rate_limit_per_minute: 600, quotas: { monthly: 1_000_000 } },
        answer: examples.key,
      },
    },
    (desk, set, params) => changeAnyKey(desk, id(params), set),
  ),
  route(
    'DELETE',
    '/keys/:id',
    keys.keyRemoval,
    {
      id: 'removeAnyKey',
      summary: 'Revoke a key for good, or delete one that was never used',
      answers: { 204: null },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { input: { purge: 'true' } },
    },
    (desk, how, params) => removeKey(desk, id(params), how),
  ),
  route(
    'POST',
    '/keys/:id/revoke',
    input.nothing,
    {
      id: 'revokeAnyKey',
      summary: 'Revoke a key, for good: from the answer on, it is admitted nowhere',
      answers: { 204: null },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: {},
    },
    (desk, _, params) => revokeKey(desk, id(params)),
  ),
  route(
    'POST',
    '/keys/:id/deactivate',
    input.nothing,
    {
      id: 'deactivateAnyKey',
      summary: 'Switch a key off until it is activated',
      answers: { 200: shape.key },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { answer: examples.inactiveKey },
    },
    (desk, _, params) => deactivateKey(desk, id(params)),
  ),
  route(
    'POST',
    '/keys/:id/activate',
    input.nothing,
    {
      id: 'activateAnyKey',
      summary: 'Switch a key on again',
      answers: { 200: shape.key },
      denials: ['not_found', 'conflict', 'not_in_force'],
      example: { answer: examples.key },
    },
    (desk, _, params) => activateKey(desk, id(params)),
  ),
  route(
    'POST',
    '/keys/:id/rotate',
    rotation,
    {
      id: 'rotateAnyKey',
      summary: 'Give a key a new secret, which is shown once, here',
      answers: { 200: rotations.rotatedKey },
      denials: ['not_found', 'trial_rotation', 'rotation_refused', 'conflict', 'not_in_force'],
      unsettled: rotations.rotatedKey,
      example: { input: { grace_seconds: 0 }, answer: rotations.examples.rotatedKey },
    },
    (desk, terms, params) => rotateAnyKey(desk, id(params), terms),
  ),
];
