import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkTarget } from '../../src/events/target.ts';
import { policySchema } from '../../src/policy/schema.ts';
import { PUBLIC, REFUSED, TAKEN } from './addresses.ts';

const rules = policySchema.shape.webhooks.parse({});
const local = policySchema.shape.webhooks.parse({ allow_local: true });
const RUNS = { numRuns: 2_000 };
/** A URL as a test names it. */
const shown = (url: string) => JSON.stringify(url).slice(0, 80);

/** The special-purpose addresses of IANA (RFC 6890 and since), multicast, and what clouds keep for themselves. */
const SPECIAL_V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
];
const SPECIAL_V6 = [
  ...['::/8', '64:ff9b:1::/48', '100::/8', '2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'],
  ...['5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];

const special = new BlockList();
for (const [base = '', bits] of SPECIAL_V4.map((range) => range.split('/')))
  special.addSubnet(base, Number(bits), 'ipv4');

const numberOf = (v4: string) => v4.split('.').reduce((all, octet) => all * 256 + Number(octet), 0);
const dotted = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const groupsOf = (value: number) => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;

/** Any address of these ranges, as a number. */
const within = (ranges: readonly string[]) =>
  fc.constantFrom(...ranges).chain((range) => {
    const [base = '', bits] = range.split('/');
    return fc.integer({ min: 0, max: 2 ** (32 - Number(bits)) - 1 }).map((offset) => numberOf(base) + offset);
  });

/** A number as a URL may spell it. */
const digits = (value: number) =>
  fc.constantFrom(
    String(value),
    `0x${value.toString(16)}`,
    `0X${value.toString(16).toUpperCase()}`,
    `0${value.toString(8)}`,
  );

/** An IPv4 address in any of its spellings: of one to four numbers, of any base each, in odd digits and dots. */
const spelled = (value: number) =>
  fc
    .integer({ min: 1, max: 4 })
    .chain((parts) => {
      const octets = [24, 16, 8].slice(0, parts - 1).map((shift) => (value >>> shift) & 255);
      return fc.tuple(...octets.map(digits), digits(value % 2 ** (8 * (5 - parts))));
    })
    .chain((numbers) =>
      fc
        .constantFrom<(text: string) => string>(
          (text) => text,
          (text) => `${text}.`,
          (text) => text.replaceAll('.', '。'),
          (text) => text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
          (text) => text.replace(/./g, (character) => `%${character.charCodeAt(0).toString(16)}`),
        )
        .map((odd) => odd(numbers.join('.'))),
    );

/** Eight groups as an IPv6 address may be written. */
const written = (groups: readonly number[]) => {
  const hex = groups.map((group) => group.toString(16));
  const tail = dotted((((groups[6] ?? 0) << 16) | (groups[7] ?? 0)) >>> 0);
  return fc.constantFrom(
    hex.join(':'),
    hex.map((group) => group.padStart(4, '0').toUpperCase()).join(':'),
    new URL(`https://[${hex.join(':')}]`).hostname.slice(1, -1),
    [...hex.slice(0, 6), tail].join(':'),
  );
};

const within6 = (ranges: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...ranges),
      fc.tuple(...Array.from({ length: 8 }, () => fc.integer({ min: 0, max: 65_535 }))),
    )
    .map(([range, chance]) => {
      const [base = '', bits] = range.split('/');
      const [head = '', rest = ''] = base.split('::');
      const fixed = head === '' ? [] : head.split(':').map((group) => Number.parseInt(group, 16));
      expect(rest).toBe('');
      return chance.map((group, i) => {
        const kept = Math.min(16, Math.max(0, Number(bits) - 16 * i));
        const mask = 0xffff >>> kept;
        return ((fixed[i] ?? 0) & ~mask & 0xffff) | (group & mask);
      });
    });

describe('a refused address of an endpoint', () => {
  test.each(REFUSED.map(([url, problem]) => [shown(url), url, problem] as const))('%s', (_, url, problem) => {
    expect(checkTarget(url, rules)).toMatch(problem);
  });
});

describe('an address that is taken', () => {
  test.each([...TAKEN, ...PUBLIC].map((url) => [shown(url), url]))('%s', (_, url) => {
    expect(checkTarget(url, rules)).toBeNull();
  });
});

describe('no special address is taken', () => {
  test('of IPv4, however it is spelled', () => {
    fc.assert(
      fc.property(within(SPECIAL_V4).chain(spelled), (host) => {
        expect(checkTarget(`https://${host}/keys`, rules)).toMatch(/^expected a public address/);
      }),
      RUNS,
    );
  });

  test('of IPv6, however it is written', () => {
    fc.assert(
      fc.property(
        within6(SPECIAL_V6).chain((groups) => fc.tuple(fc.constant(groups), written(groups))),
        ([groups, host]) => {
          // The one part of ::/8 that translates to the whole of IPv4 is told below.
          fc.pre(!(groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0)));
          expect(checkTarget(`https://[${host}]`, rules)).toMatch(/^expected a public address/);
        },
      ),
      RUNS,
    );
  });

  test('of IPv4 within IPv6, mapped, compatible, translated, tunnelled', () => {
    const wrap = fc.constantFrom<(value: number) => string>(
      (value) => `::ffff:${dotted(value)}`,
      (value) => `::ffff:${groupsOf(value)}`,
      (value) => `0:0:0:0:0:FFFF:${groupsOf(value)}`,
      (value) => `::${dotted(value)}`,
      (value) => `::ffff:0:${dotted(value)}`,
      (value) => `64:ff9b::${dotted(value)}`,
      (value) => `64:FF9B:0:0:0:0:${groupsOf(value)}`,
      (value) => `64:ff9b:1::${groupsOf(value)}`,
      (value) => `2002:${groupsOf(value)}::1`,
      (value) => `2001::${groupsOf(~value >>> 0)}`,
    );
    fc.assert(
      fc.property(within(SPECIAL_V4), wrap, (value, wrapped) => {
        expect(checkTarget(`https://[${wrapped(value)}]/keys`, rules)).toMatch(/^expected a public address/);
      }),
      RUNS,
    );
  });
});

test('an IPv4 address is taken exactly when it is not special, by itself and behind a translator', () => {
  const any = fc.oneof(
    fc.nat(0xffffffff),
    within(SPECIAL_V4),
    fc.nat(0xffffffff).map((value) => value & (~0xff >>> 0)),
  );
  fc.assert(
    fc.property(any, (value) => {
      const address = dotted(value);
      const isTaken = !special.check(address, 'ipv4');
      expect(checkTarget(`https://${address}`, rules) === null).toBe(isTaken);
      expect(checkTarget(`https://[64:ff9b::${address}]`, rules) === null).toBe(isTaken);
    }),
    RUNS,
  );
});

test('a host that is behind the gateway is refused, and no other', () => {
  const own = { ...rules, ownHosts: ['origin.example.com'] };
  const problem = 'expected a host that is not behind this gateway';
  for (const host of ['origin.example.com', 'ORIGIN.example.com', 'origin.example.com.', 'origin.example.com:8443']) {
    expect(checkTarget(`https://${host}/x`, own), host).toBe(problem);
  }
  expect(checkTarget('https://hooks.origin.example.com/', own)).toBeNull();
  expect(checkTarget('https://origin.example.com/', { ...own, allow_local: true })).toBeNull();
});

test('a name is judged by its end, at whatever depth and in whatever case', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/).filter((text) => !/^..--/.test(text));
  const end = fc.constantFrom('localhost', 'localdomain', 'local', 'internal', 'home.arpa', 'onion');
  fc.assert(
    fc.property(fc.array(label, { maxLength: 5 }), end, fc.boolean(), (labels, tail, isUpper) => {
      const host = [...labels, tail].join('.');
      const url = `https://${isUpper ? host.toUpperCase() : host}`;
      expect(checkTarget(url, rules)).toMatch(/^expected the full name/);
      expect(checkTarget(`${url}x.example`, rules)).toBeNull();
    }),
  );
});

describe('with allow_local', () => {
  test.each([
    'http://127.0.0.1:8080/keys',
    'http://localhost',
    'https://[::1]:8443',
    'http://10.0.0.1',
    'https://nas.local',
    'http://receiver',
    'https://hooks.example.com',
  ])('%s is taken', (url) => {
    expect(checkTarget(url, local)).toBeNull();
  });

  test.each([
    ['ftp://localhost', /^expected https$/],
    ['http://user:secret@localhost', /^expected no user name/],
    ['http://localhost/#', /^expected no "#"/],
    ['http://local host', /^expected a URL/],
    [`http://localhost/${'a'.repeat(2_000)}`, /^expected at most 2000/],
  ])('%j is refused all the same', (url, problem) => {
    expect(checkTarget(url, local)).toMatch(problem);
  });
});

test('no text makes it throw, and no problem tells the text', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webUrl({ withFragments: true }));
  fc.assert(
    fc.property(text, fc.constantFrom('', 'https://', 'https://['), (rest, start) => {
      const problem = checkTarget(start + rest, rules);
      if (problem !== null && rest.length > 8 && /^\w+$/.test(rest)) expect(problem).not.toContain(rest);
      expect(problem === null || problem.startsWith('expected ')).toBe(true);
    }),
    RUNS,
  );
});
