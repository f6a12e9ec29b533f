import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sectionsOf } from '../../src/app.ts';
import { openApiDocument } from '../../src/control/openapi/document.ts';
import { pathTemplate } from '../../src/control/openapi/parameters.ts';
import { openSchemas } from '../../src/control/openapi/schemas.ts';
import type { Section } from '../../src/control/openapi/section.ts';
import { readsQuery } from '../../src/control/route.ts';
import { type DenialReason, deny } from '../../src/decision/denial.ts';
import { renderDenial } from '../../src/decision/respond.ts';
import { EVENTS } from '../../src/events/schemas.ts';
import { EVENT_TYPES, type EventType } from '../../src/events/types.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { presets } from '../../src/policy/presets/index.ts';
import type { Policy } from '../../src/policy/schema.ts';

/*
 * The OpenAPI document of every preset, with and without a sign-in, as Redocly's linter and the routes' own schemas
 * judge it.
 */

const SESSION = {
  issuer: 'https://issuer.example.org/',
  jwks_url: 'https://issuer.example.org/keys',
  audience: ['https://api.example.org'],
};
const TOKENS = [{ name: 'ops', scope: 'full', token: 'never-shown-0123456789' }] as const;
const ACCESS = { teamDomain: 'team.cloudflareaccess.com', audience: 'app' };

interface Body {
  readonly content?: Readonly<Record<string, { readonly example?: unknown; readonly examples?: object }>>;
}
interface Parameter {
  readonly in?: string;
  readonly required?: boolean;
  readonly example?: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body & { readonly $ref?: string }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: Operation & { readonly summary: string } }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly servers: readonly { readonly url: string }[];
}
interface Linted {
  readonly problems: readonly {
    readonly ruleId: string;
    readonly message: string;
    readonly location: readonly { readonly source: { readonly ref: string } }[];
  }[];
}

/** A variant of the gateway, and its document. */
interface Variant {
  readonly name: string;
  readonly policy: Policy;
  readonly sections: readonly Section[];
  readonly document: Document;
}

function variant(
  name: string,
  overrides: object,
  access: typeof ACCESS | null = null,
  tokens: typeof TOKENS | [] = TOKENS,
): Variant {
  const loaded = loadPolicy({
    upstreams: [{ name: 'api', origins: [{ url: 'https://api.example.org' }] }],
    ...overrides,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const { policy } = loaded;
  const sections = sectionsOf({ policy, admin: { tokens, access } });
  return { name, policy, sections, document: openApiDocument(policy, sections) as unknown as Document };
}

const ofPresets = Object.keys(presets).flatMap((preset) => [
  variant(`${preset} without a sign-in`, { preset }),
  variant(`${preset} with one`, { preset, session: SESSION }),
]);
const moved = variant(
  'moved',
  { control: { base_path: '/control', host: 'keys.example.org' }, session: SESSION },
  ACCESS,
);
const signed = variant('signed', { assertion: { issuer: 'https://gateway.example.org' } });
const closed = variant('closed', { trial: { enabled: false }, error: { body: 'no' } }, null, []);
const unproven = variant('open trial keys', { preset: 'wavis', trial: { revoke_needs_secret: false } });
const variants = [...ofPresets, moved, signed, closed, unproven];
const named = new Map(variants.map((each) => [each.name, each]));
const full = named.get('keystile with one') ?? moved;

/** The full one, with an example of an account that is none. */
const broken = JSON.parse(JSON.stringify(full.document).replaceAll('"example":{"id":"acc_', '"example":{"ids":"acc_'));
/** And with one of an event. */
const brokenEvent = JSON.parse(JSON.stringify(full.document).replaceAll('"type":"key_locked"', '"type":"key_lock"'));

const routesOf = (sections: readonly Section[]) =>
  sections.flatMap(({ base, routes }) => routes.map((route) => ({ base, route })));
const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ place: `${method.toUpperCase()} ${path}`, operation })),
  );
const contents = ({ content = {} }: Body) => Object.values(content);
const EXAMPLE = { example: expect.anything() };

function componentOf({ components }: Document, ref: string): Body | undefined {
  const [, kind = '', name = ''] = /^#\/components\/(\w+)\/(\w+)$/.exec(ref) ?? [];
  return components[kind]?.[name];
}

describe('the linter of Redocly', () => {
  const directory = mkdtempSync(join(tmpdir(), 'openapi-'));
  /** One for each file. */
  let reports: readonly Linted[] = [];

  beforeAll(async () => {
    const whole = Object.fromEntries(variants.map(({ name, document }) => [name, document]));
    const documents = { ...whole, broken, brokenEvent };
    const files = Object.entries(documents).map(([name, document]) => {
      writeFileSync(join(directory, `${name}.json`), JSON.stringify(document));
      return `${name}.json`;
    });
    const cli = join(import.meta.dirname, '../../node_modules/@redocly/cli/bin/cli.js');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [cli, 'lint', '--extends=recommended', '--format=json', '--max-problems=1000', ...files],
      { cwd: directory, env: { ...process.env, REDOCLY_TELEMETRY: 'off' }, maxBuffer: 64_000_000 },
    ).catch((error: { stdout: string }) => error);
    reports = stdout.split(/(?<=^\})(?=\{)/m).map((text) => JSON.parse(text));
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  const problemsOf = (name: string) =>
    reports
      .flatMap(({ problems }) => problems)
      .filter(({ location }) => location.some(({ source }) => source.ref === `${name}.json`))
      .map(({ ruleId, message }) => ({ ruleId, message }));

  test.each(variants.map(({ name }) => name))('finds no error and no warning in: %s', (name) => {
    expect(reports).toHaveLength(variants.length + 2);
    expect(problemsOf(name)).toEqual([]);
  });

  test.each(['broken', 'brokenEvent'])('finds an example that is not what its schema says: %s', (name) => {
    const found = problemsOf(name).map(({ ruleId }) => ruleId);
    expect(new Set(found)).toEqual(new Set(['no-invalid-media-type-examples']));
  });
});

describe.each(variants)('the document: $name', ({ policy, sections, document }) => {
  const routes = routesOf(sections);
  const operations = operationsOf(document);

  test('has every route of the tables and nothing else, each under a name of its own', () => {
    const places = routes.map(({ route, base }) => [
      `${route.method} ${policy.control.base_path}${base}${pathTemplate(route.path)}`,
      route.about.id,
    ]);
    expect(operations.map(({ place, operation }) => [place, operation.operationId]).sort()).toEqual(places.sort());
    expect(new Set(places.map(([, id]) => id)).size).toBe(places.length);
  });

  test('shows an example of all that is sent and all that comes back', () => {
    for (const { operation } of operations) {
      const { operationId, parameters = [], requestBody, responses } = operation;
      const isFixed = (parameter: Parameter) => parameter.in === 'path' || parameter.required === true;
      const bare = parameters.filter((parameter) => isFixed(parameter) && parameter.example === undefined);
      expect(bare, operationId).toEqual([]);
      if (requestBody !== undefined)
        expect(contents(requestBody), operationId).toEqual([expect.objectContaining(EXAMPLE)]);
      for (const [status, response] of Object.entries(responses)) {
        if (response.$ref !== undefined) continue;
        for (const content of contents(response)) {
          const shown = 'example' in content || Object.keys(content.examples ?? {}).length > 0;
          expect(shown, `${operationId} ${status}`).toBe(true);
        }
      }
      const shown = Object.values(responses).some(({ $ref, content }) => $ref !== undefined || content !== undefined);
      expect(shown, operationId).toBe(true);
    }
  });

  test('has every event as a webhook, with its headers and an example', () => {
    const posts = Object.entries(document.webhooks).map(([type, { post }]) => [type, post] as const);
    expect(posts.map(([type]) => type).sort()).toEqual(Object.keys(EVENT_TYPES).sort());
    for (const [type, { operationId, summary, security, parameters, requestBody, responses }] of posts) {
      const { summary: told, example } = EVENTS[type as EventType];
      const name = operationId.replace(/^on/, '');
      const content = { schema: { $ref: `#/components/schemas/${name}` }, example };
      expect([summary, security, requestBody]).toEqual([
        told.replaceAll('`', ''),
        [],
        { required: true, content: { 'application/json': content } },
      ]);
      expect(document.components.schemas).toHaveProperty(name);
      const headers = parameters?.map((each) => componentOf(document, (each as { $ref: string }).$ref));
      expect(headers).toEqual(
        ['id', 'timestamp', 'signature'].map((part) =>
          expect.objectContaining({ name: `webhook-${part}`, in: 'header', required: true }),
        ),
      );
      expect(Object.keys(responses)).toEqual(['410', '2XX', 'default']);
    }
    expect(new Set(posts.map(([, { operationId }]) => operationId)).size).toBe(posts.length);
  });

  test('refers to no more than is there, and tells each refusal by its status', () => {
    const refused = (status: string) => Number(status) >= 400;
    for (const { operation } of operations) {
      for (const [status, { $ref }] of Object.entries(operation.responses).filter(([status]) => refused(status))) {
        const response = $ref === undefined ? operation.responses[status] : componentOf(document, $ref);
        const reasons = contents(response ?? {}).flatMap(({ examples = {} }) =>
          Object.keys(examples),
        ) as DenialReason[];
        const statuses = reasons.map((reason) => policy.denials[reason].status);
        expect(new Set([Number(status), ...statuses]).size, `${operation.operationId} ${status}`).toBe(1);
      }
    }
  });
});

describe('a route', () => {
  const routes = routesOf(full.sections).map(({ route }) => route);

  test.each(routes.map((route) => [route.about.id, route] as const))(
    '%s has examples that its schemas take',
    (_, route) => {
      const { about, input } = route;
      if (input !== null && (about.example.input !== undefined || !readsQuery(route))) {
        expect(input.safeParse(about.example.input ?? {}).error).toBeUndefined();
      }
      const schemas = Object.values(about.answers).filter((schema) => schema !== null);
      for (const schema of schemas) expect(schema.safeParse(about.example.answer).error).toBeUndefined();
      if (schemas.length === 0) expect(about.example.answer).toBeUndefined();
    },
  );

  test('puts nothing over the fields of an error', () => {
    const schemas = openSchemas();
    for (const policy of variants.map((each) => each.policy)) {
      const trial = policy.trial.enabled ? [] : ['mintTrialKey'];
      const error = renderDenial(policy, deny('not_in_force', { limits: ['per_minute'] }), 'id').body;
      const fields = Object.keys(Object(JSON.parse(error)));
      const over = routes.flatMap(({ about }) => {
        if (about.unsettled === undefined || trial.includes(about.id)) return [];
        const beside = Object.keys(schemas.fieldsOf(about.unsettled, 'output').fields);
        return beside.filter((field) => fields.includes(field)).map((field) => `${about.id}: ${field}`);
      });
      expect(over).toEqual([]);
    }
  });
});

describe('what is in the document follows the policy', () => {
  const paths = (name: string) => Object.keys(named.get(name)?.document.paths ?? {});

  test('without a sign-in there are no routes of customers, and no operators without a way in', () => {
    expect(paths('keystile without a sign-in').filter((path) => path.startsWith('/api/v1/user'))).toEqual([]);
    expect(paths('keystile with one').filter((path) => path.startsWith('/api/v1/user')).length).toBeGreaterThan(3);
    expect(paths('closed').filter((path) => /^\/admin|onboarding/.test(path))).toEqual([]);
  });

  test('paths and server are those of the control routes', () => {
    expect(paths('moved').every((path) => path.startsWith('/control/'))).toBe(true);
    expect(moved.document.servers).toEqual([{ url: 'https://keys.example.org' }]);
    expect(full.document.servers).toEqual([{ url: '/' }]);
  });

  test('a call shows who makes it as the policy says', () => {
    const security = ({ document }: Variant, id: string) =>
      operationsOf(document).find(({ operation }) => operation.operationId === id)?.operation.security;
    expect(security(full, 'showHealth')).toEqual([]);
    expect(security(full, 'mintTrialKey')).toEqual([]);
    expect(security(full, 'showStatus')).toEqual([{ admin: [] }]);
    expect(security(moved, 'showStatus')).toEqual([{ admin: [] }, { access: [] }]);
    expect(security(full, 'showOwnAccount')).toEqual([{ session: [] }]);
    const places = full.policy.credential.places.filter((place) => place.in !== 'websocket');
    expect(security(full, 'rotateOwnKey')).toHaveLength(places.length);
    expect(security(full, 'revokeTrialKey')).toHaveLength(places.length);
    expect(security(unproven, 'revokeTrialKey')).toEqual([]);
  });
});
