import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** An address range; IPv4-mapped IPv6 ranges are kept as IPv4. */
export interface Cidr {
  readonly text: string;
  readonly network: Address;
  readonly prefix: number;
}

/** Reads `a.b.c.d/n`, `x::y/n` or a bare address (its own range). Undefined when it is none of them. */
export function parseCidr(text: string): Cidr | undefined {
  const [addressText, prefixText, ...rest] = text.split('/');
  const address = addressText === undefined ? undefined : parseAddress(addressText);
  if (address === undefined || addressText === undefined || rest.length > 0) return undefined;
  const bits = address.kind() === 'ipv4' ? 32 : 128;
  if (prefixText === undefined) return { text, network: address, prefix: bits };
  if (!/^\d{1,3}$/.test(prefixText)) return undefined;
  // ::ffff:10.0.0.0/104 is the mapped spelling of 10.0.0.0/8.
  const isMapped = address.kind() === 'ipv4' && addressText.includes(':');
  const prefix = Number(prefixText) - (isMapped ? 96 : 0);
  return prefix >= 0 && prefix <= bits ? { text, network: address, prefix } : undefined;
}

const MAX_REMEMBERED = 1000;
const MAX_ADDRESS_CHARS = 64;
const remembered = new Map<string, Address | undefined>();

/**
 * Reads an IPv4 or IPv6 address; an IPv4-mapped one becomes IPv4. The last ones are remembered: every request asks
 * several times for the same few.
 */
export function parseAddress(text: string): Address | undefined {
  if (remembered.has(text)) return remembered.get(text);
  const address = readAddress(text);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  if (text.length <= MAX_ADDRESS_CHARS) remembered.set(text, address);
  return address;
}

function readAddress(text: string): Address | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (!ipaddr.isValid(bare) || (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)))
    return undefined;
  return ipaddr.process(bare);
}

export function isInCidrs(address: string, cidrs: readonly Cidr[]): boolean {
  const parsed = parseAddress(address);
  if (parsed === undefined) return false;
  return cidrs.some(
    (cidr) => cidr.network.kind() === parsed.kind() && parsed.match(cidr.network, cidr.prefix),
  );
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'].flatMap((text) => parseCidr(text) ?? []);

export function isLoopback(address: string): boolean {
  return isInCidrs(address, LOOPBACK);
}

const UNREADABLE = 'unreadable';

/** Who is calling, as far as the connection and its forwarding header can be believed. */
export interface ClientAddress {
  readonly address: string;
  /** A loopback peer whose request carries no forwarding header. */
  readonly isTrueLoopback: boolean;
  /** A peer that is no trusted proxy sent a forwarding header; it was not believed. */
  readonly isForwardingUntrusted: boolean;
}

/**
 * The caller's address: the peer's, or, when the peer is in `trustedProxies`, the rightmost hop of `X-Forwarded-For`
 * that is not. A hop that cannot be read is in no range: taking the proxy for the caller would let anyone in behind it.
 */
export function clientAddressOf(
  peer: string,
  forwardedFor: string | undefined,
  hasForwardingHeader: boolean,
  trustedProxies: readonly Cidr[],
): ClientAddress {
  if (!isInCidrs(peer, trustedProxies)) {
    return {
      address: normalize(peer),
      isTrueLoopback: isLoopback(peer) && !hasForwardingHeader,
      isForwardingUntrusted: hasForwardingHeader,
    };
  }
  let address = peer;
  const hops = forwardedFor?.split(',').map((hop) => hop.trim()) ?? [];
  for (const hop of hops.filter((text) => text !== '').reverse()) {
    address = parseAddress(hop) === undefined ? UNREADABLE : hop;
    if (!isInCidrs(hop, trustedProxies)) break;
  }
  return {
    address: normalize(address),
    isTrueLoopback: isLoopback(address) && !hasForwardingHeader,
    isForwardingUntrusted: false,
  };
}

/**
 * Whether a caller is in one of the ranges. A loopback peer that forwards for others without being trusted is not:
 * behind it may be anyone.
 */
export function isClientIn(client: ClientAddress, cidrs: readonly Cidr[]): boolean {
  if (client.isForwardingUntrusted && isLoopback(client.address)) return false;
  return isInCidrs(client.address, cidrs);
}

function normalize(address: string): string {
  return parseAddress(address)?.toString() ?? address;
}
