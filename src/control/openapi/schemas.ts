import * as z from 'zod';

/** A JSON Schema (2020-12), as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Makes JSON Schemas of zod schemas. Those with an `id` become components, and references to them. */
export interface Schemas {
  /** `input`: what may be sent; `output`: what comes back. */
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  /** The fields of an object, by name; empty for what is none. */
  fieldsOf(
    schema: z.ZodType,
    io: 'input' | 'output',
  ): { fields: Readonly<Record<string, JsonSchema>>; required: string[] };
  /** The components that were met so far. */
  readonly named: Readonly<Record<string, JsonSchema>>;
}

const HERE = '#/components/schemas/';

/** An empty collection. Throws where two schemas that differ have one id. */
export function openSchemas(): Schemas {
  const named: Record<string, JsonSchema> = {};
  const make: Schemas['of'] = (schema, io) => {
    const made = z.toJSONSchema(z.object({ it: schema }), { io, unrepresentable: 'any', override: tidy });
    const { properties, $defs = {} } = JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', `"${HERE}`));
    for (const [id, schemaOfId] of Object.entries<JsonSchema>($defs)) {
      const known = named[id];
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schemaOfId)) {
        throw new Error(`two schemas have the id ${id}`);
      }
      named[id] = schemaOfId;
    }
    return properties.it;
  };
  const made = { input: new Map<z.ZodType, JsonSchema>(), output: new Map<z.ZodType, JsonSchema>() };
  const of: Schemas['of'] = (schema, io) => {
    const known = made[io].get(schema) ?? make(schema, io);
    made[io].set(schema, known);
    return known;
  };
  return {
    of,
    named,
    fieldsOf(schema, io) {
      const made = of(schema, io);
      const object = typeof made.$ref === 'string' ? (named[made.$ref.slice(HERE.length)] ?? {}) : made;
      const { properties = {}, required = [] } = object as {
        properties?: Record<string, JsonSchema>;
        required?: string[];
      };
      return { fields: properties, required };
    },
  };
}

/** Takes out what zod says of every time and every whole number, and what a reader knows. */
function tidy({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
