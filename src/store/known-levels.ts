/** The levels of users that were asked for of late, kept until something of the user changes: every login asks for one. */
import type { UserChangeListener } from '../database/user-changes.ts';

export class KnownLevels implements UserChangeListener {
  readonly #maxUsers: number;
  /** By user, the one that was read first first. */
  readonly #levels = new Map<string, number>();

  constructor(maxUsers = 50_000) {
    this.#maxUsers = maxUsers;
  }

  find(userID: string): number | undefined {
    return this.#levels.get(userID);
  }

  /** To be called in the same step as the level was read. */
  keep(userID: string, level: number): void {
    this.#levels.set(userID, level);
    if (this.#levels.size <= this.#maxUsers) return;
    for (const oldest of this.#levels.keys()) {
      this.#levels.delete(oldest);
      return;
    }
  }

  changed(userIDs: ReadonlySet<string>): void {
    for (const userID of userIDs) this.#levels.delete(userID);
  }

  anythingChanged(): void {
    this.#levels.clear();
  }
}
