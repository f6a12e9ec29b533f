import { describe, expect, it } from 'vitest';
import { checkAdminToken, parseAdminTokens } from '../../src/control/guards/tokens.ts';

const LONG = 'x'.repeat(16);

function tokensOf(text: string) {
  const parsed = parseAdminTokens(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.tokens;
}

describe('ADMIN_TOKEN', () => {
  it('is no token at all where it is not set or empty', () => {
    expect(parseAdminTokens(undefined)).toEqual({ ok: true, tokens: [] });
    expect(parseAdminTokens(' ')).toEqual({ ok: true, tokens: [] });
  });

  it('reads named, read-only and bare tokens, and one name twice', () => {
    expect(tokensOf(`ops=${LONG}1, ops=${LONG}2,dash:read=${LONG}3,${LONG}4`)).toEqual([
      { name: 'ops', scope: 'full', token: `${LONG}1` },
      { name: 'ops', scope: 'full', token: `${LONG}2` },
      { name: 'dash', scope: 'read', token: `${LONG}3` },
      { name: 'admin', scope: 'full', token: `${LONG}4` },
    ]);
  });

  it('keeps "=" inside a token that has a name', () => {
    expect(tokensOf(`ops=${LONG}==`)[0]?.token).toBe(`${LONG}==`);
  });

  it.each([
    ['a short token', 'ops=fifteen-letters'],
    ['a short bare token', 'fifteen-letters'],
    ['an empty token after a long name', 'administrators-of-team='],
    ['an empty entry', `ops=${LONG},`],
    ['an unknown scope', `ops:write=${LONG}`],
    ['an entry without a name', `=${LONG}`],
    ['a space inside a token', `ops=${LONG} ${LONG}`],
    ['a letter that no header can carry', `ops=${LONG}é`],
    ['the same token twice', `ops=${LONG},dash:read=${LONG}`],
  ])('refuses %s and does not show it', (_, text) => {
    const parsed = parseAdminTokens(text);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.problem).toMatch(/^ADMIN_TOKEN: entry \d: /);
    for (const part of [LONG, 'fifteen', 'administrators']) expect(parsed.problem).not.toContain(part);
  });
});

describe('a presented admin token', () => {
  const tokens = tokensOf(`old=${LONG}1,new:read=${LONG}2`);

  it('is known by each of the configured tokens', async () => {
    expect(await checkAdminToken(tokens, `${LONG}1`)).toEqual({ name: 'old', scope: 'full' });
    expect(await checkAdminToken(tokens, `${LONG}2`)).toEqual({ name: 'new', scope: 'read' });
  });

  it.each(['', LONG, `${LONG}12`, `${LONG}3`, `old=${LONG}1`])(
    'is nobody where it is another text: %j',
    async (text) => {
      expect(await checkAdminToken(tokens, text)).toBeNull();
    },
  );

  it('is nobody where no token is configured', async () => {
    expect(await checkAdminToken([], LONG)).toBeNull();
  });
});
