/** Which addresses are taken for one client. */
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * A name for the network of an address: an IPv4 address by itself, the /64 of an IPv6 address, since whoever has one of
 * those has them all.
 * @param address of a connection, or what a proxy says it is: any text
 */
export function clientNetwork(address: string): string {
  // As sockets mostly have it.
  if (isIPv4(address)) return address;
  const parsed = parseAddress(address);
  if (parsed === undefined) return address.slice(0, maxLength);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, 4).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}

/**
 * An address as sockets and proxies write it, with or without a port; an IPv4 one in the form of an IPv6 one
 * (`::ffff:192.0.2.1`, as a dual-stack socket shows it) is IPv4. Undefined for any other text.
 */
export function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = withoutPort(text);
  // Loose forms such as 127.1 or 0x7f000001 are no addresses here.
  if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return undefined;
  return ipaddr.process(bare);
}

/** Of what is no address: a proxy may repeat whatever its client claims. */
const maxLength = 64;

/** Some proxies say the port too, by which one client would look like many. */
function withoutPort(address: string): string {
  if (address.length > maxLength) return '';
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(address) ?? [];
  return bracketed ?? dotted ?? address;
}
