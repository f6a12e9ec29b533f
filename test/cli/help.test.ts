import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AS, COMMON } from '../../src/cli/args.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT } from '../../src/cli/exit.ts';

/* What docs/cli.md says of the commands, against the commands. */

const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const rows = (page.split('<!-- commands -->')[1]?.split('<!-- /commands -->')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const optionsIn = (text: string) => [...new Set(text.match(/--[a-z][a-z-]+/g) ?? [])];

describe('the page on the command line', () => {
  test('has every command in its order, with who may run it', () => {
    expect(rows.map(([, name, who]) => `${name} ${who}`)).toEqual(
      COMMANDS.map(({ name, args, as }) => `\`${[name, ...args].join(' ')}\` ${as.join(', ')}`),
    );
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    'has every option of %s',
    (name, { options }) => {
      const told = optionsIn(rows.find(([, cell]) => cell?.startsWith(`\`${name}`))?.[3] ?? '');
      expect(told.sort()).toEqual(
        Object.keys(options)
          .filter((option) => option !== 'account')
          .map((option) => `--${option}`)
          .sort(),
      );
    },
  );

  test('names no option that is not there, and every exit code', () => {
    const known = COMMANDS.flatMap(({ options }) => Object.keys(options)).concat(Object.keys({ ...AS, ...COMMON }));
    expect(optionsIn(page).filter((option) => !known.includes(option.slice(2)))).toEqual([]);
    const codes = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual([...Object.values(EXIT), 130]);
  });
});
