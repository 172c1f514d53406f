/** What bench/cluster measures and writes into a file, for bench/cluster-model to read. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface ClusterResult {
  readonly version: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: { readonly cpus: number; readonly model: string };
  readonly runs: readonly ClusterRun[];
}

/**
 * One scenario on one number of nodes. All counts are of the measured time alone. Idle: sockets that do nothing; its
 * other counts are 0. Logins: sockets that are opened, wherever they are closed again.
 */
export interface ClusterRun {
  readonly scenario: 'chat' | 'group' | 'idle' | 'login';
  readonly nodes: number;
  readonly seconds: number;
  /** All senders together; absent where they sent as fast as they were answered. */
  readonly ratePerSecond?: number;
  /** Open sockets, over all nodes. */
  readonly sockets: number;
  /** Members that are online, of a group. */
  readonly online?: number;
  /** Acknowledged to their senders. */
  readonly messages: number;
  /** Push frames that clients have received. */
  readonly deliveries: number;
  readonly logins: number;
  /** Between nodes, pulses aside: `delivery` frames, one for each node that one batch concerns. */
  readonly publications: number;
  /** Messages that were read from the database because they had not arrived. */
  readonly repairs: number;
  /** Group commits of messages. */
  readonly commits: number;
  readonly cpuSeconds: {
    /** By node. */
    readonly nodes: readonly number[];
    readonly postgres: number;
    readonly redis: number;
    /** Of the clients, where they share the machine. */
    readonly load: number;
    /** Of whatever else ran on the machine, and on its host. */
    readonly others: number;
  };
  /**
   * From the acknowledgement, sent at the commit, to the receipt by a client on another node, at a moderate rate; absent
   * where there is no other node.
   */
  readonly lagMs?: { readonly p50: number; readonly p99: number };
}

export function writeClusterResult(path: string, result: ClusterResult): void {
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

/** @throws if it is of another version */
export function readClusterResult(path: string): ClusterResult {
  const result = JSON.parse(readFileSync(path, 'utf8')) as ClusterResult;
  if (result.version !== 1)
    throw new Error(`${path} is of version ${result.version}, not 1: run bench/cluster.ts again`);
  return result;
}
