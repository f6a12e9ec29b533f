import type { BodyTemplate } from '../../policy/schema.ts';
import type { JsonSchema } from './schemas.ts';

/** What stands where a body has one of these placeholders, and nothing else. All others are texts. */
const PLACEHOLDERS: Readonly<Record<string, JsonSchema>> = {
  '{status}': { type: 'integer' },
  '{limits}': { type: 'array', items: { type: 'string' } },
};
/** The one that is left out where there is nothing to say. */
export const LIMITS = '{limits}';

/** What the policy's error bodies look like. */
export function errorSchema(template: BodyTemplate): JsonSchema {
  if (typeof template === 'string') {
    return PLACEHOLDERS[template] ?? (/\{[a-z_]+\}/.test(template) ? { type: 'string' } : { const: template });
  }
  if (typeof template !== 'object' || template === null) return { const: template };
  const properties = Object.fromEntries(Object.entries(template).map(([field, inner]) => [field, errorSchema(inner)]));
  const required = Object.keys(template).filter((field) => template[field] !== LIMITS);
  return { type: 'object', properties, required };
}

/** An error with fields beside its own: `control/answer.ts` puts them into the error, or beside it if it is no object. */
export function errorBeside(
  template: BodyTemplate,
  error: JsonSchema,
  fields: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  if (typeof template === 'object' && template !== null) return { allOf: [error], properties: fields };
  return { anyOf: [error, { type: 'object', properties: { error, ...fields }, required: ['error'] }] };
}
