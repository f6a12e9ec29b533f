import { describe, expect, test } from 'vitest';
import { pageOf, statementsOf } from './page.ts';
import { rolling } from './rolling.ts';
import { wafer } from './wafer.ts';
import { wavis } from './wavis.ts';
import { wevion } from './wevion.ts';

const documents = [wafer, wavis, wevion, rolling];
const tests: Record<string, string> = import.meta.glob('/test/**/*.test.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});

test('docs/products.md is current', async () => {
  await expect(pageOf(documents)).toMatchFileSnapshot('../../../docs/products.md');
});

describe.each(documents)('the document of $title', (document) => {
  test('names no test that is not there', () => {
    const missing = statementsOf(document).flatMap((statement) => {
      if (statement.kind !== 'elsewhere') return [];
      const text = (tests[`/test/${statement.file}`] ?? '').replace(/\(\s+/g, '(');
      const isThere = ["'", '`'].some((quote) => text.includes(`(${quote}${statement.test}${quote},`));
      return isThere ? [] : [`${statement.file}: ${statement.test}`];
    });
    expect(missing).toEqual([]);
  });

  test('has its suite, which runs all of it', () => {
    const text = tests[`/test/flow/products/${document.preset}.test.ts`] ?? '';
    expect(text).toContain(`openScene(${document.preset}`);
    expect(text).toContain(`conform(${document.preset},`);
  });
});
