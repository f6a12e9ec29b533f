import { sectionsOf } from '../../src/app.ts';
import { openApiDocument } from '../../src/control/openapi/document.ts';
import type { Described, Section } from '../../src/control/openapi/section.ts';
import type { DenialReason } from '../../src/decision/denial.ts';
import { loadPolicy } from '../../src/policy/load.ts';

/** Every operation that a gateway of this policy documents, to hold its answers against what is declared. */
export interface Declared {
  readonly operations: readonly { readonly section: Section; readonly route: Described }[];
  /**
   * The body of an answer: JSON as a value, anything else as text. Throws where the operation declares no such status,
   * or no such body, or no such code of an error.
   */
  check(operationId: string, response: Response): Promise<unknown>;
}

type Responses = Readonly<Record<string, { readonly $ref?: string; readonly content?: Contents }>>;
type Contents = Readonly<Record<string, { readonly examples?: Readonly<Record<DenialReason, unknown>> }>>;
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string; responses: Responses }>>>>;
  readonly components: { readonly responses: Responses };
}

/** What a gateway of this policy, with admin tokens, declares. */
export function declared(given: Readonly<Record<string, unknown>>): Declared {
  const loaded = loadPolicy(given);
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const { policy } = loaded;
  const tokens = [{ name: 'root', scope: 'full', token: '' }] as const;
  const sections = sectionsOf({ policy, admin: { tokens, access: null } });
  const { paths, components } = openApiDocument(policy, sections) as unknown as Document;
  const documented = new Map(
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId, responses }) => [operationId, responses]),
  );
  const operations = sections.flatMap((section) => section.routes.map((route) => ({ section, route })));

  const codesOf = (operationId: string, status: number): string[] => {
    const found = documented.get(operationId)?.[status];
    const response = found?.$ref === undefined ? found : components.responses[found.$ref.split('/').at(-1) ?? ''];
    const reasons = Object.keys(response?.content?.[policy.error.content_type]?.examples ?? {}) as DenialReason[];
    return reasons.map((reason) => policy.denials[reason].code);
  };
  return {
    operations,
    async check(operationId, response) {
      const about = operations.find(({ route }) => route.about.id === operationId)?.route.about;
      const { status } = response;
      const type = response.headers.get('content-type') ?? '';
      const text = await response.text();
      const fail = (problem: string) => new Error(`${operationId}: ${status} ${problem}: ${text.slice(0, 500)}`);
      if (about === undefined) throw fail('is of no operation');
      if (status >= 400) {
        const body = JSON.parse(text) as { code: string };
        if (type !== policy.error.content_type || !codesOf(operationId, status).includes(body.code)) {
          throw fail('is not declared');
        }
        return body;
      }
      if (about.text !== undefined && type === about.text.type) return text;
      const schema = about.answers[status as 200];
      if (schema === undefined) throw fail('is not declared');
      if (schema === null) {
        if (text !== '') throw fail('has a body');
        return undefined;
      }
      const parsed = schema.safeParse(JSON.parse(text));
      if (!parsed.success) throw fail(parsed.error.message);
      return parsed.data;
    },
  };
}
