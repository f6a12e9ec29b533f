/*
 * Which addresses of endpoints are refused, each for its reason. The tests judge them in Node and in a Worker.
 */

/** URLs that are refused, and what is said. */
export const REFUSED: readonly (readonly [url: string, problem: RegExp])[] = [
  // No URL, or none for us.
  ...['', 'hooks.example.com', '/keys', '//hooks.example.com', 'https://', 'https:///', 'https://:443', 'https://?q']
    .concat(['https://a b.example.com', ' https://hooks.example.com', 'https://hooks.example.com/a b'])
    .concat(['https://hooks.example.com\n', 'https://hooks.exam\tple.com', 'https:\\\\hooks.example.com'])
    .concat([
      'https://hooks.example.com\\@10.0.0.1',
      'https://hooks.example.com\u0000',
      'https://hooks.example.com:65536',
    ])
    .concat(['https://%00.example.com', 'https://[::1', 'https://[fe80::1%25eth0]', 'https://[fe80::1%eth0]'])
    .concat(['https://[v1.1]', 'https://256.1.1.1', 'https://1.2.3.4.5', 'https://0x100000000', 'https://1.2.3.09'])
    .concat(['https://a<b.example.com', 'https://ex ample.com', 'https://\u200b'])
    .map((url) => [url, /^expected a URL like https:/] as const),
  ...['http', 'ftp', 'ws', 'wss', 'gopher', 'file', 'unix', 'httpss', 'custom+https'].map(
    (scheme) => [`${scheme}://hooks.example.com/keys`, /^expected https$/] as const,
  ),
  ['mailto:a@example.com', /^expected https$/],
  ['javascript:alert(1)', /^expected https$/],
  ['data:text/plain,x', /^expected https$/],
  ['blob:https://hooks.example.com/x', /^expected https$/],
  ['http://127.0.0.1', /^expected https$/],
  ['https://user:secret@hooks.example.com', /^expected no user name and no password/],
  ['https://user@hooks.example.com', /^expected no user name and no password/],
  ['https://:secret@hooks.example.com', /^expected no user name and no password/],
  ['https://hooks.example.com@10.0.0.1', /^expected no user name and no password/],
  ['https://hooks.example.com/#top', /^expected no "#"/],
  ['https://hooks.example.com/#', /^expected no "#"/],
  [`https://hooks.example.com/${'a'.repeat(1_975)}`, /^expected at most 2000 characters$/],

  // Addresses that no host of the internet has.
  ...[
    // IPv4, by the special-purpose registry of IANA (RFC 6890).
    ['0.0.0.0', '0.1.2.3', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.100.100.200', '100.127.255.255'],
    ['127.0.0.1', '127.255.255.255', '169.254.0.1', '169.254.169.254', '169.254.170.2', '172.16.0.0', '172.31.255.255'],
    ['192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.31.196.1', '192.52.193.1', '192.175.48.1'],
    ['192.168.0.1', '192.168.255.255', '198.18.0.0', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
    ['239.255.255.255', '240.0.0.1', '254.1.2.3', '255.255.255.254', '255.255.255.255', '168.63.129.16'],
    // Other spellings of the same.
    ['2130706433', '017700000001', '0x7f000001', '0X7F.1', '127.1', '127.0.1', '0177.0.0.1', '0x7f.0x0.0x0.0x1', '0'],
    ['127.0.0.1.', '0x7f000001.', '127。0。0。1', '１２７．０．０．１', '①②⑦.0.0.1', '%31%32%37.0.0.1', '0x'],
    ['2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518', '169.16689662', '025177524776', '10.1'],
    ['3232235521', '192.168.1', '0xc0a80001', '0300.0250.1', '4294967295', '0xffffffff', '2822734096'],
    // IPv6.
    ['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::0.0.0.1]', '[::2]'],
    ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::FFFF:a9fe:a9fe]', '[0:0:0:0:0:ffff:10.0.0.1]', '[::ffff:8.8.8.8]'],
    ['[::127.0.0.1]', '[::a9fe:a9fe]', '[::8.8.8.8]', '[::ffff:0:127.0.0.1]', '[::ffff:0:808:808]'],
    ['[2002:7f00:1::]', '[2002:a9fe:a9fe::1]', '[2002:808:808::1]', '[2001::1]', '[2001:0:808:808::f5ff:fffe]'],
    [
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b::a9fe:a9fe]',
      '[64:ff9b::10.0.0.1]',
      '[64:ff9b::c0a8:1]',
      '[64:ff9b::a83f:8110]',
    ],
    ['[64:ff9b:1::1]', '[64:ff9b:1::808:808]', '[64:ff9b:0:1::808:808]', '[64:ff9b::1:808:808]'],
    ['[fc00::1]', '[fd00:ec2::254]', '[fdff:ffff::1]', '[fe80::1]', '[fe80::a9fe:a9fe]', '[febf::1]', '[fec0::1]'],
    ['[ff00::1]', '[ff02::1]', '[ff0e::1]', '[100::1]', '[100:0:0:1::1]', '[5f00::1]', '[4000::1]', '[e000::1]'],
    ['[2001:db8::1]', '[3fff::1]', '[3fff:fff::1]', '[2001:2::1]', '[2001:3::1]', '[2001:10::1]', '[2001:20::1]'],
    ['[2001:30::1]', '[2001:1::1]', '[2001:1ff::1]', '[2001:4:112::1]', '[2620:4f:8000::1]'],
  ]
    .flat()
    .map((host) => [`https://${host}/keys`, /^expected a public address/] as const),
  ['https://127.0.0.1:8443', /^expected a public address/],
  ['https://[::1]:8443/', /^expected a public address/],
  ['https:127.0.0.1', /^expected a public address/],
  ['HTTPS://LOCALHOST', /^expected the full name/],

  // Names that are not public, or no names.
  ...[
    ['localhost', 'LocalHost', 'localhost:8443', 'localhost.', 'a.localhost', 'a.b.LOCALHOST', 'localhost.localdomain'],
    [
      'ｌｏｃａｌｈｏｓｔ',
      'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
      'local\u00adhost',
      '%6c%6f%63%61%6c%68%6f%73%74',
      'loc%61lhost',
      'a。localhost',
    ],
    ['printer.local', 'metadata.google.internal', 'METADATA.google.INTERNAL', 'instance-data.ec2.internal', 'internal'],
    ['nas.home.arpa', 'home.arpa', 'a.ｉｎｔｅｒｎａｌ', 'hidden.onion', 'metadata', 'intranet', 'com', 'kubernetes'],
    ['xn--e1afmkfd', 'пример', 'hooks.example.com.', 'hooks.example.com。', 'hooks..example.com', '.example.com'],
    [
      'hooks.example.com..',
      '.',
      '..',
      '-a.example.com',
      'a-.example.com',
      'a.-b.com',
      'a*b.example.com',
      '*.example.com',
    ],
    ["a'b.example.com", 'a!b.example.com', 'a,b.example.com', 'a;b.example.com', '$.example.com', '(a).example.com'],
    [`${'a'.repeat(64)}.example.com`, `${'a.'.repeat(125)}example.com`],
  ]
    .flat()
    .map((host) => [`https://${host}`, /^expected the full name of a public host/] as const),
];

/** URLs that are taken where DNS gives their names public addresses. */
export const TAKEN: readonly string[] = [
  'https://hooks.example.com',
  'https://hooks.example.com/',
  'https://hooks.example.com:8443/keys?token=a%20b&x=[1]',
  'HTTPS://Hooks.Example.COM/Keys',
  'https:hooks.example.com/keys',
  'https://example.com',
  'https://a.b.c.d.e.example.co.uk/x',
  'https://my_hooks.example.com',
  'https://1.example.com',
  'https://123.45.com',
  'https://bücher.example.com/pfad/ü',
  'https://xn--bcher-kva.example.com',
  'https://localhost.example.com',
  'https://internal.example.com',
  'https://notlocal.example',
  'https://mylocalhost.com',
  'https://hooks.mylocal',
  'https://127.0.0.1.example.com',
  'https://hooks.example.com/%23not-a-fragment',
  'https://hooks.example.com/a@b:c',
  `https://${'a'.repeat(63)}.example.com`,
  `https://hooks.example.com/${'a'.repeat(1_974)}`,
];

/** Literal addresses that are public, at the edges of what is not. */
export const PUBLIC: readonly string[] = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255', '192.0.1.0'],
  ...['192.0.3.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '198.51.99.255', '198.51.101.0'],
  ...['203.0.112.255', '203.0.114.0', '223.255.255.255', '168.63.129.15', '168.63.129.17', '192.88.98.255'],
  ...['[2000::1]', '[2001:200::1]', '[2001:db7:ffff::1]', '[2001:db9::1]', '[2001:4860:4860::8888]', '[2003::1]'],
  ...['[2606:4700:4700::1111]', '[3ffe::1]', '[3fff:1000::1]', '[64:ff9b::8.8.8.8]', '[64:ff9b::101:101]'],
].map((host) => `https://${host}/keys`);
