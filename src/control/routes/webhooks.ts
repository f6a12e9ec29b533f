import type { Audience } from '../../events/types.ts';
import type { Desk, MemberDesk } from '../desk.ts';
import * as input from '../input.ts';
import { rotation } from '../inputs/rotation.ts';
import { deliveryQuery, endpointChange, newEndpoint } from '../inputs/webhooks.ts';
import { id, type Params, type Route, route } from '../route.ts';
import * as shape from '../shapes/webhooks.ts';
import { sendAgain, sendTest, showDeliveries, showDelivery } from '../webhooks/deliveries.ts';
import {
  alterEndpoint,
  makeEndpoint,
  type Owner,
  removeEndpoint,
  rotateEndpoint,
  showEndpoint,
  showEndpoints,
} from '../webhooks/endpoints.ts';

const delivery = (params: Params): string => params.delivery ?? '';

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
    route(
      'POST',
      '/webhooks/:id/test',
      input.nothing,
      {
        id: name('test'),
        summary: 'Send a test event to a webhook endpoint',
        answers: { 201: shape.webhookDelivery },
        denials: ['not_found', 'conflict'],
        example: { answer: shape.examples.test },
      },
      (desk, _, params) => sendTest(desk, ownerOf(desk), id(params)),
    ),
    route(
      'GET',
      '/webhooks/:id/deliveries',
      deliveryQuery,
      {
        id: name('list', 'Deliveries'),
        summary: 'What was sent to a webhook endpoint, or is to be, newest first',
        answers: { 200: shape.webhookDeliveries },
        denials: ['not_found'],
        example: { input: { status: 'delivered', limit: '50' }, answer: shape.examples.deliveries },
      },
      (desk, query, params) => showDeliveries(desk, ownerOf(desk), id(params), query),
    ),
    route(
      'GET',
      '/webhooks/:id/deliveries/:delivery',
      input.nothing,
      {
        id: name('show', 'Delivery'),
        summary: 'A delivery with its attempts: each request and each answer, bodies as far as 4 KB',
        answers: { 200: shape.shownWebhookDelivery },
        denials: ['not_found'],
        example: { answer: shape.examples.shownDelivery },
      },
      (desk, _, params) => showDelivery(desk, ownerOf(desk), id(params), delivery(params)),
    ),
    route(
      'POST',
      '/webhooks/:id/deliveries/:delivery/resend',
      input.nothing,
      {
        id: name('resend', 'Delivery'),
        summary: 'Send a delivery again that has arrived or was given up',
        answers: { 200: shape.webhookDelivery },
        denials: ['not_found', 'conflict'],
        example: { answer: shape.examples.delivery },
      },
      (desk, _, params) => sendAgain(desk, ownerOf(desk), id(params), delivery(params)),
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
