/** The names of what the nodes of a cluster share in Redis about themselves: one hash tag, so one Cluster slot. */

/** As scripts/heartbeat.lua takes them: leases, descriptions, heirs, state. */
export const registryKeys = [
  'tessera:{nodes}:leases',
  'tessera:{nodes}:descriptions',
  'tessera:{nodes}:heirs',
  'tessera:{nodes}:state',
] as const;

/** See shared-timeline.ts. */
export const timelinesKey = 'tessera:{nodes}:timelines';

/** What is said to a node. */
export function nodeChannel(nodeID: string): string {
  return `tessera:node:${nodeID}`;
}

/**
 * A node has a lease, and another one after that has ended: whatever it has told under the one before is void. Its name
 * is the node's and a number.
 */
export function leaseName(nodeID: string, number: number): string {
  return `${nodeID}.${number}`;
}

/** The node whose lease it is. */
export function nodeOfLease(lease: string): string {
  const end = lease.indexOf('.');
  return end === -1 ? lease : lease.slice(0, end);
}
