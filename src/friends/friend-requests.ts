/** Asking somebody to be friends, and the answer (relations-groups chapter, 5.1, 5.2 and 6). */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { requireWithin } from '../kernel/text-bounds.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { agreedNotice, refusedNotice, requestNotice } from '../notices/catalogue/friends.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { friendSources, handleResults } from '../protocol/numbers/groups.ts';
import type { FriendRequestInfo } from '../protocol/relation-objects.ts';
import type { UserStore } from '../users/user-store.ts';
import { requireGiven, requireRegistered, usersByID } from './checks.ts';
import { type FriendRequest, toFriendRequestInfo } from './friend.ts';
import type { FriendHooks } from './friend-hooks.ts';
import type { FriendLimits } from './friend-limits.ts';
import type { FriendRequestStore } from './friend-request-store.ts';
import { type Friendships, type Heads, headOf } from './friendships.ts';

export interface FriendRequestsOptions {
  readonly store: Pick<FriendRequestStore, 'find' | 'put'>;
  readonly friendships: Friendships;
  readonly users: Pick<UserStore, 'find'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
  /** Undefined while nobody is asked. */
  readonly hooks?: FriendHooks | undefined;
  readonly limits: Pick<FriendLimits, 'maxRequestMsgBytes' | 'maxExBytes'>;
  /** Unix ms. */
  readonly now: () => number;
}

/** What is asked. */
export type NewFriendRequest = Pick<FriendRequest, 'fromUserID' | 'toUserID' | 'reqMsg' | 'ex'>;

/** What is answered: 1 yes, -1 no. */
export interface FriendAnswer {
  readonly fromUserID: string;
  readonly toUserID: string;
  readonly handleResult: number;
  /** Left as it is if it is empty. */
  readonly handleMsg: string;
}

export class FriendRequests {
  readonly #options: FriendRequestsOptions;

  constructor(options: FriendRequestsOptions) {
    this.#options = options;
  }

  /**
   * Asks; what was asked before in this direction is asked anew, whatever came of it. A black list does not matter, nor
   * that the other has asked, too. Tells both sides (1203).
   * @throws 1001 ill-formed, 1002 not in the caller's name, 1004 unknown user, 1301 oneself, 1304 friends of each other
   */
  async ask(call: CallContext, asked: NewFriendRequest): Promise<void> {
    const { fromUserID, toUserID, reqMsg, ex } = asked;
    requireGiven({ fromUserID, toUserID });
    requireAccess(call, fromUserID);
    if (fromUserID === toUserID) throw errors.cannotAddYourself();
    requireWithin('reqMsg', reqMsg, this.#options.limits.maxRequestMsgBytes);
    requireWithin('ex', ex, this.#options.limits.maxExBytes);
    const { store, users, friendships, unitOfWork, notifier, hooks, now } = this.#options;
    await hooks?.beforeAsk(call, asked);
    await requireRegistered(users, [fromUserID, toUserID]);

    await unitOfWork.transaction(async (tx) => {
      await friendships.lock(tx, [fromUserID, toUserID]);
      if (await friendships.areMutual(tx, fromUserID, toUserID)) throw errors.relationshipAlready();
      const before = await store.find(tx, fromUserID, toUserID);
      const request: FriendRequest = {
        fromUserID,
        toUserID,
        result: handleResults.pending,
        reqMsg,
        ex,
        createdAt: now(),
        handlerUserID: before?.handlerUserID ?? '',
        handleMsg: '',
        handledAt: before?.handledAt ?? 0,
      };
      await store.put(tx, request);
      await notifier.notify(tx, call, requestNotice(await this.#toInfo(tx, request)));
      await hooks?.asked(tx, call, asked);
    });
  }

  /**
   * Agrees, and both are friends from then on (1201), or refuses (1202).
   * @throws 1001 ill-formed, agreed to what is not pending, or too many friends, 1002 not asked of the caller, 1004 not
   * asked at all, 1305 refused what is not pending
   */
  async respond(call: CallContext, answer: FriendAnswer): Promise<void> {
    const { fromUserID, toUserID, handleResult, handleMsg } = answer;
    requireGiven({ fromUserID, toUserID });
    if (handleResult !== handleResults.agreed && handleResult !== handleResults.refused) {
      throw errors.args('handleResult must be 1 or -1');
    }
    requireAccess(call, toUserID);
    requireWithin('handleMsg', handleMsg, this.#options.limits.maxRequestMsgBytes);

    const { store, friendships, unitOfWork, hooks } = this.#options;
    if (handleResult === handleResults.agreed) await hooks?.beforeAgree(call, answer);
    await unitOfWork.transaction(async (tx) => {
      const heads = await friendships.lockToBefriend(tx, [fromUserID, toUserID]);
      const request = await store.find(tx, fromUserID, toUserID);
      if (request === undefined) throw errors.recordNotFound('friend request not found');
      const isPending = request.result === handleResults.pending;
      if (handleResult === handleResults.agreed) {
        if (!isPending) throw errors.args('the friend request has been handled');
        await this.#agree(tx, call, heads, this.#handled(request, answer));
        await hooks?.agreed(tx, call, answer);
      } else {
        if (!isPending) throw errors.friendRequestHandled();
        await this.#refuse(tx, call, this.#handled(request, answer));
      }
    });
  }

  #handled(request: FriendRequest, { handleMsg }: Pick<FriendAnswer, 'handleMsg'>): FriendRequest {
    return { ...request, handleMsg: handleMsg === '' ? request.handleMsg : handleMsg, handledAt: this.#options.now() };
  }

  async #refuse(tx: Transaction, call: CallContext, request: FriendRequest): Promise<void> {
    const refused: FriendRequest = { ...request, result: handleResults.refused };
    await this.#options.store.put(tx, refused);
    await this.#options.notifier.notify(tx, call, refusedNotice(await this.#toInfo(tx, refused)));
  }

  async #agree(tx: Transaction, call: CallContext, locked: Heads, request: FriendRequest): Promise<void> {
    const { store, friendships, notifier } = this.#options;
    const { fromUserID, toUserID } = request;
    const verdict = { result: handleResults.agreed, handlerUserID: call.caller.userID };
    const agreed: FriendRequest = { ...request, ...verdict };
    await store.put(tx, agreed);
    // Had both asked, both have their answer.
    const reverse = await store.find(tx, toUserID, fromUserID);
    if (reverse?.result === handleResults.pending) {
      await store.put(tx, { ...reverse, ...verdict, handledAt: request.handledAt });
    }
    const { heads } = await friendships.befriend(tx, locked, fromUserID, [toUserID], {
      addSource: friendSources.application,
      operatorUserID: fromUserID,
    });
    await notifier.notify(tx, call, agreedNotice(await this.#toInfo(tx, agreed), headOf(heads, fromUserID)));
  }

  /** On the transaction's own connection: were all of them in use by calls that want another, none would get on. */
  async #toInfo(tx: Transaction, request: FriendRequest): Promise<FriendRequestInfo> {
    const { fromUserID, toUserID } = request;
    return toFriendRequestInfo(request, await usersByID(this.#options.users, [fromUserID, toUserID], tx));
  }
}
