import type { Audience } from '../../events/types.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import * as input from '../input.ts';
import { rotation } from '../inputs/rotation.ts';
import { endpointChange, newEndpoint } from '../inputs/webhooks.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/webhooks.ts';
import {
  alterEndpoint,
  makeEndpoint,
  type Owner,
  removeEndpoint,
  rotateEndpoint,
  showEndpoint,
  showEndpoints,
} from '../webhooks/endpoints.ts';

/** The routes of webhook endpoints, for who may hear of these events; `name` makes an operation's name of a verb. */
function webhookRoutes<D extends Desk>(
  audience: Audience,
  ownerOf: (desk: D) => Owner,
  name: (verb: string, what?: string) => string,
): readonly Route<D>[] {
  const examples = shape.examples[audience];
  const { url, description, events } = examples.webhook;
  return [
    route(
      'GET',
      '/webhooks',
      input.nothing,
      {
        id: name('list', 'Webhooks'),
        summary: 'Webhook endpoints, newest first',
        answers: { 200: shape.webhooks },
        example: { answer: examples.webhooks },
      },
      (desk) => showEndpoints(desk, ownerOf(desk)),
    ),
    route(
      'POST',
      '/webhooks',
      newEndpoint(audience),
      {
        id: name('create'),
        summary: 'Make a webhook endpoint, to which events are sent; its secret is shown once, here',
        answers: { 201: shape.newWebhook },
        denials: ['conflict', 'misconfigured'],
        example: { input: { url, description, events }, answer: examples.newWebhook },
      },
      (desk, wish) => makeEndpoint(desk, ownerOf(desk), wish),
    ),
    route(
      'GET',
      '/webhooks/:id',
      input.nothing,
      {
        id: name('show'),
        summary: 'A webhook endpoint',
        answers: { 200: shape.webhook },
        denials: ['not_found'],
        example: { answer: examples.webhook },
      },
      (desk, _, params) => showEndpoint(desk, ownerOf(desk), id(params)),
    ),
    route(
      'PATCH',
      '/webhooks/:id',
      endpointChange(audience),
      {
        id: name('update'),
        summary: 'Change where events are sent and which ones, disable an endpoint or activate it again',
        answers: { 200: shape.webhook },
        denials: ['not_found'],
        example: { input: { url, events, status: 'active' }, answer: examples.webhook },
      },
      (desk, change, params) => alterEndpoint(desk, ownerOf(desk), id(params), change),
    ),
    route(
      'DELETE',
      '/webhooks/:id',
      input.nothing,
      {
        id: name('delete'),
        summary: 'Delete a webhook endpoint, and what was not delivered to it',
        answers: { 204: null },
        denials: ['not_found'],
        example: {},
      },
      (desk, _, params) => removeEndpoint(desk, ownerOf(desk), id(params)),
    ),
    route(
      'POST',
      '/webhooks/:id/rotate-secret',
      rotation,
      {
        id: name('rotate', 'WebhookSecret'),
        summary:
          'Give a webhook endpoint a new secret, which is shown once, here; deliveries are signed with the old one too until its grace period ends',
        answers: { 200: shape.rotatedWebhook },
        denials: ['not_found', 'misconfigured'],
        example: { input: { grace_seconds: 3_600 }, answer: examples.rotatedWebhook },
      },
      (desk, terms, params) => rotateEndpoint(desk, ownerOf(desk), id(params), terms),
    ),
  ];
}

/** The endpoints of the account of a session. */
export const OWN_WEBHOOK_ROUTES = webhookRoutes<MemberDesk>(
  'account',
  ({ account }) => account.id,
  (verb, what = 'Webhook') => verb + what,
);

/** The endpoints of the operator. */
export const ADMIN_WEBHOOK_ROUTES = webhookRoutes<Desk>(
  'operator',
  () => null,
  (verb, what = 'Webhook') => `${verb}Operator${what}`,
);
