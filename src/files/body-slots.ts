/** How many bodies of files are read at once, of all users and of one; the others wait unread. */

export interface BodySlotLimits {
  readonly maxFileBodies: number;
  readonly maxFileBodiesPerUser: number;
  readonly maxWaitingFileBodies: number;
}

export interface BodySlot {
  release(): void;
}

/** Too many wait already. */
export class NoSlot extends Error {
  override readonly name = 'NoSlot';
}

interface Waiting {
  readonly userID: string;
  readonly resolve: (slot: BodySlot) => void;
}

export class BodySlots {
  readonly #limits: BodySlotLimits;
  readonly #byUser = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #taken = 0;

  constructor(limits: BodySlotLimits) {
    this.#limits = limits;
  }

  /** Waits for its turn. @throws NoSlot */
  async take(userID: string): Promise<BodySlot> {
    if (this.#isFree(userID)) return this.#give(userID);
    if (this.#waiting.size >= this.#limits.maxWaitingFileBodies) throw new NoSlot();
    return new Promise((resolve) => this.#waiting.add({ userID, resolve }));
  }

  #isFree(userID: string): boolean {
    const { maxFileBodies, maxFileBodiesPerUser } = this.#limits;
    return this.#taken < maxFileBodies && (this.#byUser.get(userID) ?? 0) < maxFileBodiesPerUser;
  }

  #give(userID: string): BodySlot {
    this.#count(userID, 1);
    return { release: () => this.#release(userID) };
  }

  #release(userID: string): void {
    this.#count(userID, -1);
    for (const waiting of this.#waiting) {
      if (!this.#isFree(waiting.userID)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(this.#give(waiting.userID));
      return;
    }
  }

  #count(userID: string, by: 1 | -1): void {
    this.#taken += by;
    const own = (this.#byUser.get(userID) ?? 0) + by;
    if (own === 0) this.#byUser.delete(userID);
    else this.#byUser.set(userID, own);
  }
}
