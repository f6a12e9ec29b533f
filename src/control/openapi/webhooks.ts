import { EVENTS } from '../../events/schemas.ts';
import type { Parameter } from './parameters.ts';
import type { Schemas } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

const TEXT = { type: 'string' } as const;

/** What is sent with every event, as Standard Webhooks has it; webhooks refer to these parameters. */
export const WEBHOOK_PARAMETERS: Readonly<Record<string, Parameter>> = {
  WebhookId: {
    name: 'webhook-id',
    in: 'header',
    required: true,
    description: 'The `id` of the event, the same in every attempt: what has it already need not be looked at again.',
    schema: TEXT,
    example: 'evt_7',
  },
  WebhookTimestamp: {
    name: 'webhook-timestamp',
    in: 'header',
    required: true,
    description: 'When this attempt was made, in seconds since 1970.',
    schema: { type: 'integer' },
    example: 1_896_091_200,
  },
  WebhookSignature: {
    name: 'webhook-signature',
    in: 'header',
    required: true,
    description:
      'The HMAC-SHA-256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint, as `v1,<base64>`; several with spaces between them while a replaced secret is still good.',
    schema: TEXT,
    example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  },
};

const RESPONSES = {
  '2XX': { description: 'It has arrived.' },
  410: { description: 'Nothing is wanted any more: the endpoint is disabled.' },
  default: { description: 'It has not arrived, and is sent again later. Redirects are not followed.' },
} as const;

/** The events as webhooks of OpenAPI 3.1, by type: what an endpoint is sent, and what it may answer. */
export function webhooksOf(schemas: Schemas): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(EVENTS).map(([type, { schema, summary, audience, example }]) => [
      type,
      {
        post: {
          operationId: `on${schema.meta()?.id}`,
          // Markdown is shown in a description only.
          summary: summary.replaceAll('`', ''),
          description:
            audience === 'account'
              ? 'For the endpoints of the account and of the operator.'
              : 'For the endpoints of the operator.',
          security: [],
          parameters: Object.keys(WEBHOOK_PARAMETERS).map((name) => ({ $ref: `#/components/parameters/${name}` })),
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemas.of(schema, 'output'), example } },
          },
          responses: RESPONSES,
        },
      },
    ]),
  );
}
