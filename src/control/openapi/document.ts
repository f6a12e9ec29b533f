import { version } from '../../../package.json';
import type { Policy } from '../../policy/schema.ts';
import { operationOf, type Shared, sharedParameters } from './operation.ts';
import { pathTemplate } from './parameters.ts';
import { openRefusals } from './refusals.ts';
import { openSchemas } from './schemas.ts';
import type { Section } from './section.ts';
import { securitySchemes } from './security.ts';
import { WEBHOOK_PARAMETERS, webhooksOf } from './webhooks.ts';

type Json = Readonly<Record<string, unknown>>;

const ABOUT =
  'Bodies are JSON. Times are RFC 3339, in UTC. Every answer has an `X-Request-Id`. Lists have pages: `next_cursor` of one is the `cursor` of the next.';

const HEADERS = {
  RequestId: { description: 'The name of this request in logs.', schema: { type: 'string', format: 'uuid' } },
  RetryAfter: { description: 'After so many seconds it may be sent again.', schema: { type: 'integer', minimum: 1 } },
  Allow: { description: 'The methods that there are.', schema: { type: 'string' } },
} as const;

/**
 * The OpenAPI 3.1 document of these sections, as the policy has them: its paths, and its errors with their statuses,
 * codes and bodies, made of the routes' own schemas; and all events.
 */
export function openApiDocument(policy: Policy, sections: readonly Section[]): Json {
  const schemas = openSchemas();
  const refusals = openRefusals(policy, schemas);
  const shared: Shared = { policy, schemas, refusals, schemes: new Set() };
  const { host, base_path } = policy.control;
  const paths: Record<string, Record<string, Json>> = {};
  for (const section of sections) {
    for (const route of section.routes) {
      const path = base_path + section.base + pathTemplate(route.path);
      const operations = paths[path] ?? {};
      paths[path] = { ...operations, [route.method.toLowerCase()]: operationOf(shared, section, route) };
    }
  }
  const document = {
    openapi: '3.1.0',
    info: { title: 'Keystile', version, description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: host === null ? '/' : `https://${host}` }],
    tags: sections.map(({ tag, description }) => ({ name: tag, description })),
    paths,
    webhooks: webhooksOf(schemas),
  };
  const isMet = ([name]: [string, unknown]) => shared.schemes.has(name);
  const components = {
    schemas: { ...refusals.schemas, ...schemas.named },
    responses: refusals.responses,
    examples: refusals.examples,
    parameters: { ...sharedParameters(policy), ...WEBHOOK_PARAMETERS },
    headers: HEADERS,
    securitySchemes: Object.fromEntries(Object.entries(securitySchemes(policy)).filter(isMet)),
  };
  return { ...document, components };
}
