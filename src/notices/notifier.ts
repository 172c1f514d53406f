/**
 * Messages that the server itself writes: built here from their kind, written to the outbox in the transaction of the
 * change that they tell of, then down the same pipeline as any other message. Protocol: notifications-sync.md 1.
 */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessagePipeline } from '../log/pipeline.ts';
import { conversationIDOf } from '../protocol/conversation-id.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { MsgData, OfflinePushInfo } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { msgFrom, optionKeys } from '../protocol/numbers/messages.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { Notice } from './notice.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxEntry, OutboxRow } from './outbox-store.ts';

export interface NotifierOptions {
  readonly outbox: Pick<Outbox, 'add'>;
  /** A random 32-digit hexadecimal ID. */
  readonly newMessageID: () => string;
  /** Unix ms. */
  readonly now: () => number;
}

export class Notifier {
  readonly #options: NotifierOptions;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /**
   * Sends notices if, and as soon as, the transaction commits: after a crash in between at the next start. One that
   * cannot be sent never fails the call that caused it.
   * @param call its operationID goes with every push (notifications-sync chapter, 3.4)
   */
  async notify<Tips extends object>(
    tx: Transaction,
    { operationID }: Pick<CallContext, 'operationID'>,
    ...notices: readonly Notice<Tips>[]
  ): Promise<void> {
    await this.#options.outbox.add(
      tx,
      notices.map((notice) => toEntry(this.#toMessage(notice), operationID)),
    );
  }

  #toMessage({ kind, sendID, recvID, tips }: Notice<object>): MsgData {
    return newMsgData({
      sendID,
      recvID,
      // Chosen now: should the notice be sent twice, it is stored once (M3).
      clientMsgID: this.#options.newMessageID(),
      sessionType: sessionTypes.single,
      msgFrom: msgFrom.system,
      contentType: kind.type,
      content: Buffer.from(JSON.stringify({ detail: JSON.stringify(tips) })),
      createTime: this.#options.now(),
      options: noticeOptions(kind.isStored),
      // Clients read its members without looking whether it is there.
      offlinePushInfo: OfflinePushInfo.decode(new Uint8Array(0)),
    });
  }
}

/**
 * The outbox's handler for notices.
 * @param onDropped told of a notice that the log refuses and always will
 */
export function noticeSender(pipeline: Pick<MessagePipeline, 'accept'>, onDropped: (error: unknown) => void) {
  return async ({ payload }: OutboxRow): Promise<void> => {
    const { operationID, message } = JSON.parse(payload) as NoticePayload;
    try {
      await pipeline.accept(MsgData.decode(Buffer.from(message, 'base64')), operationID);
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.retryable) throw error;
      onDropped(error);
    }
  };
}

interface NoticePayload {
  readonly operationID: string;
  /** Encoded MsgData as base64. */
  readonly message: string;
}

function toEntry(message: MsgData, operationID: string): OutboxEntry {
  const payload: NoticePayload = {
    operationID,
    message: Buffer.from(MsgData.encode(message).finish()).toString('base64'),
  };
  return { topic: 'notices', key: conversationIDOf(message), payload: JSON.stringify(payload) };
}

/** Section 1.3: everything off but senderSync; stored ones have history and persistent. */
function noticeOptions(isStored: boolean): Map<string, boolean> {
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
