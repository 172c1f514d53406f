/**
 * The users whom somebody here wants to know about: what was last heard of each, so that news that come late or twice
 * are not told.
 */
import type { OnlinePlatforms, PresenceChange } from '../../presence/presence.ts';
import { areSame } from './presence-fields.ts';

interface Heard {
  /** Of the last change. */
  number: number;
  /** Undefined if those who watch may believe different things. */
  platformIDs: OnlinePlatforms | undefined;
}

export class WatchedUsers {
  readonly #heard = new Map<string, Heard>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();

  get userIDs(): Iterable<string> {
    return this.#heard.keys();
  }

  add(userID: string): void {
    this.#heard.set(userID, { number: 0, platformIDs: undefined });
  }

  delete(userID: string): void {
    this.#heard.delete(userID);
  }

  /** Returns what ends it. */
  onChange(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A node tells of a change. @param number see scripts/tell.lua */
  hear(change: PresenceChange, number: number): void {
    const heard = this.#heard.get(change.userID);
    if (heard === undefined || number <= heard.number) return;
    heard.number = number;
    this.#tell(heard, change);
  }

  /** What is the case, when changes may have been missed. */
  see(change: PresenceChange): void {
    const heard = this.#heard.get(change.userID);
    if (heard !== undefined) this.#tell(heard, change);
  }

  /** Somebody has read this, who may be one of those who watch. */
  wasRead({ userID, platformIDs }: PresenceChange): void {
    const heard = this.#heard.get(userID);
    if (heard?.platformIDs !== undefined && !areSame(heard.platformIDs, platformIDs)) heard.platformIDs = undefined;
  }

  #tell(heard: Heard, change: PresenceChange): void {
    if (heard.platformIDs !== undefined && areSame(heard.platformIDs, change.platformIDs)) return;
    heard.platformIDs = change.platformIDs;
    for (const listener of this.#listeners) listener(change);
  }
}
