/**
 * The one way of every message and notification, once it is authorised: stamp, store, hand to the sockets of its
 * recipients (conversations-messages chapter, 6.1 and 6.2). Who may send what is decided before.
 */

import { conversationIDOf, isNotificationConversation } from '../protocol/conversation-id.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { logIDOf } from '../protocol/log-id.ts';
import { optionEnabled } from '../protocol/message.ts';
import { msgStatus, optionKeys } from '../protocol/numbers/messages.ts';
import type { DeliveryBus } from './delivery.ts';
import type { GroupCommit } from './group-commit.ts';

export interface PipelineOptions {
  readonly commits: GroupCommit;
  readonly bus: DeliveryBus;
  /** A random 32-digit hexadecimal ID. */
  readonly newMessageID: () => string;
  readonly now: () => number;
}

/** The acknowledgement of a message: what its sender is told. */
export interface Acknowledgement {
  readonly serverMsgID: string;
  readonly clientMsgID: string;
  /** Unix ms. */
  readonly sendTime: number;
  /** True if a message with this clientMsgID was stored before; nothing was stored now. */
  readonly isDuplicate: boolean;
}

export class MessagePipeline {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the message is on disk, or at once if its `history` option is off: then it has no seq and reaches
   * only those who are online. `message.sendTime` 0 means now. `operationID` is that of the causing request.
   */
  async accept(message: MsgData, operationID: string): Promise<Acknowledgement> {
    const acceptedAt = this.#options.now();
    const stamped: MsgData = {
      ...message,
      clientMsgID: message.clientMsgID || this.#options.newMessageID(),
      serverMsgID: this.#options.newMessageID(),
      sendTime: message.sendTime || acceptedAt,
      seq: 0,
      status: msgStatus.sent,
      isRead: false,
    };
    const conversationID = conversationIDOf(stamped);
    const encoded = MsgData.encode(stamped).finish();
    const { clientMsgID, serverMsgID, sendTime } = stamped;

    if (!optionEnabled(stamped.options, optionKeys.history)) {
      this.#deliver(stamped, conversationID, Buffer.from(encoded), operationID);
      return { serverMsgID, clientMsgID, sendTime, isDuplicate: false };
    }
    const appended = await this.#options.commits.append(
      {
        logID: logIDOf(stamped),
        sendID: stamped.sendID,
        clientMsgID,
        serverMsgID,
        sentAt: sendTime,
        hasChosenTime: message.sendTime !== 0,
        acceptedAt,
        sessionType: stamped.sessionType,
        contentType: stamped.contentType,
        bodyWithoutSeq: encoded,
        raisesSenderReadSeq: !isNotificationConversation(conversationID),
      },
      ({ isDuplicate, body }) => {
        if (!isDuplicate) this.#deliver(stamped, conversationID, body, operationID);
      },
    );
    return {
      serverMsgID: appended.serverMsgID,
      clientMsgID,
      sendTime: appended.sentAt,
      isDuplicate: appended.isDuplicate,
    };
  }

  /**
   * In the next turn of the event loop: the sender's reply, written by the continuation of `accept`, must reach its
   * socket before the push does (notifications-sync chapter, 3.4). Turns are taken in order, so seqs stay in order.
   */
  #deliver(message: MsgData, conversationID: string, body: Buffer, operationID: string): void {
    const audience = { users: recipients(message) };
    setImmediate(() => this.#options.bus.deliver({ audience, conversationID, body, operationID }));
  }
}

/** Conversations-messages chapter, 6.2. The sending connection is not excluded: clients expect their echo. */
function recipients(message: MsgData): string[] {
  const { sendID, recvID, options } = message;
  return sendID !== recvID && optionEnabled(options, optionKeys.senderSync) ? [recvID, sendID] : [recvID];
}
