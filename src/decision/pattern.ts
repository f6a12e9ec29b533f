/** Whether a normalised path matches. */
export type PathMatcher = (path: string) => boolean;

const SLASH = 47;

/**
 * Compiles a path pattern of the policy: literal segments, `*` for exactly one segment that is not empty, and a
 * final `/**` for any rest and for none. One slash at the end of the path makes no difference, since origins
 * rarely make one: a refused path must not open by adding it. Case counts.
 *
 * @example compilePattern('/v1/files/*')('/v1/files/7') // true
 */
export function compilePattern(pattern: string): PathMatcher {
  const open = pattern.endsWith('/**');
  const fixed = open ? pattern.slice(0, -3) : pattern;
  if (!fixed.includes('*')) return open ? prefixMatcher(fixed) : literalMatcher(fixed);
  const segments = fixed.slice(1).split('/');
  return (path) => {
    const end = matchSegments(segments, path);
    return end !== -1 && (open || isOver(path, end)) && (end === path.length || path.charCodeAt(end) === SLASH);
  };
}

function literalMatcher(literal: string): PathMatcher {
  if (literal === '/') return (path) => path === '/';
  return (path) => path.startsWith(literal) && isOver(path, literal.length);
}

function prefixMatcher(prefix: string): PathMatcher {
  return (path) =>
    path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === SLASH);
}

function isOver(path: string, end: number): boolean {
  return path.length === end || (path.length === end + 1 && path.charCodeAt(end) === SLASH);
}

/** Where the path stands after these segments; -1 where it differs. */
function matchSegments(segments: readonly string[], path: string): number {
  let at = 0;
  for (const segment of segments) {
    if (path.charCodeAt(at) !== SLASH) return -1;
    const start = at + 1;
    if (segment === '*') {
      const next = path.indexOf('/', start);
      at = next === -1 ? path.length : next;
      if (at === start) return -1;
    } else {
      if (!path.startsWith(segment, start)) return -1;
      at = start + segment.length;
    }
  }
  return at;
}
