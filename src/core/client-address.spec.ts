import {
  clientAddressOf,
  isClientIn,
  isInCidrs,
  isLoopback,
  parseCidr,
  type Cidr,
} from './client-address.js';

const cidrs = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text)!);

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', 'ipv4', 8],
    ['10.1.2.3', 'ipv4', 32],
    ['0.0.0.0/0', 'ipv4', 0],
    ['::1', 'ipv6', 128],
    ['fd00::/8', 'ipv6', 8],
    ['::ffff:10.0.0.0/104', 'ipv4', 8],
    ['::ffff:10.0.0.1', 'ipv4', 32],
  ])('reads %s', (text, kind, prefix) => {
    const cidr = parseCidr(text)!;
    expect([cidr.network.kind(), cidr.prefix, cidr.text]).toEqual([kind, prefix, text]);
  });

  it.each([
    '',
    '/8',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10',
    '0x7f.0.0.1',
    '010.0.0.1',
    '::1/129',
    '::ffff:10.0.0.0/95',
    '::ffff:10.0.0.0/8',
    ' 10.0.0.1',
  ])('refuses %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

it.each([
  ['127.0.0.1', ['127.0.0.0/8'], true],
  ['::ffff:127.0.0.1', ['127.0.0.0/8'], true],
  ['10.0.0.1', ['::ffff:10.0.0.0/104'], true],
  ['::ffff:7f00:1', ['127.0.0.0/8'], true],
  ['128.0.0.1', ['127.0.0.0/8'], false],
  ['::1', ['127.0.0.0/8'], false],
  ['::1', ['127.0.0.0/8', '::1/128'], true],
  ['fd00::5', ['fd00::/8'], true],
  ['10.0.0.1', ['::/0'], false],
  ['fe80::1%eth0', ['fe80::/10'], true],
  ['', ['0.0.0.0/0', '::/0'], false],
  ['garbage', ['0.0.0.0/0', '::/0'], false],
  ['127.0.0.1', [], false],
])('tells whether %s is in %j: %s', (address, ranges, expected) => {
  expect(isInCidrs(address, cidrs(...ranges))).toBe(expected);
});

it.each([
  ['127.9.9.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['10.0.0.1', false],
])('tells whether %s is loopback: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

describe('clientAddressOf', () => {
  const proxies = cidrs('127.0.0.1/32', '10.0.0.0/8');

  it('takes the peer of a direct request, mapped addresses as IPv4', () => {
    expect(clientAddressOf('::ffff:127.0.0.1', undefined, false, [])).toEqual({
      address: '127.0.0.1',
      isTrueLoopback: true,
      isForwardingUntrusted: false,
    });
  });

  it('believes no header of a peer that is no proxy, and does not take it for loopback', () => {
    const forged = clientAddressOf('127.0.0.1', '127.0.0.1', true, []);
    expect(forged).toEqual({ address: '127.0.0.1', isTrueLoopback: false, isForwardingUntrusted: true });
    expect(isClientIn(forged, cidrs('127.0.0.0/8'))).toBe(false);
    const remote = clientAddressOf('192.0.2.1', '127.0.0.1', true, proxies);
    expect(remote).toMatchObject({ address: '192.0.2.1', isForwardingUntrusted: true });
    expect(isClientIn(remote, cidrs('192.0.2.0/24'))).toBe(true);
  });

  it.each([
    ['the only hop', '192.0.2.7', '192.0.2.7'],
    ['the rightmost hop that is no proxy', '127.0.0.1, 192.0.2.7, 10.0.0.9,10.0.0.8', '192.0.2.7'],
    ['the leftmost hop when all are proxies', '10.0.0.2, 10.0.0.1', '10.0.0.2'],
    ['a mapped hop as IPv4', '::ffff:192.0.2.7', '192.0.2.7'],
    ['an IPv6 hop in brackets', '[2001:db8::1]', '2001:db8::1'],
    ['the proxy itself when it forwards for nobody', undefined, '127.0.0.1'],
    ['the proxy itself when its header is empty', '', '127.0.0.1'],
  ])('takes %s', (_, header, expected) => {
    const client = clientAddressOf('127.0.0.1', header, header !== undefined, proxies);
    expect(client.address).toBe(expected);
    expect(client.isForwardingUntrusted).toBe(false);
  });

  it.each(['unknown', '192.0.2.7:5555', '10.0.0.3, garbage', 'garbage, 10.0.0.3'])(
    'lets a caller whose hop cannot be read into no range: %s',
    (header) => {
      const client = clientAddressOf('127.0.0.1', header, true, proxies);
      expect(isClientIn(client, cidrs('0.0.0.0/0', '::/0'))).toBe(false);
      expect(client.isTrueLoopback).toBe(false);
    },
  );

  it('takes a forwarded loopback address for no true loopback', () => {
    expect(clientAddressOf('127.0.0.1', '127.0.0.2', true, proxies).isTrueLoopback).toBe(false);
  });
});
