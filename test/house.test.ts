import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import project from '../package.json';
import packed from '../src/cli/package.json';
import wrangler from '../wrangler.toml?raw';

/*
 * The rules of the house (DESIGN §7): which room may import which, and what a pure room does without.
 */

const SRC = '/src/';
const files = import.meta.glob<string>('../src/**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true });

/** Rooms and single files of `src/` by level; an arrow points down only, or stays on its level. */
const LEVELS: readonly (readonly string[])[] = [
  ['cli'],
  ['client'],
  ['index.ts'],
  ['app.ts', 'scheduled.ts', 'schedules'],
  ['env.ts', 'gateway', 'control', 'onboarding', 'dashboard'],
  ['registry', 'objects', 'events'],
  ['policy', 'credential', 'decision', 'meter'],
];
const PURE = ['policy', 'credential', 'decision', 'meter'];
const KNOW_HONO = ['index.ts', 'app.ts', 'control', 'onboarding', 'dashboard'];
const KNOW_SQL = ['registry', 'objects'];

const CLOCK = /\bDate\.now\b|\bnew Date\(\s*\)|\bnew Date\b(?!\s*\()|(?<!new )\bDate\(|\bperformance\.now\b/;
const CHANCE = /\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\bnode:crypto\b/;
const SQL = /\b(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\b/s;

interface Queue {
  readonly queue: string;
  readonly dead_letter_queue?: string;
}

interface Source {
  readonly file: string;
  readonly room: string;
  readonly code: string;
  readonly imports: readonly string[];
}

/** The code without comments; texts stay, since SQL is in them. */
function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$|(?<=[;{},)\]]\s*)\/\/.*$/gm, '');
}

function read([path, text]: [path: string, text: string]): Source {
  const file = path.replace('../src/', '');
  const code = withoutComments(text);
  const imports = [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g)].map(([, name]) => name ?? '');
  return { file, room: file.split('/')[0] ?? file, code, imports };
}

const sources = Object.entries(files).map(read);
const inRooms = (rooms: readonly string[]) => sources.filter(({ room }) => rooms.includes(room));
const level = (room: string) => LEVELS.findIndex((rooms) => rooms.includes(room));

/** The room that a relative import leads to; null for a package, or for what is no code (`schema.sql`). */
function target({ file }: Source, name: string): string | null {
  if (!name.startsWith('.')) return null;
  const { pathname } = new URL(name, `file://${SRC}${file}`);
  return /\.tsx?$/.test(pathname) ? (pathname.slice(SRC.length).split('/')[0] ?? null) : null;
}

const isHono = (name: string) => name === 'hono' || name.startsWith('hono/') || name.startsWith('@hono/');
const offenders = (from: readonly Source[], offends: (source: Source) => boolean) =>
  from.filter(offends).map(({ file }) => file);

describe('the house', () => {
  test('has every file in a room that the plan knows', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(offenders(sources, ({ room }) => level(room) < 0)).toEqual([]);
  });

  test('has arrows that point down only', () => {
    const upward = sources.flatMap((source) =>
      source.imports
        .map((name) => target(source, name))
        .filter((to) => to !== null && level(to) < level(source.room))
        .map((to) => `${source.file} → ${to}`),
    );
    expect(upward).toEqual([]);
  });

  test('has a client and a command line that are no part of the Worker, and know it by its document alone', () => {
    const beyond = inRooms(['cli', 'client']).flatMap((source) =>
      source.imports
        .map((name) => target(source, name))
        .filter((to) => to !== null && to !== source.room && to !== 'client')
        .map((to) => `${source.file} → ${to}`),
    );
    expect(beyond).toEqual([]);
    const [client, cli] = [inRooms(['client']), inRooms(['cli'])];
    expect(offenders(client, ({ imports }) => imports.some((name) => !/^\.\/|^openapi-fetch$/.test(name)))).toEqual([]);
    expect(client.length * cli.length).toBeGreaterThan(20);
  });

  test('has SQL only in the registry and inside objects', () => {
    const others = sources.filter(({ room }) => !KNOW_SQL.includes(room));
    expect(offenders(others, ({ code }) => SQL.test(code))).toEqual([]);
  });

  test('names a preset nowhere but where presets are', () => {
    const names = /wafer|wavis|wevion|rolling/;
    const others = sources.filter(({ file }) => !file.startsWith('policy/presets/'));
    const texts = others.map(({ file }) => [file, files[`../src/${file}`] ?? ''] as const);
    expect(texts.every(([, text]) => text.length > 0)).toBe(true);
    expect(texts.filter(([file, text]) => names.test(text + file)).map(([file]) => file)).toEqual([]);
    expect(names.test(files['../src/policy/presets/index.ts'] ?? '')).toBe(true);
  });

  test('has Hono only where routes are', () => {
    const others = sources.filter(({ room }) => !KNOW_HONO.includes(room));
    expect(offenders(others, ({ imports }) => imports.some(isHono))).toEqual([]);
  });
});

describe('a pure room', () => {
  const pure = inRooms(PURE);

  test('imports no framework, no runtime and no configuration', () => {
    const impure = (name: string) =>
      isHono(name) || /^(cloudflare|node|workerd):/.test(name) || /\/env\.ts$/.test(name);
    expect(pure.length).toBeGreaterThan(0);
    expect(offenders(pure, ({ imports }) => imports.some(impure))).toEqual([]);
  });

  test('never reads the clock', () => {
    expect(offenders(pure, ({ code }) => CLOCK.test(code))).toEqual([]);
  });

  test('never draws random numbers', () => {
    expect(offenders(pure, ({ code }) => CHANCE.test(code))).toEqual([]);
  });
});

test('what is packed is of the version and the libraries of the project', () => {
  expect(packed.version).toBe(project.version);
  expect(project.dependencies).toMatchObject(packed.dependencies);
});

test('every queue that is consumed, or takes dead letters, is bound, since the first deploy makes no other', () => {
  const { queues } = parse(wrangler) as { queues?: { producers: Queue[]; consumers: Queue[] } };
  const bound = queues?.producers.map(({ queue }) => queue);
  const needed = queues?.consumers.flatMap(({ queue, dead_letter_queue: dead }) => [queue, ...(dead ? [dead] : [])]);
  expect(needed?.length).toBeGreaterThan(0);
  expect(bound).toEqual(expect.arrayContaining(needed ?? []));
});

describe('these rules', () => {
  test('tell what reads the clock from what does not', () => {
    for (const code of ['Date.now()', 'new Date()', 'new Date( )', 'new Date', 'Date()', 'performance.now()']) {
      expect(CLOCK.test(code), code).toBe(true);
    }
    for (const code of ['new Date(nowMs)', 'toDate(nowMs)', 'Date.parse(text)', 'isDate(x)']) {
      expect(CLOCK.test(code), code).toBe(false);
    }
  });

  test('tell SQL from prose', () => {
    for (const code of ['SELECT id\nFROM keys', 'INSERT INTO keys', 'UPDATE keys SET a = 1', 'DELETE FROM keys']) {
      expect(SQL.test(code), code).toBe(true);
    }
    expect(SQL.test("'select one from the list'; update(keys); deleteFrom(map)")).toBe(false);
  });
});
