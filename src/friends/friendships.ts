/**
 * How two become friends, whoever brings it about. Whatever changes the friends of users begins with the lock of their
 * version logs: what it decides by (are they friends already, is there room) then holds until its transaction ends.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { Change, VersionHead, VersionStep } from '../sync/version-log-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { AddSource, PlacedFriend } from './friend.ts';
import type { FriendLimits } from './friend-limits.ts';
import type { FriendStore } from './friend-store.ts';

export interface FriendshipsOptions {
  readonly store: Pick<FriendStore, 'add' | 'friendsAmong' | 'ownersAmong' | 'counts'>;
  readonly versionLog: Pick<VersionLog, 'lock' | 'record'>;
  readonly users: Pick<UserStore, 'hold'>;
  readonly limits: Pick<FriendLimits, 'maxFriends'>;
  /** Unix ms. */
  readonly now: () => number;
}

/** Heads of users' logs of friends, by user. */
export type Heads = ReadonlyMap<string, VersionHead>;

/** Users that one call names at most. */
export const maxUsersAtOnce = 1000;

export class Friendships {
  readonly #options: FriendshipsOptions;

  constructor(options: FriendshipsOptions) {
    this.#options = options;
  }

  /** Keeps others from changing these users' friends until the transaction ends. */
  lock(tx: Transaction, userIDs: readonly string[]): Promise<Heads> {
    return this.#options.versionLog.lock(tx, 'friends', userIDs);
  }

  /** {@link lock}, for those who are to become friends, and see each other's profiles from then on. */
  async lockToBefriend(tx: Transaction, userIDs: readonly string[]): Promise<Heads> {
    await this.#options.users.hold(tx, userIDs);
    return this.lock(tx, userIDs);
  }

  /** Whether each is in the other's list. */
  async areMutual(tx: Transaction, userA: string, userB: string): Promise<boolean> {
    const { store } = this.#options;
    const [forth, back] = [await store.friendsAmong(userA, [userB], tx), await store.ownersAmong(userA, [userB], tx)];
    return forth.has(userB) && back.has(userB);
  }

  /**
   * Makes a user and others friends in both directions, as far as they are not.
   * @param heads of all of them, from {@link lockToBefriend}
   * @returns for whom that changed anything, in the order given, and the heads afterwards
   * @throws 1001 one of them has too many friends
   */
  async befriend(
    tx: Transaction,
    heads: Heads,
    userID: string,
    friendIDs: readonly string[],
    traits: { readonly addSource: AddSource; readonly operatorUserID: string },
  ): Promise<{ readonly changed: readonly string[]; readonly heads: Heads }> {
    const { store, versionLog, now } = this.#options;
    const forth = await store.friendsAmong(userID, friendIDs, tx);
    const back = await store.ownersAmong(userID, friendIDs, tx);
    const createdAt = now();
    const place = (ownerUserID: string, friendUserID: string, index: number): PlacedFriend => ({
      ownerUserID,
      friendUserID,
      remark: '',
      ex: '',
      isPinned: false,
      ...traits,
      createdAt,
      // Behind all whom earlier steps of the log have added, also where the clock is set back.
      position: ((heads.get(ownerUserID)?.version ?? 0) + 1) * maxUsersAtOnce + index,
    });
    const own = friendIDs.filter((friendID) => !forth.has(friendID));
    const theirs = friendIDs.filter((friendID) => !back.has(friendID));
    await store.add(tx, [
      ...own.map((friendID, index) => place(userID, friendID, index)),
      ...theirs.map((friendID) => place(friendID, userID, 0)),
    ]);
    const raised = await versionLog.record(tx, 'friends', [
      ...(own.length === 0 ? [] : [insertion(userID, own)]),
      ...theirs.map((friendID) => insertion(friendID, [userID])),
    ]);
    await this.#checkRoom(tx, [...(own.length === 0 ? [] : [userID]), ...theirs]);
    const changed = friendIDs.filter((friendID) => !forth.has(friendID) || !back.has(friendID));
    return { changed, heads: new Map([...heads, ...raised]) };
  }

  async #checkRoom(tx: Transaction, ownerIDs: readonly string[]): Promise<void> {
    const { store, limits } = this.#options;
    const counts = await store.counts(tx, ownerIDs);
    const isFull = [...counts.values()].some((count) => count > limits.maxFriends);
    if (isFull) throw errors.args(`a user has more than ${limits.maxFriends} friends`);
  }
}

/** The head of one that is locked. */
export function headOf(heads: Heads, userID: string): VersionHead {
  const head = heads.get(userID);
  if (head === undefined) throw new TypeError('the log is not locked');
  return head;
}

function insertion(ownerID: string, itemIDs: readonly string[]): VersionStep {
  return { ownerID, changes: itemIDs.map((itemID): Change => ({ itemID, state: 'insert' })) };
}
