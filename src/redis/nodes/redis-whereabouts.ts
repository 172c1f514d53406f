/**
 * On which nodes users and members of groups are, as presence and {@link GroupNodes} keep it: all that is asked for at
 * once goes out at once, a command for each key, on a Cluster to the master of its slot.
 */
import type { RedisClient } from '../client/client.ts';
import { groupNodesKey } from './group-nodes.ts';

export interface RedisWhereaboutsOptions {
  readonly redis: Pick<RedisClient, 'command'>;
  /** Of the hash of a user's connections, whose fields begin with the lease of their node and a colon. */
  readonly onlineKey: (userID: string) => string;
  /** All nodes whose leases hold, this one included. */
  readonly nodeIDs: () => ReadonlySet<string>;
  readonly monotonicMs: () => number;
}

/** A node whose lease has not been seen for so long is taken out of the groups that name it; it would tell of itself again. */
const strangerForMs = 60_000;

/** Implements Whereabouts of the bus. */
export class RedisWhereabouts {
  readonly #options: RedisWhereaboutsOptions;
  /** Nodes that groups name and nobody knows, and since when. */
  readonly #strangers = new Map<string, number>();

  constructor(options: RedisWhereaboutsOptions) {
    this.#options = options;
  }

  async find(
    userIDs: Iterable<string>,
    groupIDs: Iterable<string>,
  ): Promise<{
    readonly ofUsers: ReadonlyMap<string, readonly string[]>;
    readonly ofGroups: ReadonlyMap<string, readonly string[]>;
  }> {
    const [ofUsers, ofGroups] = await Promise.all([
      this.#ask(userIDs, 'HKEYS', this.#options.onlineKey, nodesIn),
      this.#ask(groupIDs, 'SMEMBERS', groupNodesKey, (nodeIDs) => nodeIDs),
    ]);
    this.#dropStrangers(ofGroups);
    return { ofUsers, ofGroups };
  }

  /** Killed nodes take themselves out of nothing. */
  #dropStrangers(ofGroups: ReadonlyMap<string, readonly string[]>): void {
    const { nodeIDs, monotonicMs, redis } = this.#options;
    const known = nodeIDs();
    const nowMs = monotonicMs();
    for (const nodeID of this.#strangers.keys()) if (known.has(nodeID)) this.#strangers.delete(nodeID);
    for (const [groupID, holders] of ofGroups) {
      for (const nodeID of holders) {
        if (known.has(nodeID)) continue;
        const sinceMs = this.#strangers.get(nodeID) ?? nowMs;
        this.#strangers.set(nodeID, sinceMs);
        if (nowMs - sinceMs < strangerForMs) continue;
        const key = groupNodesKey(groupID);
        // If it fails, the next message to the group tries it again.
        redis.command(key, ['SREM', key, nodeID]).catch(() => {});
      }
    }
  }

  async #ask(
    ids: Iterable<string>,
    command: string,
    keyOf: (id: string) => string,
    read: (reply: readonly string[]) => readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = await Promise.all(
      Array.from(ids, async (id) => {
        const key = keyOf(id);
        return [id, read((await this.#options.redis.command(key, [command, key])) as string[])] as const;
      }),
    );
    return new Map(found.filter(([, nodeIDs]) => nodeIDs.length > 0));
  }
}

/** Of fields `<lease>:<connection>`, where a lease is a node's ID, a dot and a number. */
function nodesIn(fields: readonly string[]): readonly string[] {
  const nodeIDs = new Set<string>();
  for (const field of fields) {
    const [nodeID] = /^\w+(?=[.:])/.exec(field) ?? [];
    if (nodeID !== undefined) nodeIDs.add(nodeID);
  }
  return [...nodeIDs];
}
