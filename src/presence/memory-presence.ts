/** Presence of a single node: the lists that its gateway reported, and no copies of them. */
import type { OnlineConnection, OnlinePlatforms, Presence, PresenceChange } from './presence.ts';

export class MemoryPresence implements Presence {
  /** Without users who are offline. */
  readonly #connections = new Map<string, readonly OnlineConnection[]>();
  /** What listeners last heard of those who have changed since; to be looked at when the turn is over. */
  readonly #announced = new Map<string, OnlinePlatforms>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();

  report(userID: string, connections: readonly OnlineConnection[]): void {
    const before = this.#online(userID);
    if (connections.length === 0) this.#connections.delete(userID);
    else this.#connections.set(userID, connections);
    if (this.#announced.has(userID)) return;
    const platforms = platformsIn(before);
    if (!areSame(platforms, platformsIn(connections))) this.#announceLater(userID, platforms);
  }

  async platformsOf(userIDs: readonly string[]): Promise<OnlinePlatforms[]> {
    return userIDs.map((userID) => platformsIn(this.#online(userID)));
  }

  async connectionsOf(userIDs: readonly string[]): Promise<(readonly OnlineConnection[])[]> {
    return userIDs.map((userID) => this.#online(userID));
  }

  onChange(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #online(userID: string): readonly OnlineConnection[] {
    return this.#connections.get(userID) ?? nobody;
  }

  #announceLater(userID: string, before: OnlinePlatforms): void {
    if (this.#announced.size === 0) setImmediate(this.#announce);
    this.#announced.set(userID, before);
  }

  readonly #announce = (): void => {
    const changed = [...this.#announced];
    this.#announced.clear();
    for (const [userID, before] of changed) {
      const platformIDs = platformsIn(this.#online(userID));
      if (areSame(before, platformIDs)) continue;
      for (const listener of this.#listeners) listener({ userID, platformIDs });
    }
  };
}

const nobody: readonly OnlineConnection[] = [];

function platformsIn(connections: readonly OnlineConnection[]): OnlinePlatforms {
  return [...new Set(connections.map(({ platformID }) => platformID))].sort((a, b) => a - b);
}

function areSame(a: OnlinePlatforms, b: OnlinePlatforms): boolean {
  return a.length === b.length && a.every((platformID, index) => platformID === b[index]);
}
