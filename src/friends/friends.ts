/** Changing one's friends (relations-groups chapter, 5.3 to 5.6). */

import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { deletedNotice, friendsNotices, importedNotice, remarkNotice } from '../notices/catalogue/friends.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { friendSources } from '../protocol/numbers/groups.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { VersionHead, VersionStep } from '../sync/version-log-store.ts';
import type { UserStore } from '../users/user-store.ts';
import { requireDistinct, requireGiven, requireRegistered, requireSize } from './checks.ts';
import type { FriendChanges } from './friend.ts';
import type { FriendHooks } from './friend-hooks.ts';
import type { FriendLimits } from './friend-limits.ts';
import type { FriendStore } from './friend-store.ts';
import { type Friendships, headOf } from './friendships.ts';

export interface FriendsOptions {
  readonly store: Pick<FriendStore, 'remove' | 'update'>;
  readonly friendships: Friendships;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Undefined while nobody is asked. */
  readonly hooks?: FriendHooks | undefined;
  readonly limits: Pick<FriendLimits, 'maxNicknameBytes' | 'maxExBytes'>;
}

export class Friends {
  readonly #options: FriendsOptions;

  constructor(options: FriendsOptions) {
    this.#options = options;
  }

  /**
   * Takes a friend off the owner's list; the other keeps the owner on its own. Who is no friend is none afterwards, which
   * changes nothing and tells nobody.
   * @throws 1001 ill-formed, 1002 not the caller's list
   */
  async remove(call: CallContext, ownerUserID: string, friendUserID: string): Promise<void> {
    requireGiven({ ownerUserID, friendUserID });
    requireAccess(call, ownerUserID);
    const { store, friendships, unitOfWork, notifier, hooks } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      await friendships.lock(tx, [ownerUserID]);
      if (!(await store.remove(tx, ownerUserID, friendUserID))) return;
      const changes = [{ itemID: friendUserID, state: 'delete' as const }];
      const head = await this.#record(tx, { ownerID: ownerUserID, changes });
      await notifier.notify(tx, call, deletedNotice(ownerUserID, friendUserID, head));
      await hooks?.deleted(tx, call, ownerUserID, friendUserID);
    });
  }

  /**
   * Sets what the owner calls a friend.
   * @throws 1001 ill-formed, 1002 not the caller's list, 1004 no friend
   */
  async setRemark(call: CallContext, ownerUserID: string, friendUserID: string, given: string): Promise<void> {
    requireGiven({ ownerUserID, friendUserID });
    requireAccess(call, ownerUserID);
    const { store, friendships, unitOfWork, notifier, hooks } = this.#options;
    const remark = (await hooks?.beforeRemark(call, ownerUserID, friendUserID, given)) ?? given;
    this.#checkTexts({ remark, ex: null });
    await unitOfWork.transaction(async (tx) => {
      await friendships.lock(tx, [ownerUserID]);
      const updated = await store.update(tx, ownerUserID, [friendUserID], { remark, ex: null, isPinned: null });
      if (updated.length === 0) throw errors.recordNotFound('friend not found');
      const changes = [{ itemID: friendUserID, state: 'update' as const }];
      const head = await this.#record(tx, { ownerID: ownerUserID, changes });
      await notifier.notify(tx, call, remarkNotice(ownerUserID, friendUserID, head));
      await hooks?.remarked(tx, call, ownerUserID, friendUserID, remark);
    });
  }

  /**
   * Changes several friends alike; who is none is passed over. The owner's devices are told in any case (1210).
   * @throws 1001 ill-formed, 1002 not the caller's list
   */
  async update(
    call: CallContext,
    ownerUserID: string,
    friendUserIDs: readonly string[],
    changes: FriendChanges,
  ): Promise<void> {
    requireGiven({ ownerUserID });
    requireSize('friendUserIDs', friendUserIDs);
    requireDistinct('friendUserIDs', friendUserIDs);
    requireAccess(call, ownerUserID);
    this.#checkTexts(changes);
    const { friendships, unitOfWork, notifier } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const locked = headOf(await friendships.lock(tx, [ownerUserID]), ownerUserID);
      const head = (await this.#change(tx, ownerUserID, friendUserIDs, changes)) ?? locked;
      await notifier.notify(tx, call, ...friendsNotices(ownerUserID, friendUserIDs, head));
    });
  }

  /** @returns the head after it; undefined if nothing was to be changed */
  async #change(
    tx: Transaction,
    ownerUserID: string,
    friendUserIDs: readonly string[],
    changes: FriendChanges,
  ): Promise<VersionHead | undefined> {
    if (Object.values(changes).every((value) => value === null)) return undefined;
    const updated = new Set(await this.#options.store.update(tx, ownerUserID, friendUserIDs, changes));
    if (updated.size === 0) return undefined;
    return this.#record(tx, {
      ownerID: ownerUserID,
      changes: friendUserIDs.filter((id) => updated.has(id)).map((itemID) => ({ itemID, state: 'update' })),
      ...(changes.isPinned === null ? {} : { isResorted: true }),
    });
  }

  /**
   * Makes users friends of the owner's, in both directions, without asking them. Who is a friend in both already is left
   * as is and told nothing.
   * @throws 1001 ill-formed, or somebody has too many friends; 1002 not an admin; 1004 unknown user, one named twice, or
   * the owner's own ID
   */
  async import(call: CallContext, ownerUserID: string, given: readonly string[]): Promise<void> {
    requireGiven({ ownerUserID });
    // Whether one is named twice shows below: OpenIM counts whom it finds, and answers 1004.
    requireSize('friendUserIDs', given);
    requireAdmin(call);
    const { users, friendships, unitOfWork, notifier, hooks } = this.#options;
    const friendUserIDs = (await hooks?.beforeImport(call, ownerUserID, given)) ?? given;
    if (friendUserIDs !== given) requireSize('friendUserIDs', friendUserIDs);
    await requireRegistered(users, [ownerUserID, ...friendUserIDs]);

    await unitOfWork.transaction(async (tx) => {
      const locked = await friendships.lockToBefriend(tx, [ownerUserID, ...friendUserIDs]);
      const { changed, heads } = await friendships.befriend(tx, locked, ownerUserID, friendUserIDs, {
        addSource: friendSources.imported,
        operatorUserID: call.caller.userID,
      });
      const head = headOf(heads, ownerUserID);
      await notifier.notify(tx, call, ...changed.map((friendID) => importedNotice(ownerUserID, friendID, head)));
      await hooks?.imported(tx, call, ownerUserID, friendUserIDs);
    });
  }

  async #record(tx: Transaction, step: VersionStep): Promise<VersionHead> {
    return headOf(await this.#options.versionLog.record(tx, 'friends', [step]), step.ownerID);
  }

  #checkTexts({ remark, ex }: Pick<FriendChanges, 'remark' | 'ex'>): void {
    requireWithin('remark', remark, this.#options.limits.maxNicknameBytes);
    requireWithin('ex', ex, this.#options.limits.maxExBytes);
  }
}
