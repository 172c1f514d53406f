/** What the operator's receiver has to say of relations (objects-push-webhooks chapter, 3.7): asked outside of transactions. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { FriendAnswer, NewFriendRequest } from './friend-requests.ts';

/** What is named `before...` throws a refusal; the rest is told in the transaction of what happened. */
export interface FriendHooks {
  beforeAsk(call: CallContext, request: NewFriendRequest): Promise<void>;
  asked(tx: Transaction, call: CallContext, request: NewFriendRequest): Promise<void>;
  /** Of a yes only. */
  beforeAgree(call: CallContext, answer: FriendAnswer): Promise<void>;
  agreed(tx: Transaction, call: CallContext, answer: FriendAnswer): Promise<void>;
  deleted(tx: Transaction, call: CallContext, ownerUserID: string, friendUserID: string): Promise<void>;
  /** @returns the remark to set instead */
  beforeRemark(call: CallContext, ownerUserID: string, friendUserID: string, remark: string): Promise<string>;
  remarked(
    tx: Transaction,
    call: CallContext,
    ownerUserID: string,
    friendUserID: string,
    remark: string,
  ): Promise<void>;
  /** @returns whom to import instead */
  beforeImport(call: CallContext, ownerUserID: string, friendUserIDs: readonly string[]): Promise<readonly string[]>;
  imported(tx: Transaction, call: CallContext, ownerUserID: string, friendUserIDs: readonly string[]): Promise<void>;
  beforeBlock(call: CallContext, ownerUserID: string, blockedUserID: string): Promise<void>;
  unblocked(tx: Transaction, call: CallContext, ownerUserID: string, blockedUserID: string): Promise<void>;
}
