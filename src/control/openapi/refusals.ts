import type * as z from 'zod';
import { type DenialReason, deny } from '../../decision/denial.ts';
import { renderDenial } from '../../decision/respond.ts';
import type { Policy } from '../../policy/schema.ts';
import { errorBeside, errorSchema, LIMITS } from './errors.ts';
import type { JsonSchema, Schemas } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

/** Makes response objects of reasons. Those that several operations have are components, and references to them. */
export interface Refusals {
  /** By status. `unsettled` is what stands beside the error `not_in_force`. */
  of(reasons: readonly DenialReason[], unsettled: z.ZodObject | undefined): Readonly<Record<string, Json>>;
  /** The components that were met so far. */
  readonly responses: Readonly<Record<string, Json>>;
  readonly examples: Readonly<Record<string, Json>>;
  readonly schemas: { readonly Error: JsonSchema };
}

const ERROR = { $ref: '#/components/schemas/Error' };
const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };
const WRONG_METHOD = { $ref: '#/components/responses/WrongMethod' };
/** The name of the request in examples. */
const REQUEST = '0b7c1b5e-7d2c-4b53-9a43-6f0d6a4f1f11';

/** An empty collection, in the words and the shape of the policy. */
export function openRefusals(policy: Policy, schemas: Schemas): Refusals {
  const { body: template, content_type: type } = policy.error;
  const examples: Record<string, Json> = {};
  const responses: Record<string, Json> = { WrongMethod: wrongMethod(type) };
  /** The names of responses by their reasons. */
  const names = new Map<string, string>();

  const make = (status: number, reasons: readonly DenialReason[], schema: JsonSchema): Json => {
    for (const reason of reasons) examples[reason] ??= exampleOf(policy, reason);
    const refer = (reason: DenialReason) => [reason, { $ref: `#/components/examples/${reason}` }] as const;
    return {
      description: reasons
        .map((reason) => policy.denials[reason])
        .map(({ code, message }) => `- \`${code}\`: ${message.replaceAll('<', '\\<')}`)
        .join('\n'),
      headers: status === 429 || status === 503 ? { ...REQUEST_ID, ...RETRY_AFTER } : REQUEST_ID,
      content: { [type]: { schema, examples: Object.fromEntries(reasons.map(refer)) } },
    };
  };
  const shared = (status: number, reasons: readonly DenialReason[]): Json => {
    const key = reasons.join();
    const name = names.get(key) ?? `Refused${names.size + 1}`;
    names.set(key, name);
    responses[name] ??= make(status, reasons, ERROR);
    return { $ref: `#/components/responses/${name}` };
  };
  return {
    responses,
    examples,
    schemas: { Error: errorSchema(template) },
    of(reasons, unsettled) {
      const byStatus = Map.groupBy(reasons, (reason) => policy.denials[reason].status);
      const refusals = [...byStatus].map(([status, those]) => {
        if (unsettled === undefined || !those.includes('not_in_force')) return [status, shared(status, those)];
        const { fields } = schemas.fieldsOf(unsettled, 'output');
        return [status, make(status, those, errorBeside(template, ERROR, fields))];
      });
      return { 405: WRONG_METHOD, ...Object.fromEntries(refusals) };
    },
  };
}

/** The path has other methods only. It has no row in policies, and is shaped like any other error. */
function wrongMethod(type: string): Json {
  return {
    description: 'There is no such method here; `Allow` names those that there are.',
    headers: { ...REQUEST_ID, Allow: { $ref: '#/components/headers/Allow' } },
    content: { [type]: { schema: ERROR } },
  };
}

function exampleOf(policy: Policy, reason: DenialReason): Json {
  const { message } = policy.denials[reason];
  const denial = deny(reason, message.includes(LIMITS) ? { limits: ['per_minute'] } : {});
  return { summary: message, value: JSON.parse(renderDenial(policy, denial, REQUEST).body) };
}
