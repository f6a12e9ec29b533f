import { describe, expect, it } from 'vitest';

/*
 * A product's document, gone through from top to bottom: each statement, in our words, with the test that shows it
 * over HTTP, or the reason why there is none. `<name>.ts` holds a document, `<name>.test.ts` runs it, and the page
 * docs/products.md is written from all of them.
 */

/** A statement of a document. `S` is what its test needs: the gateway with the preset, and who is there. */
export type Statement<S> =
  /** Shown by this test. */
  | { readonly kind: 'shown'; readonly says: string; readonly show: (scene: S) => Promise<void> }
  /** Shown by a test of another file, which is long or needs a browser, a process or a client of its own. */
  | { readonly kind: 'elsewhere'; readonly says: string; readonly file: string; readonly test: string }
  /** Nothing that a gateway does: why. */
  | { readonly kind: 'outside'; readonly says: string; readonly why: string }
  /** Against security: off in the preset, and on with this policy. The test shows both. */
  | {
      readonly kind: 'off';
      readonly says: string;
      readonly why: string;
      readonly policy: string;
      readonly show: (scene: S) => Promise<void>;
    };

export interface ProductDocument<S> {
  /** The name of the preset. */
  readonly preset: string;
  /** The product's own name. */
  readonly title: string;
  readonly sections: readonly { readonly title: string; readonly statements: readonly Statement<S>[] }[];
}

export function shown<S>(says: string, show: (scene: S) => Promise<void>): Statement<S> {
  return { kind: 'shown', says, show };
}

/** `file` below `test/`, and the whole name of the test in it. */
export function elsewhere<S>(says: string, file: string, test: string): Statement<S> {
  return { kind: 'elsewhere', says, file, test };
}

export function outside<S>(says: string, why: string): Statement<S> {
  return { kind: 'outside', says, why };
}

/** `policy` is the TOML line that switches it on. */
export function off<S>(says: string, why: string, policy: string, show: (scene: S) => Promise<void>): Statement<S> {
  return { kind: 'off', says, why, policy, show };
}

/** Runs a document: a test for each statement that has one, named after it. */
export function conform<S>(document: ProductDocument<S>, scene: () => S): void {
  for (const { title, statements } of document.sections) {
    describe(title, () => {
      for (const statement of statements) {
        if (!('show' in statement)) continue;
        it(statement.says, () => statement.show(scene()));
      }
    });
  }
  it('says nothing twice', () => {
    const names = document.sections.flatMap(({ title, statements }) =>
      statements.map(({ says }) => `${title}: ${says}`),
    );
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  });
}
