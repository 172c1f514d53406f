/** What the receiver is asked and told of friends and black lists (objects-push-webhooks chapter, 3.7). */
import type { FriendHooks } from '../friends/friend-hooks.ts';
import type { FriendAnswer, NewFriendRequest } from '../friends/friend-requests.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { HookName } from './hook-table.ts';
import { wrong } from './reply-fields.ts';
import type { Webhooks } from './webhooks.ts';

export class FriendWebhooks implements FriendHooks {
  readonly #webhooks: Webhooks;

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  async beforeAsk(call: CallContext, request: NewFriendRequest): Promise<void> {
    await this.#webhooks.ask('beforeAddFriend', call, requestBody(request));
  }

  async asked(tx: Transaction, call: CallContext, request: NewFriendRequest): Promise<void> {
    const { fromUserID, toUserID, reqMsg } = request;
    await this.#tell(tx, 'afterAddFriend', call, fromUserID, { fromUserID, toUserID, reqMsg });
  }

  async beforeAgree(call: CallContext, answer: FriendAnswer): Promise<void> {
    await this.#webhooks.ask('beforeAddFriendAgree', call, answerBody(answer));
  }

  async agreed(tx: Transaction, call: CallContext, answer: FriendAnswer): Promise<void> {
    await this.#tell(tx, 'afterAddFriendAgree', call, answer.fromUserID, answerBody(answer));
  }

  async deleted(tx: Transaction, call: CallContext, ownerUserID: string, friendUserID: string): Promise<void> {
    await this.#tell(tx, 'afterDeleteFriend', call, ownerUserID, { ownerUserID, friendUserID });
  }

  async beforeRemark(call: CallContext, ownerUserID: string, friendUserID: string, remark: string): Promise<string> {
    const reply = await this.#webhooks.ask('beforeSetFriendRemark', call, { ownerUserID, friendUserID, remark });
    const given = reply?.remark;
    return typeof given === 'string' && given !== '' ? given : remark;
  }

  async remarked(
    tx: Transaction,
    call: CallContext,
    ownerUserID: string,
    friendUserID: string,
    remark: string,
  ): Promise<void> {
    await this.#tell(tx, 'afterSetFriendRemark', call, ownerUserID, { ownerUserID, friendUserID, remark });
  }

  async beforeImport(
    call: CallContext,
    ownerUserID: string,
    friendUserIDs: readonly string[],
  ): Promise<readonly string[]> {
    const reply = await this.#webhooks.ask('beforeImportFriends', call, { ownerUserID, friendUserIDs });
    const given = reply?.friendUserIDs;
    if (!Array.isArray(given) || given.length === 0) return friendUserIDs;
    if (!given.every((id): id is string => typeof id === 'string')) {
      throw wrong('friendUserIDs');
    }
    return given;
  }

  async imported(
    tx: Transaction,
    call: CallContext,
    ownerUserID: string,
    friendUserIDs: readonly string[],
  ): Promise<void> {
    await this.#tell(tx, 'afterImportFriends', call, ownerUserID, { ownerUserID, friendUserIDs });
  }

  async beforeBlock(call: CallContext, ownerUserID: string, blackUserID: string): Promise<void> {
    await this.#webhooks.ask('beforeAddBlack', call, { ownerUserID, blackUserID });
  }

  async unblocked(tx: Transaction, call: CallContext, ownerUserID: string, blackUserID: string): Promise<void> {
    await this.#tell(tx, 'afterRemoveBlack', call, ownerUserID, { ownerUserID, blackUserID });
  }

  async #tell(tx: Transaction, name: HookName, { operationID }: CallContext, userID: string, body: object) {
    await this.#webhooks.tell(tx, name, { key: `user ${userID}`, operationID, body });
  }
}

function requestBody({ fromUserID, toUserID, reqMsg, ex }: NewFriendRequest): object {
  return { fromUserID, toUserID, reqMsg, ex };
}

/** OpenIM names who agrees `blackUserID`, too. */
function answerBody({ fromUserID, toUserID, handleResult, handleMsg }: FriendAnswer): object {
  return { fromUserID, blackUserID: toUserID, toUserID, HandleResult: handleResult, HandleMsg: handleMsg };
}
