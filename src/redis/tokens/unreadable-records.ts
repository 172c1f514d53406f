/** Token records that nobody can read, each told of once: a client that comes back every second fills no log. */

export type OnUnreadable = (userID: string, jti: string) => void;

/** Beyond that many the oldest are forgotten, and would be told of again. */
const maxRemembered = 10_000;

export class UnreadableRecords {
  readonly #tell: OnUnreadable;
  readonly #told = new Set<string>();

  constructor(tell: OnUnreadable) {
    this.#tell = tell;
  }

  /** @param jtis as a script gives them */
  report(userID: string, jtis: unknown): void {
    if (!Array.isArray(jtis)) return;
    for (const jti of jtis.map(String)) {
      // No jti has a space.
      const name = `${jti} ${userID}`;
      if (this.#told.has(name)) continue;
      this.#told.add(name);
      if (this.#told.size > maxRemembered) this.#told.delete(this.#told.values().next().value ?? '');
      this.#tell(userID, jti);
    }
  }
}
