/** Which master of a Cluster holds which key. Redis Cluster specification, "Key distribution model". */
import { formatAddress, type RedisAddress } from './redis-url.ts';

const SLOTS = 16_384;

export interface ClusterSlots {
  /** Address of the master that holds each slot, undefined where nobody does. */
  readonly owners: readonly (string | undefined)[];
  /** Every master that holds a slot, by its address. */
  readonly masters: ReadonlyMap<string, RedisAddress>;
}

/** The slot of a key: of its hash tag, if it has one. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return crc16(Buffer.from(close > open + 1 ? key.slice(open + 1, close) : key)) % SLOTS;
}

/**
 * Reads the reply to CLUSTER SLOTS: lists of first slot, last slot, master, replicas.
 * @param askedHost stands in where the server does not know its own address
 * @throws if the server is in no Cluster, or in one without slots
 */
export function parseClusterSlots(reply: unknown, askedHost: string): ClusterSlots {
  const owners: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  const masters = new Map<string, RedisAddress>();
  for (const [first, last, [host, port]] of reply as [number, number, [string | null, number]][]) {
    const address = { host: host === null || host === '' || host === '?' ? askedHost : host, port };
    const name = formatAddress(address);
    masters.set(name, address);
    owners.fill(name, first, last + 1);
  }
  if (masters.size === 0) throw new Error(`${askedHost} knows no Cluster`);
  return { owners, masters };
}

/**
 * What a server answers that does not hold the key: it is elsewhere (MOVED), or on its way there, for this one command
 * (ASK); or some of the command's keys are on their way (TRYAGAIN).
 */
export type Redirection =
  | { readonly kind: 'MOVED' | 'ASK'; readonly to: RedisAddress }
  | { readonly kind: 'TRYAGAIN'; readonly to: undefined };

/** @param askedHost stands in where the server does not know its own address */
export function parseRedirection(error: unknown, askedHost: string): Redirection | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message.startsWith('TRYAGAIN')) return { kind: 'TRYAGAIN', to: undefined };
  const match = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(error.message);
  if (match === null) return undefined;
  const [, kind, host = '', port] = match;
  const to = { host: host.replace(/^\[|\]$/g, '') || askedHost, port: Number(port) };
  return { kind: kind === 'MOVED' ? 'MOVED' : 'ASK', to };
}

/** CRC-16/XMODEM */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}
