import ipaddr from 'ipaddr.js';
import type { Policy } from '../policy/schema.ts';

/*
 * To which addresses the gateway sends events. Customers name them, so they must not lead where only the gateway's own
 * network could: what a URL says by itself is judged here, what DNS says of its name in `resolve.ts`.
 *
 * A Worker cannot choose the address that `fetch` connects to. Between our question and that of `fetch` a name may
 * change its address ("DNS rebinding"), and another resolver may be told another one. What remains then is the platform:
 * a Worker's requests leave from its public network, which has no way to private addresses. Who runs the gateway in a
 * network of their own needs an egress rule there too.
 */

/** Where events may be sent. */
export interface TargetRules extends Pick<Policy['webhooks'], 'allow_local' | 'resolver'> {
  /**
   * Host names of the gateway and of what stands behind it. On Cloudflare a request to a host of the Worker's own zone
   * goes to that zone's origin, past everything that protects it.
   */
  readonly ownHosts?: readonly string[];
}

/** The longest URL of an endpoint, in characters. */
export const LONGEST_URL = 2_000;

/** Names that DNS has no public addresses for: RFC 6761, 6762, 7686, 8375, and ICANN's choice for private use. */
const PRIVATE_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa', 'onion'];

/** What a host name may be (RFC 1123), with "_", as many have it; the URL parser has lowered and punycoded it. */
const NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)+$/;

/** The addresses that IANA has given out for unicast (RFC 4291, 2.4); ipaddr.js knows what is special among them. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** What stands for an IPv4 address behind a translator (RFC 6052). */
const TRANSLATED = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** A public address behind which a cloud's own machines reach its metadata (Azure). */
const METADATA = '168.63.129.16';

/**
 * What is wrong with the URL of an endpoint, as far as the URL itself tells, and what to do; null: nothing is. With
 * `allow_local` http and every host are taken.
 */
export function checkTarget(url: string, rules: TargetRules): string | null {
  if (url.length > LONGEST_URL) return `expected at most ${LONGEST_URL} characters`;
  if (/[\s\p{Cc}\\]/u.test(url) || !URL.canParse(url)) return 'expected a URL like https://hooks.example.com/keys';
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== 'https:' && !(rules.allow_local && protocol === 'http:')) return 'expected https';
  if (username !== '' || password !== '') return 'expected no user name and no password in the URL';
  if (url.includes('#')) return 'expected no "#", since what stands behind it is never sent';
  if (rules.allow_local) return null;
  const isOwn = (rules.ownHosts ?? []).includes(hostname.replace(/\.$/, ''));
  if (isOwn) return 'expected a host that is not behind this gateway';
  const address = addressOf(hostname);
  if (address !== null) return isPublic(address) ? null : 'expected a public address, or a name that has one';
  const isPrivate = PRIVATE_NAMES.some((name) => hostname === name || hostname.endsWith(`.${name}`));
  return !isPrivate && NAME.test(hostname) ? null : 'expected the full name of a public host, like hooks.example.com';
}

/** The IP address that the host of a parsed URL is; null where it is a name. */
export function addressOf(hostname: string): string | null {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(hostname) ? hostname : null;
}

/**
 * Whether a text is an address that any host of the internet may have. What embeds an IPv4 address (mapped, compatible,
 * 6to4, Teredo) is none; behind a translator it is what the IPv4 address is.
 */
export function isPublic(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return ipaddr.IPv4.parse(address).range() === 'unicast' && address !== METADATA;
  }
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return false;
  const v6 = ipaddr.IPv6.parse(address);
  if (v6.match(TRANSLATED)) return isPublic(v6.toByteArray().slice(12).join('.'));
  return v6.match(GLOBAL_UNICAST) && v6.range() === 'unicast';
}
