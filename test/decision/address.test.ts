import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import { addressKey, compileRange, normaliseAddress } from '../../src/decision/address.ts';

describe('the source that lockouts count', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['0.0.0.0', '0.0.0.0'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
  ])('%s is %s', (text, key) => {
    expect(addressKey(text)).toBe(key);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '0x7f.0.0.1',
    '127.1',
    ' 1.2.3.4',
    '1.2.3.4:80',
    '[::1]',
    'fe80::1%eth0',
    'example',
    ':',
    '1.2.3.4/32',
    '::1/64',
    '１.2.3.4',
  ])('%j is no address', (text) => {
    expect(addressKey(text)).toBeNull();
    expect(normaliseAddress(text)).toBeNull();
  });

  test('any two addresses of one /64 are one source, and every IPv4 address is its own', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV4(), (v6, v4) => {
        const parts = ipaddr.IPv6.parse(v6).parts;
        const mate = new ipaddr.IPv6([...parts.slice(0, 4), 0xffff, 1, 2, 3]).toString();
        if (!ipaddr.IPv6.parse(v6).isIPv4MappedAddress()) expect(addressKey(mate)).toBe(addressKey(v6));
        expect(addressKey(v4)).toBe(v4);
      }),
    );
  });

  test('a normal form is its own normal form', () => {
    expect(normaliseAddress('2001:0DB8::0001')).toBe('2001:db8::1');
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const normal = normaliseAddress(text);
        expect(normal).not.toBeNull();
        expect(normaliseAddress(normal ?? '')).toBe(normal);
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void [addressKey(text), normaliseAddress(text), compileRange(text)]));
  });
});

describe('a range', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9', true],
    ['203.0.113.9', '203.0.113.10', false],
    ['203.0.113.0/24', '203.0.113.255', true],
    ['203.0.113.0/24', '203.0.114.0', false],
    ['203.0.113.77/24', '203.0.113.1', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.1.2.3', '10.1.2.3', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::/0', '10.1.2.3', false],
    ['::/0', '::ffff:10.1.2.3', false],
    ['10.0.0.0/8', 'nonsense', false],
  ])('%s holds %s: %s', (range, address, expected) => {
    expect(compileRange(range)?.(address)).toBe(expected);
  });

  test.each([
    '',
    '/',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '2001:db8::/129',
    'x/8',
    '10.0.0.0/8/8',
    '10.0.0.0/1e1',
  ])('%j is no range', (text) => {
    expect(compileRange(text)).toBeNull();
  });

  test('of IPv4 is what ipaddr.js says', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (base, address, bits) => {
        const expected = ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(base), bits);
        expect(compileRange(`${base}/${bits}`)?.(address)).toBe(expected);
      }),
    );
  });
});
