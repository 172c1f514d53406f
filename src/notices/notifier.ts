/**
 * Messages that the server itself writes (notifications-sync chapter, section 1): built here, then down the same
 * pipeline as any other. A notification that fails never fails the call that caused it.
 */

import type { CallContext } from '../kernel/caller.ts';
import type { MessagePipeline } from '../log/pipeline.ts';
import { newMsgData } from '../protocol/message.ts';
import {
  msgFrom,
  type NotificationType,
  notificationTypes,
  optionKeys,
  sessionTypes,
} from '../protocol/numbers/constants.ts';
import type { UserCommandChange, UserCommandNotifications } from '../users/user-commands.ts';

export interface NotificationsOptions {
  readonly pipeline: Pick<MessagePipeline, 'accept'>;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}

/** What a reader has read of a conversation. */
export interface ReadReceipt {
  readonly readerID: string;
  readonly conversationID: string;
  readonly hasReadSeq: number;
}

/** A notification between two users, or from one to itself. */
interface SingleNotification {
  readonly type: NotificationType;
  readonly sendID: string;
  readonly recvID: string;
  /** The tips object: its JSON becomes the `detail` text. 64-bit integers are numbers. */
  readonly tips: object;
  /** Stored with a seq (reliability level 2), or pushed to those who are online. */
  readonly isStored: boolean;
}

export class Notifications implements UserCommandNotifications {
  readonly #options: NotificationsOptions;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  /** 2200 to the peer and to the reader's other devices. */
  readByPeer(call: CallContext, receipt: ReadReceipt & { peerUserID: string; seqs: readonly number[] }): void {
    // In pieces that every client takes: the Go core never gets past a frame of more than 1 MiB.
    for (let from = 0; from === 0 || from < receipt.seqs.length; from += maxSeqsPerReceipt) {
      this.#notify(call, {
        type: notificationTypes.hasRead,
        sendID: receipt.readerID,
        recvID: receipt.peerUserID,
        tips: readTips(receipt, receipt.seqs.slice(from, from + maxSeqsPerReceipt)),
        isStored: receipt.readerID !== receipt.peerUserID,
      });
    }
  }

  /** 2200 to the reader's own devices. */
  readBySelf(call: CallContext, receipt: ReadReceipt): void {
    this.#notify(call, {
      type: notificationTypes.hasRead,
      sendID: receipt.readerID,
      recvID: receipt.readerID,
      tips: readTips(receipt, []),
      isStored: false,
    });
  }

  /** 1303 to the user whose profile changed. */
  userInfoUpdated(call: CallContext, changedUserID: string): void {
    this.#notify(call, {
      type: notificationTypes.userInfoUpdated,
      sendID: call.caller.userID,
      recvID: changedUserID,
      tips: { userID: changedUserID },
      isStored: false,
    });
  }

  /** 1305 to 1307 to the user's own devices. */
  userCommandChanged(call: CallContext, userID: string, change: UserCommandChange): void {
    this.#notify(call, {
      type: userCommandTypes[change],
      sendID: userID,
      recvID: userID,
      tips: { fromUserID: userID, toUserID: userID },
      isStored: false,
    });
  }

  #notify(call: CallContext, notification: SingleNotification): void {
    const message = newMsgData({
      sendID: notification.sendID,
      recvID: notification.recvID,
      sessionType: sessionTypes.single,
      msgFrom: msgFrom.system,
      contentType: notification.type,
      content: Buffer.from(JSON.stringify({ detail: JSON.stringify(notification.tips) })),
      createTime: this.#options.now(),
      options: notificationOptions(notification.isStored),
    });
    this.#options.pipeline.accept(message, call.operationID).catch(this.#options.onFailure);
  }
}

const maxSeqsPerReceipt = 5000;

const userCommandTypes: Readonly<Record<UserCommandChange, NotificationType>> = {
  added: notificationTypes.userCommandAdded,
  deleted: notificationTypes.userCommandDeleted,
  updated: notificationTypes.userCommandUpdated,
};

/** Section 1.3: everything off but senderSync; stored ones have history and persistent. */
function notificationOptions(isStored: boolean): Map<string, boolean> {
  return new Map([
    [optionKeys.isNotNotification, false],
    [optionKeys.isSendMsg, false],
    [optionKeys.history, isStored],
    [optionKeys.persistent, isStored],
    [optionKeys.offlinePush, false],
    [optionKeys.unreadCount, false],
    [optionKeys.conversationUpdate, false],
    [optionKeys.senderConversationUpdate, false],
    [optionKeys.notPrivate, false],
    [optionKeys.reactionFromCache, false],
    [optionKeys.senderSync, true],
  ]);
}

function readTips({ readerID, conversationID, hasReadSeq }: ReadReceipt, seqs: readonly number[]): object {
  return { markAsReadUserID: readerID, conversationID, seqs, hasReadSeq };
}
