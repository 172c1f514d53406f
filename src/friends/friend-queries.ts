/** Reading lists of friends: pages, some of them, IDs, what has changed (relations-groups chapter, 5.7 and 10.5). */

import { AnswerBudget, readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import { idHash } from '../sync/id-hash.ts';
import type { SyncReply, VersionLog } from '../sync/version-log.ts';
import type { VersionHead } from '../sync/version-log-store.ts';
import { VersionedCache } from '../sync/versioned-cache.ts';
import { toPublicUserInfo, type User } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import type { BlackStore } from './black-store.ts';
import { requireDistinct, requireGiven, requireOneOf, requireSize, usersByID } from './checks.ts';
import type { Black, Friend } from './friend.ts';
import { type AnswerLimits, newListBudget } from './friend-answers.ts';
import type { FriendStore } from './friend-store.ts';

export interface FriendQueriesOptions {
  readonly store: Pick<FriendStore, 'friendsAmong' | 'find' | 'list' | 'ids' | 'count'>;
  readonly blacks: Pick<BlackStore, 'find'>;
  readonly versionLog: Pick<VersionLog, 'head' | 'syncSince'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: AnswerLimits;
}

/** A friend with the profile as it is now; undefined for one who is not registered any more. */
export interface FriendWithProfile extends Friend {
  readonly profile: User | undefined;
}

/** What a user and somebody are to each other, as far as the user's lists say. */
export interface Relation {
  readonly user: User;
  readonly friend: Friend | undefined;
  readonly black: Black | undefined;
}

/** All IDs of a list, with the hash by which clients ask for them. */
interface HashedIDs {
  readonly ids: readonly string[];
  readonly hash: bigint;
}

export class FriendQueries {
  readonly #options: FriendQueriesOptions;
  readonly #ids = new VersionedCache<HashedIDs>(maxCachedIDs, ({ ids }) => ids.length);

  constructor(options: FriendQueriesOptions) {
    this.#options = options;
  }

  /** A page: the pinned first, then as they came. @throws 1001 ill-formed, or more than fits an answer; 1002 */
  async page(
    call: CallContext,
    userID: string,
    pagination: Pagination | null,
  ): Promise<{ readonly friends: readonly FriendWithProfile[]; readonly total: number }> {
    requireGiven({ userID });
    const page = requirePagination(pagination);
    requireAccess(call, userID);
    const { store } = this.#options;
    const total = await store.count(userID);
    const budget = newListBudget(this.#options.limits);
    const friends = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) =>
      charged(budget, await this.#withProfiles(await store.list(userID, offset, limit))),
    );
    return { friends, total };
  }

  /** Those of some users who are friends, each once, in the order asked. @throws 1001, 1002 */
  async find(
    call: CallContext,
    ownerUserID: string,
    friendUserIDs: readonly string[],
  ): Promise<readonly FriendWithProfile[]> {
    requireGiven({ ownerUserID });
    if (friendUserIDs.length === 0) throw errors.args('friendUserIDs is empty');
    requireAccess(call, ownerUserID);
    const ids = [...new Set(friendUserIDs)];
    const budget = newListBudget(this.#options.limits);
    const found = await readPieces(ids.length, 0, ids.length, async (start, count) =>
      charged(budget, await this.#find(ownerUserID, ids.slice(start, start + count))),
    );
    const byID = new Map(found.map((friend) => [friend.friendUserID, friend]));
    return ids.flatMap((id) => byID.get(id) ?? []);
  }

  /** Everything about some users, in the order asked; who is not registered is left out. @throws 1001, 1002 */
  async relations(call: CallContext, ownerUserID: string, userIDs: readonly string[]): Promise<readonly Relation[]> {
    requireGiven({ ownerUserID });
    requireSize('userIDList', userIDs);
    requireDistinct('userIDList', userIDs);
    requireAccess(call, ownerUserID);
    const { store, blacks, users } = this.#options;
    const budget = newListBudget(this.#options.limits);
    return readPieces(userIDs.length, 0, userIDs.length, async (start, count) => {
      const ids = userIDs.slice(start, start + count);
      const profiles = await usersByID(users, ids);
      const friends = new Map((await store.find(ownerUserID, ids)).map((row) => [row.friendUserID, row]));
      const blocked = new Map((await blacks.find(ownerUserID, ids)).map((row) => [row.blockedUserID, row]));
      return ids.flatMap((id) => {
        const [user, friend, black] = [profiles.get(id), friends.get(id), blocked.get(id)];
        budget.take(user, friend, black);
        return user === undefined ? [] : [{ user, friend, black }];
      });
    });
  }

  /** All IDs, in the order of {@link page}. @throws 1001, 1002 */
  async ids(call: CallContext, userID: string): Promise<readonly string[]> {
    requireGiven({ userID });
    requireAccess(call, userID);
    return this.#options.store.ids(userID);
  }

  /**
   * {@link ids} for a client that says which it has.
   * @returns the head to keep with them, and no IDs if the client's are right
   * @throws 1001, 1002
   */
  async idsUnless(
    call: CallContext,
    userID: string,
    knownHash: bigint,
  ): Promise<VersionHead & { readonly isEqual: boolean; readonly ids: readonly string[] }> {
    requireGiven({ userID });
    requireAccess(call, userID);
    // Before the IDs: a change in between is then told once more, and never left out.
    const head = await this.#options.versionLog.head('friends', userID);
    const { ids, hash } = await this.#ids.get({ kind: 'friends', ownerID: userID }, head, async () => {
      const read = await this.#options.store.ids(userID);
      return { ids: read, hash: idHash(read) };
    });
    const isEqual = hash === knownHash;
    return { ...head, isEqual, ids: isEqual ? [] : ids };
  }

  /** What has changed since a client last asked; `full` also if that is more than fits an answer. @throws 1002 */
  async changesSince(call: CallContext, userID: string, since: VersionHead): Promise<SyncReply<FriendWithProfile>> {
    requireAccess(call, userID);
    return this.#options.versionLog.syncSince('friends', userID, since, async (ids) => {
      const budget = new AnswerBudget(this.#options.limits.maxAnswerBytes);
      const friends = await this.#find(userID, ids);
      if (!friends.every((friend) => budget.takes(...textsOf(friend)))) return undefined;
      return new Map(friends.map((friend) => [friend.friendUserID, friend]));
    });
  }

  /** Who has whom in the list. @throws 1001, 1002 the caller is neither of them */
  async areFriends(
    call: CallContext,
    userID1: string,
    userID2: string,
  ): Promise<{ readonly inUser1Friends: boolean; readonly inUser2Friends: boolean }> {
    requireGiven({ userID1, userID2 });
    requireOneOf(call, userID1, userID2);
    const { store } = this.#options;
    return {
      inUser1Friends: (await store.friendsAmong(userID1, [userID2])).has(userID2),
      inUser2Friends: (await store.friendsAmong(userID2, [userID1])).has(userID1),
    };
  }

  async #find(ownerUserID: string, ids: readonly string[]): Promise<readonly FriendWithProfile[]> {
    return this.#withProfiles(await this.#options.store.find(ownerUserID, ids));
  }

  async #withProfiles(friends: readonly Friend[]): Promise<readonly FriendWithProfile[]> {
    const ids = friends.map(({ friendUserID }) => friendUserID);
    const profiles = await usersByID(this.#options.users, ids);
    return friends.map((friend) => ({ ...friend, profile: profiles.get(friend.friendUserID) }));
  }
}

/** Of all lists together: some tens of megabytes. */
const maxCachedIDs = 200_000;

/** What a friend brings into an answer. */
function textsOf(friend: FriendWithProfile): readonly object[] {
  return [friend, toPublicUserInfo(friend.friendUserID, friend.profile)];
}

/** @throws 1001 they do not fit */
function charged(budget: AnswerBudget, friends: readonly FriendWithProfile[]): readonly FriendWithProfile[] {
  for (const friend of friends) budget.take(...textsOf(friend));
  return friends;
}
