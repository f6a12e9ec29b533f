import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../src/decision/pattern.ts';

/** The rule as slowly and plainly as it can be said. */
function reference(pattern: string, path: string): boolean {
  const open = pattern.endsWith('/**');
  const wanted = (open ? pattern.slice(0, -3) : pattern).split('/').slice(1);
  if (pattern === '/') return path === '/';
  if (!path.startsWith('/')) return wanted.length === 0 && path === '';
  const given = path.split('/').slice(1);
  if (!open && given.length === wanted.length + 1 && given.at(-1) === '') given.pop();
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, i) => (segment === '*' ? given[i] !== '' : segment === given[i]));
}

describe('a path pattern', () => {
  test.each([
    ['/', '/', true],
    ['/', '/a', false],
    ['/**', '/', true],
    ['/**', '/a/b', true],
    ['/a', '/a', true],
    ['/a', '/a/', true],
    ['/a', '/a//', false],
    ['/a', '/ab', false],
    ['/a', '/A', false],
    ['/a/*', '/a', false],
    ['/a/*', '/a/', false],
    ['/a/*', '/a/b', true],
    ['/a/*', '/a/b/', true],
    ['/a/*', '/a/b/c', false],
    ['/a/**', '/a', true],
    ['/a/**', '/a/b/c', true],
    ['/a/**', '/ab', false],
    ['/a/*/c/**', '/a/b/c', true],
    ['/a/*/c/**', '/a/b/c/d', true],
    ['/a/*/c/**', '/a/b/cd', false],
    ['/a/*/**', '/a', false],
    ['/a/*/c', '/a/b/cd', false],
    ['/a.b/*', '/axb/c', false],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(compilePattern(pattern)(path)).toBe(expected);
  });

  test('is what the slow reference says', () => {
    const segment = fc.constantFrom('a', 'b', 'ab', '*');
    const pattern = fc
      .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
      .map(([segments, open]) => `${segments.map((text) => `/${text}`).join('')}${open ? '/**' : ''}` || '/');
    const path = fc.array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 5 }).map((all) => `/${all.join('/')}`);
    fc.assert(
      fc.property(pattern, path, (p, t) => {
        expect(compilePattern(p)(t)).toBe(reference(p, t));
      }),
      { numRuns: 2_000 },
    );
  });
});
