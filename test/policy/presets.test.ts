import { describe, expect, test } from 'vitest';
import { presets } from '../../src/policy/presets/index.ts';
import { policySchema } from '../../src/policy/schema.ts';
import { caughtBy, mutantsOf } from './mutations.ts';
import { keystile } from './presets/keystile.ts';
import { rolling } from './presets/rolling.ts';
import { wafer } from './presets/wafer.ts';
import { wavis } from './presets/wavis.ts';
import { wevion } from './presets/wevion.ts';
import { type Facts, type Promised, promisesOf, wireOf } from './promises.ts';

/*
 * Each preset keeps what it promises, and no single value of it can be changed without one of these tests failing.
 * `npm run mutations` prints every change with the test that catches it.
 */

const known: readonly Facts[] = [keystile, wafer, wavis, wevion, rolling];
const wires: Record<string, string> = import.meta.glob('./wire/*.txt', {
  query: '?raw',
  import: 'default',
  eager: true,
});

test('every preset is here', () => {
  expect(Object.keys(presets).toSorted()).toEqual(known.map(({ preset }) => preset).toSorted());
});

describe.each(known.map((facts) => [facts.preset, facts] as const))('%s', (preset, facts) => {
  const input = presets[preset];
  if (input === undefined) throw new Error(`there is no preset ${preset}`);
  const policy = policySchema.parse(input);
  const promises: readonly Promised[] = promisesOf(facts, wires[`./wire/${preset}.txt`] ?? '');

  test('the file of its refusals is current', async () => {
    await expect(wireOf(policy)).toMatchFileSnapshot(`wire/${preset}.txt`);
  });

  test.each(promises.map(({ name, holds }) => [name, holds] as const))('%s', (_name, holds) => holds(policy));

  test('no value can be changed unnoticed', () => {
    const judged = mutantsOf(input).map((mutant) => ({ ...mutant, caught: caughtBy(mutant, promises) }));
    if (process.env.MUTATIONS) {
      for (const { path, change, caught } of judged)
        console.log(`${preset} ${path}: ${change}: ${caught ?? 'UNNOTICED'}`);
    }
    expect(judged.length).toBeGreaterThan(500);
    expect(judged.filter(({ caught }) => caught === null).map(({ path, change }) => `${path}: ${change}`)).toEqual([]);
  });
});
