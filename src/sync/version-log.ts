/**
 * Version logs: how a client that was away learns what has changed (relations-groups chapter, 10.3, and
 * conversations-messages chapter, 7.5). Generic over what is logged.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { ChangeState, VersionHead, VersionKind, VersionLogStore, VersionStep } from './version-log-store.ts';

/** The answer to "what has changed since": the head as of now, and the items by their latest state. */
export interface ItemChanges extends VersionHead {
  /** True if the client has to read everything anew; the lists are empty then. */
  readonly full: boolean;
  readonly inserted: readonly string[];
  readonly updated: readonly string[];
  readonly deleted: readonly string[];
}

export class VersionLog {
  readonly #store: VersionLogStore;

  constructor(store: VersionLogStore) {
    this.#store = store;
  }

  /** Logs what the transaction changes: one step per owner, in the transaction that changes it. */
  record(tx: Transaction, kind: VersionKind, steps: readonly VersionStep[]): Promise<void> {
    return this.#store.record(tx, kind, steps);
  }

  /** What a client that reads everything now should keep; ask before reading. */
  head(kind: VersionKind, ownerID: string): Promise<VersionHead> {
    return this.#store.head(kind, ownerID);
  }

  /**
   * @param since what the client kept; `''` and 0 if it has nothing. Whatever it claims, the answer is right: a head
   * that is not of this log, or ahead of it, gets `full`.
   */
  async changesSince(kind: VersionKind, ownerID: string, since: VersionHead): Promise<ItemChanges> {
    // Before the items: a change in between is then told now and again, and never left out.
    const head = await this.#store.head(kind, ownerID);
    if (since.version < 1 || since.version > head.version || since.versionID !== head.versionID) {
      return { ...head, ...nothing, full: true };
    }
    if (since.version === head.version) return { ...head, ...nothing };

    const changes = await this.#store.changesAfter(kind, ownerID, since.version, maxChanges + 1);
    if (changes.length > maxChanges) return { ...head, ...nothing, full: true };
    const itemsThat = (state: ChangeState) =>
      changes.filter((change) => change.state === state).map(({ itemID }) => itemID);
    return {
      ...head,
      full: false,
      inserted: itemsThat('insert'),
      updated: itemsThat('update'),
      deleted: itemsThat('delete'),
    };
  }
}

/** More changes than this cost a client more than reading everything. */
const maxChanges = 200;

const nothing = { full: false, inserted: [], updated: [], deleted: [] };
