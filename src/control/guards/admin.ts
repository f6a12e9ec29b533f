import { addressKey } from '../../decision/address.ts';
import { type Denial, deny } from '../../decision/denial.ts';
import type { AdminAccess } from '../../env.ts';
import type { Background } from '../../gateway/ask.ts';
import type { Edge } from '../../gateway/edge.ts';
import { lockOf } from '../../gateway/rates.ts';
import { strikeFor } from '../../gateway/strike.ts';
import { gateUnavailable } from '../../gateway/unavailable.ts';
import { checkAccess } from './access.ts';
import type { KeyCache } from './jwks.ts';
import { type AdminScope, checkAdminToken } from './tokens.ts';

/** Who uses an admin route. */
export interface Admin {
  readonly name: string;
  readonly scope: AdminScope;
  /** The client address as its lockout knows it. */
  readonly source: string;
}

/** What the guard reads of a request. */
export interface AdminRequest {
  readonly method: string;
  /** CF-Connecting-IP. */
  readonly address: string | null;
  readonly authorization: string | null;
  /** The JWT of Cloudflare Access. */
  readonly assertion: string | null;
  /** Sec-Fetch-Site, by which a browser says whose page is asking; null: no browser. */
  readonly fetchSite: string | null;
}

/** What the guard compares with, and what it remembers between requests. */
export interface Guard {
  readonly edge: Edge;
  readonly admin: AdminAccess;
  readonly accessKeys: KeyCache;
  readonly alert: Background['alert'];
}

export type Guarded = { readonly ok: true; readonly admin: Admin } | { readonly ok: false; readonly denial: Denial };

/**
 * Lets an admin pass, or says why not. With neither tokens nor Access configured there are no admin routes. A wrong
 * token is a strike against the address, and a locked address is refused before anything is compared. Never throws:
 * where the lockout cannot be asked nobody passes.
 */
export async function guardAdmin(guard: Guard, request: AdminRequest): Promise<Guarded> {
  const { edge, admin } = guard;
  if (admin.tokens.length === 0 && admin.access === null) return refused(deny('not_found'));
  const source = request.address === null ? null : addressKey(request.address);
  if (source === null) return refused(deny('address_missing'));
  const presented = presentedBy(admin, request);
  try {
    const locked = await lockOf(edge, source);
    if (locked !== null) return refused(locked);
    if (presented === null) return refused(deny('admin_missing'));
    const known = await identify(guard, presented);
    if ('reason' in known) {
      const strike = known.reason === 'admin_invalid' && known !== UNKNOWN_KEY;
      return refused(strike ? await strikeFor(edge, known, source, null) : known);
    }
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads && presented.kind === 'assertion' && isForeign(request.fetchSite)) {
      return refused(deny('admin_forbidden', { detail: 'another site may not write here' }));
    }
    return known.scope === 'full' || reads
      ? { ok: true, admin: { ...known, source } }
      : refused(deny('admin_forbidden'));
  } catch {
    return refused(gateUnavailable(guard, 'lockout'));
  }
}

/** Access makes its JWT from a cookie, which a browser also sends for the pages of others (Fetch Metadata). */
function isForeign(fetchSite: string | null): boolean {
  return fetchSite !== null && fetchSite !== 'same-origin' && fetchSite !== 'none';
}

type Presented = { readonly kind: 'token' | 'assertion'; readonly text: string };

/** A token is looked at first; one that is wrong is not made good by an assertion beside it. */
function presentedBy(admin: AdminAccess, request: AdminRequest): Presented | null {
  if (admin.tokens.length > 0 && request.authorization !== null) {
    const token = /^Bearer +(\S+) *$/i.exec(request.authorization)?.[1];
    return { kind: 'token', text: token ?? '' };
  }
  if (admin.access !== null && request.assertion !== null) return { kind: 'assertion', text: request.assertion };
  return null;
}

async function identify(guard: Guard, presented: Presented): Promise<{ name: string; scope: AdminScope } | Denial> {
  const { admin, accessKeys, edge } = guard;
  if (presented.kind === 'token') return (await checkAdminToken(admin.tokens, presented.text)) ?? deny('admin_invalid');
  if (admin.access === null) return deny('admin_invalid');
  const check = await checkAccess(admin.access, accessKeys, presented.text, edge.clock.nowMs());
  switch (check.kind) {
    case 'admitted':
      return { name: check.name, scope: 'full' };
    case 'invalid':
      return deny('admin_invalid');
    case 'unknown_key':
      return UNKNOWN_KEY;
    case 'expired':
      return deny('session_expired');
    case 'unreachable':
      return {
        ...gateUnavailable(guard, 'access_keys', {}, 2_000),
        detail: 'the keys of Cloudflare Access cannot be read',
      };
  }
}

/** No strike: where Access has just changed its keys, this is what honest assertions meet for a while. */
const UNKNOWN_KEY = deny('admin_invalid', {
  detail: 'the assertion is signed by a key that is not known to be of Access: try again in a minute',
});

function refused(denial: Denial): Guarded {
  return { ok: false, denial };
}
