import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { loadPolicy } from '../src/policy/load.ts';

/*
 * `npm run policy:check [-- wrangler.toml]`: loads the policy as the Worker will, also that of every named
 * environment, which inherits none in wrangler. Exit 1, one line for each problem, if the Worker would refuse it.
 */

interface Section {
  readonly vars?: { readonly POLICY?: unknown };
  readonly env?: Readonly<Record<string, Section>>;
}

function check(name: string, section: Section): boolean {
  const label = name === '' ? 'policy' : `policy of env.${name}`;
  const loaded = loadPolicy(section.vars?.POLICY);
  if (loaded.ok) {
    console.log(`${label} ok: preset ${loaded.policy.preset}, digest ${loaded.digest}`);
    return true;
  }
  for (const problem of loaded.problems) console.error(name === '' ? problem : `env.${name}: ${problem}`);
  return false;
}

function read(path: string): Section | null {
  try {
    return parse(readFileSync(path, 'utf8')) as Section;
  } catch (error) {
    console.error(`${path}: ${error instanceof Error ? error.message.split('\n')[0] : 'cannot be read'}`);
    return null;
  }
}

const config = read(process.argv[2] ?? 'wrangler.toml');
const sections = config === null ? [] : [['', config] as const, ...Object.entries(config.env ?? {})];
const results = sections.map(([name, section]) => check(name, section));
process.exitCode = results.length > 0 && results.every(Boolean) ? 0 : 1;
