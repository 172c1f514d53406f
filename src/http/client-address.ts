/** From which address a request comes: that of the connection, or what proxies that are trusted say of it. */
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { clientNetwork, parseAddress } from './client-network.ts';
import type { Origin } from './throttle.ts';

export interface ClientAddressOptions {
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Told of the address of a proxy that says for whom it asks and is not trusted. */
  readonly onUntrustedProxy?: (proxy: string) => void;
}

export class ClientAddresses {
  readonly #trusted: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
  readonly #onUntrustedProxy: ((proxy: string) => void) | undefined;
  /** Of the last request: mostly the next one comes from there, too. */
  #last = { address: '', network: clientNetwork('') };

  constructor({ trustedProxies, onUntrustedProxy }: ClientAddressOptions) {
    this.#trusted = trustedProxies.map((range) => {
      if (range.includes('/')) return ipaddr.parseCIDR(range);
      const address = ipaddr.process(range);
      return [address, address.kind() === 'ipv4' ? 32 : 128];
    });
    this.#onUntrustedProxy = onUntrustedProxy;
  }

  /**
   * The nearest address that is no trusted proxy, as it was written: each proxy appends whom it has seen, and what
   * stands before that anybody may have made up.
   */
  of({ socket, headers }: IncomingMessage): string {
    const peer = socket.remoteAddress ?? '';
    const forwarded = headers['x-forwarded-for'];
    if (forwarded === undefined) return peer;
    if (!this.#isTrusted(peer)) {
      this.#onUntrustedProxy?.(peer);
      return peer;
    }
    const hops = String(forwarded)
      .split(',')
      .map((hop) => hop.trim());
    return hops.findLast((hop) => !this.#isTrusted(hop)) ?? hops[0] ?? peer;
  }

  /** See {@link clientNetwork}. */
  networkOf(address: string): string {
    if (address !== this.#last.address) this.#last = { address, network: clientNetwork(address) };
    return this.#last.network;
  }

  /** Whether what the request says of how it was sent on is believed. */
  isFromTrustedProxy({ socket }: IncomingMessage): boolean {
    return this.#isTrusted(socket.remoteAddress ?? '');
  }

  /** Who may guess secrets, or hold one. */
  originOf(request: IncomingMessage): Origin {
    const { 'x-forwarded-for': forwarded = '', 'user-agent': program = '' } = request.headers;
    // The last hop is what the nearest proxy wrote: behind one, nobody can say that it is somebody else.
    const lastHop = String(forwarded).split(',').at(-1)?.trim() ?? '';
    return { address: this.of(request), trait: `${lastHop} ${program}` };
  }

  #isTrusted(text: string): boolean {
    const address = parseAddress(text);
    if (address === undefined) return false;
    return this.#trusted.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits));
  }
}
