import ipaddr from 'ipaddr.js';

/*
 * Client addresses. IPv4 is read here, as dotted decimal without leading zeros and nothing else, since it is read on
 * every request; IPv6 is left to ipaddr.js. An IPv4-mapped IPv6 address is the IPv4 address.
 */

/** Whether an address lies in the range; false for what is not an address. */
export type RangeMatcher = (address: string) => boolean;

/** The address in its one normal form (RFC 5952 for IPv6), or null where the text is none. */
export function normaliseAddress(text: string): string | null {
  if (readV4(text) !== -1) return text;
  const v6 = readV6(text);
  if (v6 === null) return null;
  return v6.isIPv4MappedAddress() ? v6.toIPv4Address().toString() : v6.toRFC5952String();
}

/** The source that lockouts count: an IPv4 address, or the /64 of an IPv6 address; null where the text is neither. */
export function addressKey(text: string): string | null {
  if (readV4(text) !== -1) return text;
  const v6 = readV6(text);
  if (v6 === null) return null;
  if (v6.isIPv4MappedAddress()) return v6.toIPv4Address().toString();
  return v6Network(v6, 4);
}

/** The network of an address, for where less than all of it is kept: IPv4 by /24, IPv6 by /48; null as above. */
export function networkOf(text: string): string | null {
  const address = normaliseAddress(text);
  if (address === null) return null;
  const v6 = readV6(address);
  return v6 === null ? `${address.slice(0, address.lastIndexOf('.'))}.0/24` : v6Network(v6, 3);
}

/** The network of an IPv6 address that its first groups of 16 bits name. */
function v6Network({ parts }: InstanceType<typeof ipaddr.IPv6>, groups: number): string {
  const network = new ipaddr.IPv6(parts.map((part, i) => (i < groups ? part : 0)));
  return `${network.toRFC5952String()}/${16 * groups}`;
}

/** Compiles an address or a CIDR range; null where the text is neither. */
export function compileRange(text: string): RangeMatcher | null {
  const slash = text.indexOf('/');
  const base = slash === -1 ? text : text.slice(0, slash);
  const bits = slash === -1 ? null : readBits(text.slice(slash + 1));
  if (bits === -1) return null;
  const v4 = readV4(base);
  if (v4 !== -1) return v4Matcher(v4, bits ?? 32);
  const v6 = readV6(base);
  if (v6 === null) return null;
  const prefix = bits ?? 128;
  if (prefix > 128) return null;
  if (v6.isIPv4MappedAddress() && prefix >= 96) return v4Matcher(readV4(v6.toIPv4Address().toString()), prefix - 96);
  return (address) => {
    const client = readV4(address) === -1 ? readV6(address) : null;
    return client !== null && !client.isIPv4MappedAddress() && client.match(v6, prefix);
  };
}

function v4Matcher(base: number, bits: number): RangeMatcher | null {
  if (bits > 32) return null;
  const size = 2 ** (32 - bits);
  const block = Math.floor(base / size);
  return (address) => {
    const client = readV4(address);
    if (client !== -1) return Math.floor(client / size) === block;
    const v6 = readV6(address);
    if (v6 === null || !v6.isIPv4MappedAddress()) return false;
    return Math.floor(readV4(v6.toIPv4Address().toString()) / size) === block;
  };
}

/** A dotted quad as a number from 0 to 2^32 - 1, or -1. */
function readV4(text: string): number {
  const length = text.length;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (octet === -1 || dots === 3) return -1;
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else {
      if (code < 48 || code > 57 || octet === 0) return -1;
      octet = octet === -1 ? code - 48 : octet * 10 + code - 48;
      if (octet > 255) return -1;
    }
  }
  return dots === 3 && octet !== -1 ? value * 256 + octet : -1;
}

/** Zone ids are refused: they mean nothing beyond the machine that wrote them. */
function readV6(text: string): InstanceType<typeof ipaddr.IPv6> | null {
  if (!text.includes(':') || text.includes('%') || text.length > 45) return null;
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : null;
}

function readBits(text: string): number {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : -1;
}
