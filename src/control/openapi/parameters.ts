import type { JsonSchema } from './schemas.ts';

/** A parameter object of OpenAPI. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: unknown;
}

const TEXT = { type: 'string' } as const;

/** What stands in a path behind these segments. */
const BEHIND: Readonly<Record<string, Pick<Parameter, 'description' | 'schema' | 'example'>>> = {
  accounts: { description: 'The id of an account.', schema: TEXT, example: 'acc_3vJ8wFq2' },
  keys: { description: 'The id of a key.', schema: TEXT, example: 'key_9dKx2LpT' },
  'api-keys': { description: 'The id of a key.', schema: TEXT, example: 'key_9dKx2LpT' },
  members: { description: 'The id of a member.', schema: TEXT, example: 'mem_9dKx2LpT' },
  invitations: { description: 'The id of an invitation.', schema: TEXT, example: 'inv_9dKx2LpT' },
  imports: { description: 'The name of an import.', schema: TEXT, example: 'move-1' },
  webhooks: { description: 'The id of a webhook endpoint.', schema: TEXT, example: 'whe_7hWq3Yd2' },
  deliveries: { description: 'The id of a delivery.', schema: TEXT, example: 'del_31' },
  lockouts: {
    description: 'What is locked: an address, or a secret.',
    schema: { type: 'string', enum: ['ip', 'secret'] },
    example: 'ip',
  },
  ':kind': {
    description: 'The address, or the digest of the secret.',
    schema: TEXT,
    example: '203.0.113.7',
  },
  'temp-key': {
    description: 'The beginning of a trial key.',
    schema: { type: 'string', minLength: 16, maxLength: 200 },
    example: 'ks_trial_Ab3dE9fG',
  },
};

/** The parameters in a path like `/keys/:id`. Throws where it is not known what stands there. */
export function pathParameters(path: string): Parameter[] {
  const segments = path.split('/');
  return segments.flatMap((segment, i) => {
    if (!segment.startsWith(':')) return [];
    const known = BEHIND[segments[i - 1] ?? ''];
    if (known === undefined) throw new Error(`${path}: tell in openapi-parameters.ts what ${segment} is`);
    return [{ name: segment.slice(1), in: 'path', required: true, ...known }];
  });
}

/** `/keys/:id` as OpenAPI writes it. */
export function pathTemplate(path: string): string {
  return path.replace(/:([a-z_]+)/g, '{$1}');
}

/* The page of /docs sends what an example says, so what is new each time, or one's own, has none. */

export const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Random, like a UUID; the same where the same request is sent again, which then has the answer of the first one and does nothing twice.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
};

export const ACCOUNT: Parameter = {
  name: 'X-Keystile-Account',
  in: 'header',
  required: false,
  description: 'Which account is meant, for users who belong to several.',
  schema: TEXT,
};
