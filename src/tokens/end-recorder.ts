/**
 * Writes ends of tokens to the durable store, those of many calls in one transaction: a login waits for one commit and
 * never for those of all others. While many log in, commits take turns with times of gathering for the next one, at least
 * as long and the longer the more come: a commit costs more than what it holds. Who comes alone waits for nobody.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { TokenEnd, TokenEndStore } from './token-end-store.ts';
import type { Telling } from './token-teller.ts';

/** What could not be written goes with the next one; while so much waits, nothing further may be ended. */
const maxOwed = 10_000;
const longestGatheringMs = 10;
/** For each of so many that shared a commit, the next one is gathered for as long as that commit took. */
const entriesPerTime = 4;

export class EndRecorder {
  readonly #store: Pick<TokenEndStore, 'record'>;
  #waiting: { readonly entry: Entry; readonly done: PromiseWithResolvers<void> }[] = [];
  #owed: readonly Entry[] = [];
  #isWorking = false;

  readonly #onOwed: (ends: number) => void;

  /** @param onOwed hears after each attempt how many ends wait for the next one, as they could not be written */
  constructor(store: Pick<TokenEndStore, 'record'>, onOwed: (ends: number) => void = () => {}) {
    this.#store = store;
    this.#onOwed = onOwed;
  }

  /**
   * To be asked before tokens are ended elsewhere: what has been ended is never given up, so that it must not become
   * more and more while the store fails.
   * @throws while too many ends wait to be written
   */
  requireRoom(): void {
    const owed = sizeOf(this.#owed);
    if (owed < maxOwed) return;
    throw new Error(`${owed} ends of tokens wait to be written to the database: nothing more is ended`);
  }

  /**
   * Resolves when they are on disk, and with them what is to be told of those that are new.
   * @throws the store's failure; they are then written with the next ones
   */
  record(ends: readonly TokenEnd[], tell?: Telling<readonly TokenEnd[]>): Promise<void> {
    return ends.length === 0 && tell === undefined ? Promise.resolve() : this.#queue({ ends, tell });
  }

  /** Writes what could not be written before, if there is any. @throws the store's failure */
  async settle(): Promise<void> {
    if (this.#owed.length > 0) await this.#queue({ ends: [], tell: undefined });
  }

  #queue(entry: Entry): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ entry, done });
    if (!this.#isWorking) void this.#work();
    return done.promise;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const owed = this.#owed;
      const entries = [...owed, ...batch.map(({ entry }) => entry)];
      const beganMs = performance.now();
      try {
        await this.#store.record(
          entries.flatMap(({ ends }) => ends),
          tellingOf(entries),
        );
        this.#owed = [];
        for (const { done } of batch) done.resolve();
      } catch (error) {
        this.#owed = entries;
        for (const { done } of batch) done.reject(error);
      }
      if (this.#owed.length > 0 || owed.length > 0) this.#onOwed(sizeOf(this.#owed));
      const tookMs = performance.now() - beganMs;
      const times = Math.max(1, batch.length / entriesPerTime);
      if (batch.length > 1) await delay(Math.min(times * tookMs, longestGatheringMs));
    }
    this.#isWorking = false;
  }
}

interface Entry {
  readonly ends: readonly TokenEnd[];
  readonly tell: Telling<readonly TokenEnd[]> | undefined;
}

/** In ends; what is only told takes as much room. */
function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce(
    (size, { ends, tell }) => size + (tell === undefined ? ends.length : Math.max(1, ends.length)),
    0,
  );
}

/** All in one go, since telling takes locks. */
function tellingOf(entries: readonly Entry[]) {
  const teller = entries.find(({ tell }) => tell !== undefined)?.tell?.teller;
  if (teller === undefined) return undefined;
  return (tx: Transaction, written: readonly TokenEnd[]) => {
    const names = new Set(written.map(nameOf));
    const isNew = (end: TokenEnd) => names.has(nameOf(end));
    return teller.tell(
      tx,
      entries.flatMap(({ ends, tell }) => tell?.of(ends.filter(isNew)) ?? []),
    );
  };
}

function nameOf({ userID, jti }: TokenEnd): string {
  return `${userID} ${jti}`;
}
