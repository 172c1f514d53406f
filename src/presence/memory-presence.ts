/** Presence of a single node: the connections that its gateway told of. */
import type { OnlineConnection, OnlinePlatforms, Presence, PresenceChange } from './presence.ts';

export class MemoryPresence implements Presence {
  /** Without users who are offline; oldest first. */
  readonly #online = new Map<string, Set<OnlineConnection>>();
  /** What listeners last heard of those who have changed since; to be looked at when the turn is over. */
  #announced = new Map<string, OnlinePlatforms>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();

  /** How many are open. */
  get connections(): number {
    return this.#online.values().reduce((sum, connections) => sum + connections.size, 0);
  }

  /** How many are online. */
  get users(): number {
    return this.#online.size;
  }

  opened(connection: OnlineConnection): undefined {
    const { userID } = connection;
    const connections = this.#online.get(userID) ?? new Set();
    this.#announceLater(userID, connections);
    this.#online.set(userID, connections.add(connection));
  }

  /** It is asked itself. */
  changed(): void {}

  closed(connection: OnlineConnection): void {
    const { userID } = connection;
    const connections = this.#online.get(userID);
    if (!connections?.has(connection)) return;
    this.#announceLater(userID, connections);
    connections.delete(connection);
    if (connections.size === 0) this.#online.delete(userID);
  }

  async platformsOf(userIDs: readonly string[]): Promise<OnlinePlatforms[]> {
    return userIDs.map((userID) => platformsIn(this.#online.get(userID)));
  }

  async connectionsOf(userIDs: readonly string[]): Promise<(readonly OnlineConnection[])[]> {
    return userIDs.map((userID) => [...(this.#online.get(userID) ?? nobody)].map(snapshotOf));
  }

  /** Everybody is. */
  watch(): void {}

  unwatch(): void {}

  /** There are none. */
  onNeighbours(): void {}

  onChange(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called before the change, once per user and turn at the cost of looking at all connections. */
  #announceLater(userID: string, before: Iterable<OnlineConnection>): void {
    if (this.#announced.has(userID)) return;
    if (this.#announced.size === 0) setImmediate(this.#announce);
    this.#announced.set(userID, platformsIn(before));
  }

  readonly #announce = (): void => {
    const changed = this.#announced;
    this.#announced = new Map();
    for (const [userID, before] of changed) {
      const platformIDs = platformsIn(this.#online.get(userID));
      if (areSame(before, platformIDs)) continue;
      for (const listener of this.#listeners) listener({ userID, platformIDs });
    }
  };
}

const nobody: Iterable<OnlineConnection> = [];

function snapshotOf({ userID, platformID, connID, jti, isBackground }: OnlineConnection): OnlineConnection {
  return { userID, platformID, connID, jti, isBackground };
}

function platformsIn(connections: Iterable<OnlineConnection> = nobody): OnlinePlatforms {
  return [...new Set(Array.from(connections, ({ platformID }) => platformID))].sort((a, b) => a - b);
}

function areSame(a: OnlinePlatforms, b: OnlinePlatforms): boolean {
  return a.length === b.length && a.every((platformID, index) => platformID === b[index]);
}
