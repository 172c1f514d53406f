/**
 * Version logs: how a client that was away learns what has changed (relations-groups chapter, 10.3, and
 * conversations-messages chapter, 7.5). Generic over what is logged.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type {
  ChangeState,
  LogTail,
  VersionHead,
  VersionKind,
  VersionLogStore,
  VersionStep,
} from './version-log-store.ts';

/** The answer to "what has changed since": the head as of now, and the items by their latest state. */
export interface ItemChanges extends VersionHead {
  /** True if the client has to read everything anew; nothing else is told then. */
  readonly full: boolean;
  readonly inserted: readonly string[];
  readonly updated: readonly string[];
  readonly deleted: readonly string[];
  /** At which the order of the list last changed, if it did since; otherwise 0. */
  readonly sortVersion: number;
  /** Data of the owner's own changed. */
  readonly isOwnerChanged: boolean;
}

/** {@link ItemChanges} with the items themselves. */
export interface SyncReply<Item> extends Omit<ItemChanges, 'inserted' | 'updated'> {
  readonly inserted: readonly Item[];
  readonly updated: readonly Item[];
}

export class VersionLog {
  readonly #store: VersionLogStore;

  constructor(store: VersionLogStore) {
    this.#store = store;
  }

  /** Logs what the transaction changes: one step per owner, in the transaction that changes it. @returns the new heads */
  record(tx: Transaction, kind: VersionKind, steps: readonly VersionStep[]): Promise<ReadonlyMap<string, VersionHead>> {
    return this.#store.record(tx, kind, steps);
  }

  /** Keeps others from changing these logs, and what they are about, until the transaction ends. @returns the heads */
  lock(tx: Transaction, kind: VersionKind, ownerIDs: readonly string[]): Promise<ReadonlyMap<string, VersionHead>> {
    return this.#store.lock(tx, kind, ownerIDs);
  }

  /** Ends logs with what they were about, such as a dismissed group's members. */
  drop(tx: Transaction, kind: VersionKind, ownerIDs: readonly string[]): Promise<void> {
    return this.#store.drop(tx, kind, ownerIDs);
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
    return (
      withoutLog(head, since) ?? fromTail(head, await this.#store.tailAfter(kind, ownerID, since.version, maxEntries))
    );
  }

  /** {@link changesSince} of several logs at once. @param since by owner */
  async changesOfMany(
    kind: VersionKind,
    since: ReadonlyMap<string, VersionHead>,
  ): Promise<ReadonlyMap<string, ItemChanges>> {
    const heads = await this.#store.heads(kind, [...since.keys()]);
    const behind = new Map(
      [...since].flatMap(([ownerID, known]) => {
        const head = heads.get(ownerID);
        return head === undefined || withoutLog(head, known) !== undefined ? [] : [[ownerID, known.version] as const];
      }),
    );
    const tails = await this.#store.tailsAfter(kind, behind, maxEntries);
    return new Map(
      [...heads].flatMap(([ownerID, head]) => {
        const known = since.get(ownerID);
        const tail = tails.get(ownerID);
        const changes = tail !== undefined ? fromTail(head, tail) : known && withoutLog(head, known);
        return changes === undefined ? [] : [[ownerID, changes] as const];
      }),
    );
  }

  /**
   * {@link changesSince} with the items as they are now; those that have vanished since are left out.
   * @param read the items of these IDs that exist, by ID; asked once, with distinct IDs, and only if there are any.
   * Undefined if they are more than an answer holds: the client reads everything, page by page
   */
  async syncSince<Item>(
    kind: VersionKind,
    ownerID: string,
    since: VersionHead,
    read: (itemIDs: readonly string[]) => Promise<ReadonlyMap<string, Item> | undefined>,
  ): Promise<SyncReply<Item>> {
    const { inserted, updated, ...changes } = await this.changesSince(kind, ownerID, since);
    const wanted = [...inserted, ...updated];
    const items = wanted.length === 0 ? new Map<string, Item>() : await read(wanted);
    if (items === undefined) return { ...changes, ...nothing, full: true };
    const existing = (ids: readonly string[]) => ids.flatMap((id) => items.get(id) ?? []);
    return { ...changes, inserted: existing(inserted), updated: existing(updated) };
  }
}

/** More entries than this cost a client more than reading everything. */
const maxEntries = 200;

/** For a client that has nothing that counts, and for one that has everything: undefined for others. */
function withoutLog(head: VersionHead, since: VersionHead): ItemChanges | undefined {
  if (since.version < 1 || since.version > head.version || since.versionID !== head.versionID) {
    return { ...head, ...nothing, full: true };
  }
  return since.version === head.version ? { ...head, ...nothing } : undefined;
}

function fromTail(head: VersionHead, tail: LogTail): ItemChanges {
  if (tail.isTooLong) return { ...head, ...nothing, full: true };
  const itemsThat = (state: ChangeState) =>
    tail.changes.filter((change) => change.state === state).map(({ itemID }) => itemID);
  return {
    ...head,
    full: false,
    inserted: itemsThat('insert'),
    updated: itemsThat('update'),
    deleted: itemsThat('delete'),
    sortVersion: tail.sortVersion,
    isOwnerChanged: tail.isOwnerChanged,
  };
}

const nothing = { full: false, inserted: [], updated: [], deleted: [], sortVersion: 0, isOwnerChanged: false };
