/**
 * Whom a user does not want to hear from (relations-groups chapter, 5.7 and 5.8). What follows for sending is asked of
 * the same rows with every message (src/messaging/sending-facts.ts).
 */

import { AnswerBudget, readPieces } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { blockedNotice, unblockedNotice } from '../notices/catalogue/friends.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination, requirePagination } from '../protocol/pagination.ts';
import type { PublicUserInfo } from '../protocol/relation-objects.ts';
import type { SyncReply, VersionLog } from '../sync/version-log.ts';
import type { VersionHead } from '../sync/version-log-store.ts';
import { toPublicUserInfo } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import type { BlackStore } from './black-store.ts';
import { requireDistinct, requireGiven, requireRegistered, usersByID } from './checks.ts';
import type { Black } from './friend.ts';
import { type AnswerLimits, newListBudget } from './friend-answers.ts';
import type { FriendHooks } from './friend-hooks.ts';
import type { FriendLimits } from './friend-limits.ts';

export interface BlackListOptions {
  readonly store: BlackStore;
  readonly versionLog: Pick<VersionLog, 'lock' | 'record' | 'syncSince'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Undefined while nobody is asked. */
  readonly hooks?: FriendHooks | undefined;
  readonly limits: Pick<FriendLimits, 'maxBlacks'> & AnswerLimits;
  /** Unix ms. */
  readonly now: () => number;
}

export interface BlackWithProfile extends Black {
  /** As it is now; empty texts for one who is not registered any more. */
  readonly profile: PublicUserInfo;
}

export class BlackList {
  readonly #options: BlackListOptions;

  constructor(options: BlackListOptions) {
    this.#options = options;
  }

  /**
   * Blocks a user, friend or not; one who is blocked stays as is, which tells nobody.
   * @throws 1001 ill-formed, or too many; 1002 not the caller's list; 1004 unknown user, or oneself
   */
  async add(call: CallContext, ownerUserID: string, blockedUserID: string, ex: string): Promise<void> {
    requireGiven({ ownerUserID, blackUserID: blockedUserID });
    requireAccess(call, ownerUserID);
    const { store, versionLog, users, unitOfWork, notifier, hooks, limits, now } = this.#options;
    requireWithin('ex', ex, limits.maxExBytes);
    await requireRegistered(users, [ownerUserID, blockedUserID]);
    await hooks?.beforeBlock(call, ownerUserID, blockedUserID);
    await unitOfWork.transaction(async (tx) => {
      const head = (await versionLog.lock(tx, 'blacks', [ownerUserID])).get(ownerUserID);
      const isNew = await store.add(tx, {
        ownerUserID,
        blockedUserID,
        operatorUserID: call.caller.userID,
        ex,
        createdAt: now(),
        position: (head?.version ?? 0) + 1,
      });
      if (!isNew) return;
      await this.#record(tx, ownerUserID, blockedUserID, 'insert');
      if ((await store.count(ownerUserID, tx)) > limits.maxBlacks) {
        throw errors.args(`the user has blocked more than ${limits.maxBlacks}`);
      }
      await notifier.notify(tx, call, blockedNotice(ownerUserID, blockedUserID));
    });
  }

  /** Unblocks a user; one who is not blocked stays so, which tells nobody. @throws 1001, 1002 */
  async remove(call: CallContext, ownerUserID: string, blockedUserID: string): Promise<void> {
    requireGiven({ ownerUserID, blackUserID: blockedUserID });
    requireAccess(call, ownerUserID);
    const { store, versionLog, unitOfWork, notifier, hooks } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      await versionLog.lock(tx, 'blacks', [ownerUserID]);
      if (!(await store.remove(tx, ownerUserID, blockedUserID))) return;
      await this.#record(tx, ownerUserID, blockedUserID, 'delete');
      await notifier.notify(tx, call, unblockedNotice(ownerUserID, blockedUserID));
      await hooks?.unblocked(tx, call, ownerUserID, blockedUserID);
    });
  }

  /** A page, as they came. @throws 1001 ill-formed, or more than fits an answer; 1002 */
  async page(
    call: CallContext,
    userID: string,
    pagination: Pagination | null,
  ): Promise<{ readonly blacks: readonly BlackWithProfile[]; readonly total: number }> {
    requireGiven({ userID });
    const page = requirePagination(pagination);
    requireAccess(call, userID);
    const { store } = this.#options;
    const total = await store.count(userID);
    const budget = newListBudget(this.#options.limits);
    const blacks = await readPieces(total, offsetOf(page), page.showNumber, async (offset, limit) =>
      charged(budget, await this.#withProfiles(await store.list(userID, offset, limit))),
    );
    return { blacks, total };
  }

  /** Those of some users who are blocked, in the order asked. @throws 1001, 1002 */
  async find(call: CallContext, ownerUserID: string, userIDs: readonly string[]): Promise<readonly BlackWithProfile[]> {
    requireDistinct('userIDList', userIDs);
    requireAccess(call, ownerUserID);
    const budget = newListBudget(this.#options.limits);
    const found = await readPieces(userIDs.length, 0, userIDs.length, async (start, count) =>
      charged(budget, await this.#find(ownerUserID, userIDs.slice(start, start + count))),
    );
    const byID = new Map(found.map((black) => [black.blockedUserID, black]));
    return userIDs.flatMap((id) => byID.get(id) ?? []);
  }

  /**
   * What has changed since a client last asked; `full` also if that is more than fits an answer. OpenIM declares it and
   * has none.
   * @throws 1002
   */
  async changesSince(call: CallContext, userID: string, since: VersionHead): Promise<SyncReply<BlackWithProfile>> {
    requireAccess(call, userID);
    return this.#options.versionLog.syncSince('blacks', userID, since, async (ids) => {
      const budget = new AnswerBudget(this.#options.limits.maxAnswerBytes);
      const blacks = await this.#find(userID, ids);
      if (!blacks.every((black) => budget.takes(black, black.profile))) return undefined;
      return new Map(blacks.map((black) => [black.blockedUserID, black]));
    });
  }

  async #record(tx: Transaction, ownerID: string, itemID: string, state: 'insert' | 'delete'): Promise<void> {
    await this.#options.versionLog.record(tx, 'blacks', [{ ownerID, changes: [{ itemID, state }] }]);
  }

  async #find(ownerUserID: string, ids: readonly string[]): Promise<readonly BlackWithProfile[]> {
    return this.#withProfiles(await this.#options.store.find(ownerUserID, ids));
  }

  async #withProfiles(blacks: readonly Black[]): Promise<readonly BlackWithProfile[]> {
    const ids = blacks.map(({ blockedUserID }) => blockedUserID);
    const users = await usersByID(this.#options.users, ids);
    return blacks.map((black) => ({
      ...black,
      profile: toPublicUserInfo(black.blockedUserID, users.get(black.blockedUserID)),
    }));
  }
}

/** @throws 1001 they do not fit */
function charged(budget: AnswerBudget, blacks: readonly BlackWithProfile[]): readonly BlackWithProfile[] {
  for (const black of blacks) budget.take(black, black.profile);
  return blacks;
}
