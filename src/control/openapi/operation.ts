import { DENIAL_REASONS, type DenialReason } from '../../decision/denial.ts';
import type { Policy } from '../../policy/schema.ts';
import { isRepeatable, readsQuery } from '../route.ts';
import { ACCOUNT, IDEMPOTENCY_KEY, type Parameter, pathParameters } from './parameters.ts';
import type { Refusals } from './refusals.ts';
import type { Schemas } from './schemas.ts';
import type { Described, Section } from './section.ts';
import { securityOf } from './security.ts';

/** What operations share: the policy, and the components that they refer to. */
export interface Shared {
  readonly policy: Policy;
  readonly schemas: Schemas;
  readonly refusals: Refusals;
  /** The names of the security schemes that were met so far. */
  readonly schemes: Set<string>;
}

type Json = Readonly<Record<string, unknown>>;

const JSON_TYPE = 'application/json';
const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
const SAID: Readonly<Record<string, string>> = { 200: 'Done.', 201: 'Made.', 204: 'Done; there is no body.' };

/** A route as an operation object of OpenAPI. */
export function operationOf(shared: Shared, section: Section, route: Described): Json {
  const { about } = route;
  const reasons = reasonsOf(section, route);
  const input = inputOf(shared.schemas, route);
  const security = securityOf(shared.policy, reasons);
  for (const scheme of security.flatMap(Object.keys)) shared.schemes.add(scheme);
  const parameters = [...pathParameters(route.path), ...input.query, ...headersOf(section, route, reasons)];
  return {
    operationId: about.id,
    summary: about.summary,
    tags: [section.tag],
    security,
    ...(parameters.length > 0 && { parameters }),
    ...(input.body && { requestBody: input.body }),
    responses: { ...answersOf(shared.schemas, route), ...shared.refusals.of(reasons, about.unsettled) },
  };
}

/** Why a call may be refused, in the order of {@link DENIAL_REASONS}. */
function reasonsOf(section: Section, route: Described): readonly DenialReason[] {
  const { about, input } = route;
  const reasons = new Set<DenialReason>([...section.guard(route), ...(about.denials ?? [])]);
  if (input !== null) reasons.add('request_invalid');
  if (about.upload !== undefined || (input !== null && !readsQuery(route))) reasons.add('body_too_large');
  if (repeats(section, route)) reasons.add('idempotency_conflict');
  return DENIAL_REASONS.filter((reason) => reasons.has(reason));
}

function repeats(section: Section, route: Described): boolean {
  return (section.repeats && isRepeatable(route)) || route.about.needsIdempotencyKey === true;
}

/** What is sent: as parameters of the query, or as a body. */
function inputOf(schemas: Schemas, route: Described): { query: Parameter[]; body: Json | null } {
  const { about, input } = route;
  if (input === null) return { query: [], body: null };
  const { fields, required } = schemas.fieldsOf(input, 'input');
  const example = (about.example.input ?? {}) as Json;
  if (readsQuery(route)) {
    const query = Object.entries(fields).map(
      ([name, { description, ...schema }]): Parameter => ({
        name,
        in: 'query',
        required: required.includes(name),
        ...(typeof description === 'string' && { description }),
        schema,
        ...(Object.hasOwn(example, name) && { example: example[name] }),
      }),
    );
    const { upload } = about;
    const content = upload && { [upload.type]: { schema: { type: 'string' }, example: upload.example } };
    return { query, body: content === undefined ? null : { required: true, content } };
  }
  const schema = schemas.of(input, 'input');
  const isList = schema.type === 'array';
  if (Object.keys(fields).length === 0 && !isList) return { query: [], body: null };
  return {
    query: [],
    body: { required: required.length > 0 || isList, content: { [JSON_TYPE]: { schema, example } } },
  };
}

function headersOf(
  section: Section,
  route: Described,
  reasons: readonly DenialReason[],
): readonly (Parameter | Json)[] {
  const needed = route.about.needsIdempotencyKey === true;
  return [
    ...(needed ? [{ ...IDEMPOTENCY_KEY, required: true, example: 'invoice-2030-01' }] : []),
    ...(!needed && repeats(section, route) ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(reasons.includes('membership_missing') ? [{ $ref: '#/components/parameters/Account' }] : []),
  ];
}

/** The parameters to which operations refer. */
export function sharedParameters({ session }: Policy): Readonly<Record<string, Parameter>> {
  return { IdempotencyKey: IDEMPOTENCY_KEY, ...(session !== null && { Account: ACCOUNT }) };
}

function answersOf(schemas: Schemas, { about }: Described): Json {
  const answers = Object.entries(about.answers).map(([status, schema]) => {
    const text = status === '200' && about.text;
    const content = {
      ...(schema && { [JSON_TYPE]: { schema: schemas.of(schema, 'output'), example: about.example.answer } }),
      ...(text && { [text.type]: { schema: { type: 'string' }, example: text.example } }),
    };
    const said = { description: SAID[status], headers: REQUEST_ID };
    return [status, Object.keys(content).length === 0 ? said : { ...said, content }];
  });
  return Object.fromEntries(answers);
}
