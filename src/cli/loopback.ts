/** Which hosts are this machine, so that what is sent there crosses no network. */
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** @param host a name or an address, without brackets */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Loopback, or one of the addresses that this machine has. See {@link isLoopback}. */
export function isThisMachine(host: string): boolean {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return isLoopback(host) || interfaces.some(({ address }) => address === host);
}
