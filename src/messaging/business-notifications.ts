/** What a back end tells clients in words of its own (conversations-messages chapter, 9.5). */
import { type CallContext, requireAdmin } from '../kernel/caller.ts';
import type { Audience } from '../log/delivery.ts';
import { type Acknowledgement, bothSides, type MessagePipeline } from '../log/pipeline.ts';
import { businessNotice } from '../notices/catalogue/messages.ts';
import { chatCopy, noticeMessage, unseen } from '../notices/notifier.ts';
import { conversationIDOf } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import { isLargerThan } from '../protocol/message.ts';
import type { ConversationRows } from './messenger.ts';
import type { SendingFacts } from './sending-facts.ts';
import { requireOpenGroup } from './writing-rights.ts';

export interface BusinessNotificationsOptions {
  readonly facts: SendingFacts;
  readonly rows: Pick<ConversationRows, 'ensureSingleChat'>;
  readonly pipeline: Pick<MessagePipeline, 'accept'>;
  /** A random 32-digit hexadecimal ID. */
  readonly newMessageID: () => string;
  /** Unix ms. */
  readonly now: () => number;
  /** Of a message, encoded. */
  readonly maxMessageBytes: number;
}

export interface BusinessNotification {
  readonly key: string;
  readonly data: string;
  /** Whose doing it shows; need not be registered. */
  readonly sendUserID: string;
  /** Either this or `recvGroupID`; the other is empty. */
  readonly recvUserID: string;
  readonly recvGroupID: string;
  /** Also shown in the chat, and stored there. */
  readonly sendMsg: boolean;
  /** 1 reaches who is online, 2 is stored. */
  readonly reliabilityLevel: number;
}

const reliability = { pushed: 1, stored: 2 } as const;

export class BusinessNotifications {
  readonly #options: BusinessNotificationsOptions;

  constructor(options: BusinessNotificationsOptions) {
    this.#options = options;
  }

  /**
   * Admins only.
   * @throws 1001 ill-formed, 1002, 1004 for a receiver or group that is not there, 1204 dismissed
   */
  async send(call: CallContext, request: BusinessNotification): Promise<Acknowledgement> {
    const { sendUserID, recvUserID, recvGroupID, sendMsg, reliabilityLevel, key, data } = request;
    if (sendUserID === '') throw errors.args('sendUserID is empty');
    if ((recvUserID === '') === (recvGroupID === '')) throw errors.args('recvUserID or recvGroupID, and not both');
    if (reliabilityLevel !== reliability.pushed && reliabilityLevel !== reliability.stored) {
      throw errors.args('reliabilityLevel is 1 or 2');
    }
    requireAdmin(call);
    const receiver = recvGroupID === '' ? { recvID: recvUserID } : { groupID: recvGroupID };
    const notice = businessNotice(sendUserID, receiver, { key, data }, reliabilityLevel === reliability.stored);
    const setting = { ...unseen, isSendMsg: sendMsg };
    const message = noticeMessage(notice, setting, this.#options.newMessageID(), this.#options.now());
    if (isLargerThan(message, this.#options.maxMessageBytes)) throw errors.args('the message is too large');
    const copy = sendMsg ? chatCopy(message, setting, this.#options.newMessageID()) : undefined;
    const audience = recvGroupID === '' ? bothSides(message) : { group: recvGroupID };
    await (recvGroupID === '' ? this.#admitUser(call, message, copy) : this.#admitGroup(sendUserID, recvGroupID));

    const told = await this.#accept(call, message, audience);
    if (copy !== undefined) await this.#accept(call, copy, audience);
    return told;
  }

  #accept({ operationID }: CallContext, message: MsgData, audience: Audience): Promise<Acknowledgement> {
    return this.#options.pipeline.accept({ message, audience, operationID });
  }

  async #admitUser(call: CallContext, { sendID, recvID }: MsgData, copy: MsgData | undefined): Promise<void> {
    const conversationID = copy === undefined ? '' : conversationIDOf(copy);
    const facts = await this.#options.facts.singleChat(sendID, recvID, conversationID);
    if (facts.receiverGlobalOption === undefined) throw errors.recordNotFound('receiver not found');
    if (copy !== undefined && !(facts.senderHasRow && facts.receiverOption !== undefined)) {
      await this.#options.rows.ensureSingleChat(call, conversationID, sendID, recvID);
    }
  }

  async #admitGroup(sendUserID: string, groupID: string): Promise<void> {
    requireOpenGroup(await this.#options.facts.groupChat(sendUserID, groupID));
  }
}
