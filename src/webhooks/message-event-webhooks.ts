/** What the receiver is told of messages that are read or taken back (objects-push-webhooks chapter, 3.4). */
import type { ReadHooks, ReadMessages } from '../conversations/read-state.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { RevocationHooks, RevokeRequest } from '../messaging/revocations.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { HookName } from './hook-table.ts';
import type { Webhooks } from './webhooks.ts';

export class MessageEventWebhooks implements ReadHooks, RevocationHooks {
  readonly #webhooks: Webhooks;

  constructor(webhooks: Webhooks) {
    this.#webhooks = webhooks;
  }

  /** Its `contentType` is the type of the conversation. */
  async messagesRead(tx: Transaction, call: CallContext, { conversationType, seqs, ...rest }: ReadMessages) {
    const body = { ...rest, Seqs: seqs.length === 0 ? null : seqs, contentType: conversationType };
    await this.#tell(tx, 'afterSingleMsgRead', call, rest.conversationID, body);
  }

  /** OpenIM names the reader twice, and the group not at all. */
  async groupRead(tx: Transaction, call: CallContext, conversationID: string, userID: string, hasReadSeq: number) {
    const body = { sendID: userID, receiveID: userID, unreadMsgNum: hasReadSeq, contentType: sessionTypes.group };
    await this.#tell(tx, 'afterGroupMsgRead', call, conversationID, body);
  }

  async revoked(tx: Transaction, call: CallContext, { conversationID, seq, userID }: RevokeRequest) {
    await this.#tell(tx, 'afterRevokeMsg', call, conversationID, { conversationID, seq, userID });
  }

  async #tell(tx: Transaction, name: HookName, { operationID }: CallContext, key: string, body: object) {
    await this.#webhooks.tell(tx, name, { key, operationID, body });
  }
}
