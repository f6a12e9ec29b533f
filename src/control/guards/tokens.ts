import { secureEqual } from '../../credential/digest.ts';
import { readEntries } from '../../credential/entries.ts';

/** What an admin may do: everything, or only read. */
export type AdminScope = 'full' | 'read';

/** One token as configured. The same name may stand twice, so that tokens rotate without a gap. */
export interface AdminToken {
  readonly name: string;
  readonly scope: AdminScope;
  readonly token: string;
}

export type AdminTokens = readonly AdminToken[];

const SHORTEST_TOKEN = 16;
/** `name=token` or `name:read=token`; what has no "=" is a bare token. */
const NAMED = /^([A-Za-z0-9][A-Za-z0-9_.@-]{0,63})(:read)?=(.*)$/;
/** What can be sent as a Bearer token, without a comma. */
const SENDABLE = /^[\x21-\x2b\x2d-\x7e]+$/;

/**
 * Reads ADMIN_TOKEN: entries separated by commas, each `name=token`, `name:read=token` or a bare token, which is the
 * full one of "admin". Nothing configured gives no tokens. A problem names the entry by its number and never shows it.
 */
export function parseAdminTokens(
  text: string | undefined,
): { ok: true; tokens: AdminTokens } | { ok: false; problem: string } {
  if (text === undefined || text.trim() === '') return { ok: true, tokens: [] };
  const read = readEntries<AdminToken>('ADMIN_TOKEN', text, (entry, before) => {
    const token = readEntry(entry);
    if (token === null) return 'expected name=token, name:read=token or a token';
    return problemOf(token, before) ?? token;
  });
  return read.ok ? { ok: true, tokens: read.entries } : read;
}

/** An entry with "=" always has a name: "team=" with its token missing must not become a token itself. */
function readEntry(entry: string): AdminToken | null {
  if (!entry.includes('=')) return { name: 'admin', scope: 'full', token: entry };
  const [, name, read, token] = NAMED.exec(entry) ?? [];
  if (name === undefined || token === undefined) return null;
  return { name, scope: read === undefined ? 'full' : 'read', token };
}

function problemOf({ token }: AdminToken, before: AdminTokens): string | null {
  if (token.length < SHORTEST_TOKEN) return `expected a token of at least ${SHORTEST_TOKEN} characters`;
  if (!SENDABLE.test(token)) return 'expected a token of visible ASCII characters';
  return before.some((other) => other.token === token) ? 'this token stands twice' : null;
}

/** Whose token this is, or null. Compares with every entry, each in constant time, so that timing tells nothing. */
export async function checkAdminToken(
  tokens: AdminTokens,
  presented: string,
): Promise<{ name: string; scope: AdminScope } | null> {
  let found: { name: string; scope: AdminScope } | null = null;
  for (const { name, scope, token } of tokens) {
    if (await secureEqual(presented, token)) found = { name, scope };
  }
  return found;
}
