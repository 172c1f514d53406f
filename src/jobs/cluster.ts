/** The nodes of the cluster, as operators see them. */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';

export interface ClusterNode {
  readonly nodeID: string;
  /** These are empty and 0 where a node of another version says what cannot be read. */
  readonly roles: readonly string[];
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** Unix ms. */
  readonly startedAt: number;
  readonly connections: number;
  /** How late its event loop was at worst of late, ms. */
  readonly lagMs: number;
  /** By how much its host's clock is ahead of that of Redis, by which nodes judge, ms. */
  readonly clockAheadMs: number;
  /** Where its metrics are scraped, as `host:port`; empty where it does not know. */
  readonly metricsAddress: string;
  /** How long ago it last said that it lives, ms. */
  readonly heartbeatAgeMs: number;
}

export class Cluster {
  readonly #nodes: () => readonly ClusterNode[];

  constructor(nodes: () => readonly ClusterNode[]) {
    this.#nodes = nodes;
  }

  /** Those that live, oldest first. @throws 1002 not an admin */
  list(call: CallContext): ClusterNode[] {
    requireAdmin(call);
    return [...this.#nodes()].sort((a, b) => a.startedAt - b.startedAt || (a.nodeID < b.nodeID ? -1 : 1));
  }
}
