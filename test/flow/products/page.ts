import type { ProductDocument, Statement } from './document.ts';

/* The page docs/products.md, as the documents make it. */

type Documents = readonly ProductDocument<never>[];

const INTRO = `# Four products

Keystile is to be each of four products by its policy alone. These are the statements of their documents, in our words and in the order in which they stand there, each with the test that shows it over HTTP in workerd, against the preset as it comes: \`preset\` is all of the product that its gateway is told.

- **shown**: by a test of the name of the statement, below the name of its section, in the file that is named at the product. A file in its place: by another test, of that name.
- **outside**: nothing that a gateway does, and why.
- **off**: against security. It is off in the preset, and the line of policy that is given switches it on below \`[vars.POLICY]\`. The test shows both.

What a document leaves open is decided in the preset, with a comment that says so: \`src/policy/presets/\`.

To look at one: \`npm start -- --preset wafer\`. Fields have our names whatever a document calls them: what is a name or an alias there is \`label\` here.

<!-- Written by \`npx vitest run --project flow test/flow/products/page.test.ts -u\`. -->`;

const KINDS = ['shown', 'elsewhere', 'off', 'outside'] as const;

/** The whole page. */
export function pageOf(documents: Documents): string {
  const counts = table(
    ['product', 'preset', 'statements', 'shown', 'shown by another test', 'off', 'outside'],
    documents.map((document) => {
      const statements = statementsOf(document);
      const many = KINDS.map((wanted) => statements.filter(({ kind }) => kind === wanted).length);
      return [document.title, code(document.preset), ...[statements.length, ...many].map(String)];
    }),
  );
  return `${[INTRO, counts, ...documents.map(productOf)].join('\n\n')}\n`;
}

/** All statements of a document, in its order. */
export function statementsOf<S>({ sections }: ProductDocument<S>): readonly Statement<S>[] {
  return sections.flatMap(({ statements }) => statements);
}

function productOf({ title, preset, sections }: Documents[number]): string {
  const head = `## ${title}\n\n\`preset = "${preset}"\`, tried by \`test/flow/products/${preset}.test.ts\`.`;
  const parts = sections.map(({ title: section, statements }) => {
    const rows = statements.map((statement) => [statement.says, shownBy(statement)]);
    return `### ${section}\n\n${table(['statement', 'test'], rows)}`;
  });
  return [head, ...parts].join('\n\n');
}

function shownBy(statement: Statement<never>): string {
  switch (statement.kind) {
    case 'shown':
      return 'shown';
    case 'elsewhere':
      return `\`test/${statement.file}\`: ${code(statement.test)}`;
    case 'outside':
      return `outside: ${statement.why}`;
    case 'off':
      return `shown, and **off**: ${statement.why} On with ${code(statement.policy)}`;
  }
}

const code = (text: string) => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
