/** Which addresses are taken for one client. */
import { isIPv4, isIPv6 } from 'node:net';

/**
 * A name for the network of an address: an IPv4 address by itself, the /64 of an IPv6 address, since whoever has one of
 * those has them all.
 * @param address of a connection, or what a proxy says it is: any text
 */
export function clientNetwork(address: string): string {
  const bare = withoutPort(address).replace(/%.*$/s, '');
  if (isIPv4(bare)) return bare;
  if (isIPv6(bare)) return mappedIPv4(bare) ?? `${groupsOf(bare).slice(0, 4).join(':')}::/64`;
  return address.slice(0, maxLength);
}

/** Of what is no address: a proxy may repeat whatever its client claims. */
const maxLength = 64;

/** Some proxies say the port too, by which one client would look like many. */
function withoutPort(address: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(address) ?? [];
  return bracketed ?? dotted ?? address;
}

/** `::ffff:192.0.2.1` is how a dual-stack socket shows an IPv4 client. */
function mappedIPv4(address: string): string | undefined {
  const groups = groupsOf(address);
  if (groups.slice(0, 5).some((group) => group !== '0') || groups[5] !== 'ffff') return undefined;
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups in hexadecimal, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const before = split(head);
  const after = split(tail ?? '');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16).toString(16));
}

/** Groups of one side of `::`; a dotted end becomes two. */
function split(part: string): readonly string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [group];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
  });
}
