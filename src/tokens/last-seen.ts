/** When tokens were last used: noted in memory at each use and stored now and then, so that no request waits for it. */
import type { Session } from './session.ts';
import type { TokenStore } from './token-store.ts';

/** Beyond that many in use between two flushes, the rest goes unnoted. */
const maxPending = 200_000;
/** Store calls at a time: a flush is no reason to keep logins waiting. */
const flushWidth = 20;

export class LastSeen {
  readonly #store: Pick<TokenStore, 'touch'>;
  readonly #clock: () => number;
  /** jtis by user. */
  #pending = new Map<string, Set<string>>();

  /** @param clock Unix ms */
  constructor(store: Pick<TokenStore, 'touch'>, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  note({ userID, jti }: Session): void {
    const jtis = this.#pending.get(userID);
    if (jtis !== undefined) jtis.add(jti);
    else if (this.#pending.size < maxPending) this.#pending.set(userID, new Set([jti]));
  }

  /** Stores what was noted since the last time, as seen now. @throws the store's failure; the notes are then lost */
  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = new Map();
    const seenAt = this.#clock();
    const users = pending.entries();
    const work = async () => {
      for (const [userID, jtis] of users) await this.#store.touch(userID, [...jtis], seenAt);
    };
    await Promise.all(Array.from({ length: flushWidth }, work));
  }
}
