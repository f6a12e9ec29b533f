import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { sectionsOf } from '../src/app.ts';
import { newEndpoint } from '../src/control/inputs/webhooks.ts';
import { pathTemplate } from '../src/control/openapi/parameters.ts';
import { DOCUMENT, PAGE } from '../src/control/openapi/routes.ts';
import { DENIAL_REASONS } from '../src/decision/denial.ts';
import { unpackEvent } from '../src/decision/event.ts';
import { EVENTS } from '../src/events/schemas.ts';
import { FINAL_AFTER_MS, PROVISIONAL_AFTER_MS } from '../src/meter/credits.ts';
import { LEDGER_LEASES, LEDGER_SLACK_MS, RETURN_AFTER_MS, SMALL_LIMIT, usableMs } from '../src/meter/times.ts';
import { REPEAT_MS } from '../src/objects/journal.ts';
import { lineOf } from '../src/objects/log-line.ts';
import { KEPT_MS } from '../src/objects/usage.ts';
import { loadPolicy } from '../src/policy/load.ts';
import { presets } from '../src/policy/presets/index.ts';
import { policySchema } from '../src/policy/schema.ts';
import { RECORD_CACHE_MS } from '../src/registry/lookup.ts';

/*
 * What README.md and docs/ say that the code can be asked about: examples load, tables are complete and current,
 * links lead somewhere. A table that is wrong is told with the row that is right.
 */

const pages: Record<string, string> = import.meta.glob(['../README.md', '../docs/*.md'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const code: Record<string, string> = import.meta.glob('../src/**/*.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const tests: Record<string, string> = import.meta.glob(['./**/*.test.ts', './flow/products/*.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const files = new Set(
  Object.keys(import.meta.glob(['../*', '../docs/*', '../src/**/*.ts', './**/*.ts', '../bench/*.ts'])),
);

const page = (name: string) => pages[`../${name}`] ?? '';

/** The rows between `<!-- name -->` and `<!-- /name -->`, as cells, without the head. */
function table(text: string, name: string): string[][] {
  const inner = text.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? '';
  const lines = inner.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const blocks = Object.entries(pages).flatMap(([file, text]) =>
  [...text.matchAll(/^```toml\n([\s\S]*?)^```/gm)].map(([, toml = ''], i) => ({ name: `${file} ${i + 1}`, toml })),
);

describe('examples', () => {
  test('there are some', () => {
    expect(blocks.length).toBeGreaterThan(4);
  });

  test.each(blocks)('the policy of $name loads', ({ toml }) => {
    const { vars } = parse(toml) as { vars?: { POLICY?: unknown } };
    expect(vars?.POLICY).toBeDefined();
    const loaded = loadPolicy(vars?.POLICY);
    expect(loaded.ok ? [] : loaded.problems).toEqual([]);
  });

  test('the policies of commands load', () => {
    const given = Object.values(pages).flatMap((text) => [...text.matchAll(/--policy '([^']+)'/g)]);
    expect(given.length).toBeGreaterThan(0);
    for (const [, json = ''] of given) expect(loadPolicy(JSON.parse(json))).toMatchObject({ ok: true });
  });
});

describe('links', () => {
  const links = Object.entries(pages).flatMap(([file, text]) =>
    [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)]
      .map(([, inline, reference]) => ({ file, link: inline ?? reference ?? '' }))
      .filter(({ link }) => !/^https:/.test(link)),
  );
  const anchor = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');

  test.each(links)('$file to $link', ({ file, link }) => {
    const [path = '', hash] = link.split('#');
    const target = path === '' ? file : new URL(path, `file:///docs/${file}`).pathname.replace('/', '../');
    expect(files).toContain(target);
    if (hash === undefined) return;
    const headings = [...(pages[target] ?? '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));
    expect(headings).toContain(hash);
  });
});

test('the files that pages name are there', () => {
  const named = Object.values(pages).flatMap((text) => [...text.matchAll(/`((?:src|test|bench)\/[\w/.-]+\.ts)`/g)]);
  expect(named.length).toBeGreaterThan(20);
  const missing = named.map(([, path = '']) => path.replace(/^test\//, './').replace(/^(?=[a-z])/, '../'));
  expect(missing.filter((path) => !files.has(path))).toEqual([]);
});

describe('the table of denials', () => {
  const rows = table(page('docs/policy.md'), 'denials');
  const wire = (preset: string, reason: (typeof DENIAL_REASONS)[number]) => {
    const row = presets[preset]?.denials[reason];
    return `${row?.status} \`${row?.code}\``;
  };

  test('has every reason, as two presets say it', () => {
    const when = new Map(rows.map(([reason = '', text = '']) => [reason, text]));
    const right = DENIAL_REASONS.map((reason) => {
      const name = `\`${reason}\``;
      return `| ${[name, when.get(name) ?? 'TELL WHEN', wire('keystile', reason), wire('wavis', reason)].join(' | ')} |`;
    });
    expect(rows.map((cells) => `| ${cells.join(' | ')} |`)).toEqual(right);
  });

  test('marks the reasons that no code gives', () => {
    const given = Object.entries(code)
      .filter(([file]) => !/presets|decision\/(denial|respond)\.ts|control\/(sections|routes\/.*)\.ts/.test(file))
      .map(([, text]) => text)
      .join('\n');
    const marked = rows.filter(([, text]) => text?.startsWith('†')).map(([reason = '']) => reason.replaceAll('`', ''));
    const never = DENIAL_REASONS.filter((reason) => !given.includes(`'${reason}'`));
    expect(marked.filter((reason) => reason !== 'grace_ended')).toEqual(never);
  });
});

interface Json {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly additionalProperties?: Json | boolean;
  readonly items?: Json;
  readonly anyOf?: readonly Json[];
  readonly type?: string;
}

/** Every field of a schema, by its dotted path. */
function fieldsOf(schema: Json, path = ''): string[] {
  const { properties, additionalProperties: entry, items, anyOf } = schema;
  const inner = anyOf?.length === 2 ? anyOf.find((each) => each.properties !== undefined) : undefined;
  if (inner !== undefined) return [path, ...fieldsOf(inner, path)];
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([name, field]) =>
      fieldsOf(field, path === '' ? name : `${path}.${name}`),
    );
  }
  if (path === 'denials') return [path];
  if (typeof entry === 'object' && entry.properties !== undefined) return [path, ...fieldsOf(entry, `${path}.<name>`)];
  return items?.properties === undefined ? [path] : [path, ...fieldsOf(items, `${path}[]`)];
}

describe('the table of fields', () => {
  const rows = table(page('docs/policy.md'), 'fields');
  const minimal = {
    environments: { minimal: { billed: false } },
    roles: { minimal: { allow: [] } },
    plans: { minimal: {} },
    upstreams: [{ name: 'api', origins: [{ url: 'https://api.example.com' }] }],
  };
  const UNITS: Record<string, number> = {
    ms: 1,
    s: 1e3,
    m: 6e4,
    h: 36e5,
    d: 864e5,
    KB: 1_024,
    MB: 1_048_576,
    GB: 1_073_741_824,
  };

  function loadedAt(input: unknown, path: string): unknown {
    const loaded = loadPolicy(input);
    if (!loaded.ok) throw new Error(loaded.problems.join('; '));
    const steps = path.replaceAll('[]', '.0').replaceAll('<name>', 'minimal').split('.');
    return steps.reduce<unknown>((value, step) => (value as Record<string, unknown> | null)?.[step], loaded.policy);
  }

  test('has every field of the schema, in its order', () => {
    const schema = z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' }) as Json;
    expect(rows.map(([field]) => field)).toEqual(fieldsOf(schema).map((field) => `\`${field}\``));
  });

  test.each(rows.map(([field = '', unit = '', told = '']) => ({ field: field.replaceAll('`', ''), unit, told })))(
    'tells the default of $field',
    ({ field, unit, told }) => {
      if (told === 'required') return expect(JSON.stringify(minimal)).toContain(`"${field.split('.').at(-1)}":`);
      const value = loadedAt(/<name>|\[\]/.test(field) ? minimal : {}, field);
      if (value === undefined) return expect(told).toBe('—');
      const unitedAs = (text: string) => {
        const [, digits, unitName = ''] = /^(\d+)(\w+)$/.exec(text) ?? [];
        return Number(digits) * (UNITS[unitName] ?? Number.NaN);
      };
      if (unit === 'duration' || unit === 'size') return expect(unitedAs(told.replaceAll('`', ''))).toBe(value);
      if (unit === 'list of durations') {
        return expect((JSON.parse(told.replaceAll('`', '')) as string[]).map(unitedAs)).toEqual(value);
      }
      const json = JSON.stringify(value);
      expect(told).toBe(json.length > 44 ? '[preset]' : `\`${json}\``);
    },
  );
});

/** Every route but those of the OpenAPI document, as `GET /path/{parameter}`. */
function routes(): string[] {
  const loaded = loadPolicy({
    upstreams: [{ name: 'api', origins: [{ url: 'https://api.example.org' }] }],
    session: { issuer: 'https://a.example', jwks_url: 'https://a.example/keys', audience: ['api'] },
    assertion: { issuer: 'https://a.example' },
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const tokens = [{ name: 'root', scope: 'full', token: '' }] as const;
  return sectionsOf({ policy: loaded.policy, admin: { tokens, access: null } }).flatMap(({ base, routes }) =>
    routes.map(({ method, path }) => `${method} ${base}${pathTemplate(path)}`),
  );
}

describe('the README', () => {
  const text = page('README.md');

  test('tells of no route that is not there', () => {
    const told = [...text.matchAll(/^\| `([A-Z]+ \/[^`]+)` \|/gm)].map(([, route]) => route);
    expect(told.length).toBeGreaterThan(30);
    expect(told.filter((route = '') => ![...routes(), `GET ${DOCUMENT}`, `GET ${PAGE}`].includes(route))).toEqual([]);
  });

  test('tells the times by which the code goes', () => {
    expect([usableMs(1_000), usableMs(0), SMALL_LIMIT]).toEqual([1_060, 560, 60]);
    expect(usableMs(LEDGER_LEASES * 1_000, LEDGER_SLACK_MS)).toBe(4_060);
    expect(usableMs(1_000, LEDGER_SLACK_MS)).toBe(1_260);
    expect(RETURN_AFTER_MS).toBe(1_500);
    expect(Math.ceil(RECORD_CACHE_MS / 60_000)).toBe(71);
    for (const told of [
      '1.06 s at the default, and 0.56 s',
      'Limits of 60 and less',
      '1.5 s after',
      'shares up to 4.06 s',
      'up to 1.26 s later',
      'up to 71 minutes',
    ]) {
      expect(text).toContain(told);
    }
  });

  test('has a place for what was measured', () => {
    expect(table(text, 'bench')).toHaveLength(5);
  });
});

describe('the page on metering', () => {
  const text = page('docs/metering.md');

  test('has every field of an entry of the log, in its order', () => {
    const fields = Object.keys(lineOf({ ...unpackEvent([]), atMs: 0 }));
    expect(table(text, 'log').map(([field]) => field)).toEqual(fields.map((field) => `\`${field}\``));
  });

  test('tells the times by which the code goes', () => {
    expect([PROVISIONAL_AFTER_MS, FINAL_AFTER_MS, REPEAT_MS]).toEqual([15 * 60_000, 24 * 3_600_000, 15 * 60_000]);
    expect([KEPT_MS.hour / 86_400_000, Math.floor(KEPT_MS.day / 86_400_000 / (365.25 / 12))]).toEqual([90, 25]);
    for (const told of [
      '15 minutes after their lease, final 24 hours later',
      'by hour for 90 days and by day for 25',
    ]) {
      expect(text).toContain(told);
    }
  });
});

describe('the page on webhooks', () => {
  const text = page('docs/webhooks.md');
  const shown = (fields: readonly string[]) => fields.map((field) => `\`${field}\``).join(', ');

  test('has every event, as its schema tells it', () => {
    const right = Object.entries(EVENTS).map(([type, { summary, audience, schema }]) => {
      const own = Object.keys(schema.shape.data.shape).filter((field) => field !== 'account' && field !== 'key');
      return [`\`${type}\``, audience === 'account' ? 'both' : 'operator', summary, shown(own)];
    });
    expect(table(text, 'events')).toEqual(right);
  });

  test('shows a payload', () => {
    const [, json = ''] = /^```json\n([\s\S]*?)^```/m.exec(text) ?? [];
    expect(JSON.parse(json)).toEqual(EVENTS.key_rotated.example);
  });

  test('asks for endpoints as there may be', () => {
    const bodies = [...text.matchAll(/ -d '([^']+)'/g)].map(([, json = '']) => JSON.parse(json));
    expect(bodies.map((body) => newEndpoint('account').safeParse(body).error)).toEqual([undefined, undefined]);
  });

  test('tells the times by which the code goes', () => {
    const loaded = loadPolicy({ upstreams: [{ name: 'api', origins: [{ url: 'https://api.example.com' }] }] });
    if (!loaded.ok) throw new Error(loaded.problems.join('; '));
    const { webhooks, warnings } = loaded.policy;
    const pauses = webhooks.retries.map((ms) =>
      ms < 60_000 ? `${ms / 1_000} s` : ms < 3_600_000 ? `${ms / 60_000} m` : `${ms / 3_600_000} h`,
    );
    expect(text).toContain(`after ${pauses.slice(0, -1).join(', ')} and ${pauses.at(-1)}, each`);
    const days = (ms: number) => ms / 86_400_000;
    expect([webhooks.retries.length, Math.floor(days(webhooks.retries.reduce((sum, ms) => sum + ms, 0)))]).toEqual([
      9, 3,
    ]);
    expect([
      webhooks.timeout,
      webhooks.endpoints,
      ...[webhooks.disable_after, webhooks.secret_grace, webhooks.keep].map(days),
    ]).toEqual([10_000, 20, 5, 1, 30]);
    expect([warnings.expiry.map(days), warnings.quota_percent, warnings.credits_micro]).toEqual([
      [14, 7, 1],
      80,
      10_000_000,
    ]);
  });
});

describe('the runbook', () => {
  test('explains every alert, and no other', () => {
    const alerts = Object.values(code).flatMap((text) => [...text.matchAll(/\balert\(\s*['`]([^'`]+)['`]/g)]);
    const names = alerts.map(([, name]) => name);
    const told = table(page('docs/runbook.md'), 'alerts').map(([name = '']) => name.replaceAll('`', ''));
    expect(told.sort()).toEqual([...new Set(names)].sort());
  });
});

test('the table of the cron has every job, in its order', () => {
  const [, jobs = ''] = /const JOBS = \{([^}]*)\}/.exec(code['../src/scheduled.ts'] ?? '') ?? [];
  const names = [...jobs.matchAll(/\w+/g)].map(([name]) => `\`${name}\``);
  expect(names.length).toBeGreaterThan(5);
  expect(table(page('docs/schedules.md'), 'jobs').map(([name]) => name)).toEqual(names);
});

describe('the table of claims', () => {
  const rows = table(page('docs/claims.md'), 'claims');
  const quoted = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

  test('has claims of all four products, each with a test', () => {
    expect(new Set(rows.map(([product]) => product))).toEqual(new Set(['Wafer', 'WAVIS', 'Wevion', 'Rolling']));
    expect(rows.filter((cells) => cells.length !== 4 || quoted(cells[3]).length < 2)).toEqual([]);
  });

  test('names no test that is not there', () => {
    const missing: string[] = [];
    for (const cells of rows) {
      let code = '';
      for (const name of quoted(cells[3])) {
        if (name.endsWith('.ts')) code = (tests[name.replace(/^test/, '.')] ?? '').replace(/\(\s+/g, '(');
        else if (!["'", '`'].some((quote) => code.includes(`(${quote}${name}${quote},`))) missing.push(name);
      }
    }
    expect(missing).toEqual([]);
  });

  test('names no route that is not there', () => {
    const told = rows.flatMap(([, , cell]) => quoted(cell));
    const plain = told.map((route) => route.replace(/\?.*/, '').replace('/v1/api-keys', '/v1/user/api-keys'));
    expect(told.length).toBeGreaterThan(40);
    expect(plain.filter((route) => !routes().includes(route))).toEqual([]);
  });
});
