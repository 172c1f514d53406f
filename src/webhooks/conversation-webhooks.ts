/** What the receiver is asked and told of conversations (objects-push-webhooks chapter, 3.9). */
import type { ConversationChanges, NewConversation } from '../conversations/conversation.ts';
import type { ConversationHooks } from '../conversations/conversation-rows.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { int32OrNull, textOrNull, trueOrNull } from './reply-fields.ts';
import type { WebhookReply } from './webhook-client.ts';
import type { Webhooks } from './webhooks.ts';

/** Of single chats, and of what accounts of the system tell. */
export class ConversationWebhooks implements ConversationHooks {
  readonly #webhooks: Webhooks;

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  async beforeOpen(call: CallContext, row: NewConversation): Promise<ConversationChanges> {
    return changesOf(await this.#webhooks.ask('beforeCreateSingleChatConversations', call, bodyOf(row)));
  }

  async opened(
    tx: Transaction,
    { operationID }: Pick<CallContext, 'operationID'>,
    rows: readonly (NewConversation & ConversationChanges)[],
  ): Promise<void> {
    const told = rows.map((row) => ({ key: row.conversationID, operationID, body: bodyOf(row) }));
    await this.#webhooks.tell(tx, 'afterCreateSingleChatConversations', ...told);
  }
}

/** @throws 1001 */
export function changesOf(reply: WebhookReply | undefined): ConversationChanges {
  const given = {
    recvMsgOpt: int32OrNull(reply, 'recvMsgOpt', null),
    isPinned: trueOrNull(reply, 'isPinned'),
    isPrivateChat: trueOrNull(reply, 'isPrivateChat'),
    burnDurationSeconds: int32OrNull(reply, 'burnDuration', null),
    groupAtType: int32OrNull(reply, 'groupAtType', null),
    attachedInfo: textOrNull(reply, 'attachedInfo', null),
    ex: textOrNull(reply, 'ex', null),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

/** Spelt with `Id` here. A group's names the group, any other one the peer. */
export function bodyOf({ conversationType, ...row }: NewConversation & ConversationChanges): object {
  return {
    ownerUserId: row.ownerUserID,
    conversationId: row.conversationID,
    conversationType,
    ...(row.groupID === '' ? { userId: row.userID } : { groupId: row.groupID }),
    recvMsgOpt: row.recvMsgOpt ?? 0,
    isPinned: row.isPinned ?? false,
    isPrivateChat: row.isPrivateChat ?? false,
    burnDuration: row.burnDurationSeconds ?? 0,
    groupAtType: row.groupAtType ?? 0,
    attachedInfo: row.attachedInfo ?? '',
    ex: row.ex ?? '',
  };
}
