/** Where a connection comes from, and what it is called in logs. Protocol: websocket.md 1.1. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** TCP peer, and what proxies say about who is behind it. For logs only: a client can write the header. */
export function remoteAddressOf(request: IncomingMessage): string {
  const forwardedFor = request.headers['x-forwarded-for'];
  const peer = peerOf(request);
  return forwardedFor === undefined ? peer : `${peer}_${forwardedFor}`;
}

/**
 * The address of whoever is behind a request, as far as it can be known: undefined for what a proxy forwards that is not
 * among the trusted ones, which is nobody's address or everybody's.
 * @param trustedProxies addresses and CIDR ranges
 */
export function createAddressOf(
  trustedProxies: readonly string[],
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string | undefined {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return ({ headers, socket }) => {
    const forwarded = headers['x-forwarded-for'];
    const peer = socket.remoteAddress;
    if (forwarded === undefined || peer === undefined) return peer;
    // Each proxy adds at the end whom it heard: the last that is no proxy of ours is the client.
    const hops = [...String(forwarded).split(','), peer].map((hop) => hop.trim()).reverse();
    return isTrusted(peer) ? hops.find((hop) => !isTrusted(hop)) : undefined;
  };
}

/** @param now Unix ms */
export function connIDOf(request: IncomingMessage, now: number): string {
  return createHash('md5')
    .update(`${peerOf(request)}_${now}`)
    .digest('hex');
}

function peerOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
