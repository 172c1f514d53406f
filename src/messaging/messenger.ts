/** Sending: who may send what to whom, and the acknowledgement (conversations-messages chapter, section 6). */

import type { Mentioned } from '../conversations/group-calls.ts';
import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import {
  type Acknowledgement,
  bothSides,
  ConditionError,
  type MessagePipeline,
  type Outgoing,
} from '../log/pipeline.ts';
import { conversationIDOf, isNotificationConversation, officialChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import { isLargerThan, optionEnabled } from '../protocol/message.ts';
import { isReadableContent } from '../protocol/message-content.ts';
import { contentTypes, isNotificationContentType } from '../protocol/numbers/contents.ts';
import { msgFrom, type OptionKey, optionKeys } from '../protocol/numbers/messages.ts';
import { notificationTypes } from '../protocol/numbers/notices.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import { type BackendMessage, toMsgData } from './backend-message.ts';
import { checkMentions, mentionedBy } from './mentions.ts';
import type { SendStatuses } from './send-statuses.ts';
import type { SendingFacts, SingleChatFacts } from './sending-facts.ts';
import { requireOpenGroup, requireSpeaker, requireWelcome } from './writing-rights.ts';

/** The conversations domain's part in a first message. */
export interface ConversationRows {
  /** Creates what is missing of the two users' rows of their chat; existing rows keep their settings. */
  ensureSingleChat(call: CallContext, conversationID: string, userA: string, userB: string): Promise<void>;
  /** Creates the owner's row of what an account of the system tells it, if it is missing. */
  ensureOfficialChat(call: CallContext, conversationID: string, ownerUserID: string, accountID: string): Promise<void>;
}

/** The conversations domain's part in a message that calls members of its group. */
export interface MessageCalls {
  /** As part of the transaction that stores the message, late in it. */
  mention(
    tx: Transaction,
    call: CallContext,
    message: { readonly sendID: string; readonly groupID: string },
    mentioned: Mentioned,
  ): Promise<void>;
}

/** What the operator's receiver has to say of a message before it is sent (objects-push-webhooks chapter, 3.4). */
export interface MessageHooks {
  /** Before anything is checked. @throws its refusal */
  beforeSingle(call: CallContext, message: MsgData): Promise<void>;
  /** After everything was checked. @throws its refusal */
  beforeGroup(call: CallContext, message: MsgData): Promise<void>;
  /** @returns `message` itself if nothing is changed. @throws its refusal, 1001 a change that cannot be */
  modify(call: CallContext, message: MsgData): Promise<MsgData>;
}

/** What the sender is told. */
export interface Sent extends Acknowledgement {
  /** The message as it was sent, if it is not what the sender gave. */
  readonly modified?: MsgData;
}

export interface MessengerOptions {
  /** Undefined while nobody is asked. */
  readonly hooks?: MessageHooks | undefined;
  /** A random 32-digit hexadecimal ID. */
  readonly newMessageID: () => string;
  readonly facts: SendingFacts;
  readonly rows: ConversationRows;
  readonly calls: MessageCalls;
  readonly pipeline: MessagePipeline;
  readonly unitOfWork: UnitOfWork;
  readonly statuses: Pick<SendStatuses, 'record'>;
  readonly now: () => number;
  /** Whether a user is one of the configured admins. */
  readonly isAdmin: (userID: string) => boolean;
  /** Only friends of the receiver may write (1303). */
  readonly needsFriendship: boolean;
  /** Of a message as its sender gave it, encoded. */
  readonly maxMessageBytes: number;
  /** Whom one message may name. */
  readonly maxMentions: number;
}

/** app_manager_level from which on an account speaks for the system. */
const systemLevel = 2;

/** Long enough for every SDK (32) and back end; short enough for an index entry. */
const maxIDLength = 256;

export class Messenger {
  readonly #options: MessengerOptions;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /**
   * Sends `message` in the name of `message.sendID`, which is the caller unless an admin speaks for a user.
   * Resolves when it is on disk. A repeat of the same clientMsgID gets the first acknowledgement (M3).
   *
   * @throws 1001 ill-formed, more named than may be, or refused by the receiver, 1002 not the caller's to send, 1004 unknown user or group, 1203 not in
   * the group, 1204 dismissed, 1302 blocked, 1303 no friend, 1402 and 1403 muted
   */
  async send(call: CallContext, message: MsgData): Promise<Sent> {
    this.#check(message);
    requireAccess(call, message.sendID);
    if (!call.caller.isAdmin) checkUserContent(message);
    const prepared = prepare(message, call.caller.isAdmin);
    const { hooks } = this.#options;
    // To wait here is cheaper than to return a promise out of this one.
    return await (hooks === undefined ? this.#sendTo(call, prepared) : this.#sendAsking(call, prepared, hooks));
  }

  #check(message: MsgData): void {
    checkShape(message);
    checkSize(message, this.#options.maxMessageBytes);
    checkMentions(message, this.#options.maxMentions);
  }

  /** What comes back is checked like what came, and authorised anew: it may go to somebody else. */
  async #sendAsking(call: CallContext, given: MsgData, hooks: MessageHooks): Promise<Sent> {
    const { newMessageID } = this.#options;
    const message = { ...given, clientMsgID: given.clientMsgID || newMessageID(), serverMsgID: newMessageID() };
    const { sessionType, sendID } = message;
    if (sessionType === sessionTypes.single) {
      if (!this.#options.isAdmin(sendID)) await hooks.beforeSingle(call, message);
      const conversationID = conversationIDOf(message);
      this.#checkSingle(message, conversationID, await this.#singleFacts(message, conversationID));
    } else if (sessionType === sessionTypes.group) {
      await this.#admitGroup(message);
      await hooks.beforeGroup(call, message);
    } else return this.#sendTo(call, message);
    const modified = await hooks.modify(call, message);
    if (modified === message) return this.#sendTo(call, message);
    this.#check(modified);
    const sent = await this.#sendTo(call, modified);
    const { serverMsgID, clientMsgID, sendTime } = sent;
    return { ...sent, modified: { ...modified, serverMsgID, clientMsgID, sendTime } };
  }

  #sendTo(call: CallContext, prepared: MsgData): Promise<Acknowledgement> {
    switch (prepared.sessionType) {
      case sessionTypes.single:
        return this.#sendToUser(call, prepared);
      case sessionTypes.group:
        return this.#sendToGroup(call, prepared);
      case sessionTypes.notification:
        return this.#sendOfficially(call, prepared);
      default:
        throw errors.args('unknown sessionType');
    }
  }

  /**
   * Sends what a back end asks for; admins only. Errors are those of {@link send}.
   * @throws also 1001 for a content type that back ends cannot send; of 1400 1101 for an unknown sender and 1002 for one
   * that is no account of the system
   */
  async sendFromBackend(call: CallContext, request: BackendMessage): Promise<Sent> {
    const sent = await this.send(call, await this.fromBackend(call, request));
    await this.#options.statuses.record(call.operationID);
    return sent;
  }

  /** The clock by which messages are stamped, Unix ms (9.6). */
  time(): number {
    return this.#options.now();
  }

  /** What a back end asks for, as a message; not sent yet. @throws 1001, 1002, 1101: see {@link sendFromBackend} */
  async fromBackend(call: CallContext, request: BackendMessage): Promise<MsgData> {
    requireAdmin(call);
    if (request.contentType === notificationTypes.officialAccount) await this.#requireOfficial(request);
    return toMsgData(request, this.#options.now());
  }

  #accept({ operationID }: CallContext, message: MsgData, conversationID: string): Promise<Acknowledgement> {
    return this.#options.pipeline.accept({ message, audience: bothSides(message), operationID, conversationID });
  }

  /** Mostly what is to be known is there, and to wait all the same would cost every message a promise. */
  #sendToUser(call: CallContext, prepared: MsgData): Promise<Acknowledgement> {
    const conversationID = conversationIDOf(prepared);
    const facts = this.#singleFacts(prepared, conversationID);
    return facts instanceof Promise
      ? facts.then((found) => this.#sendKnowing(call, prepared, conversationID, found))
      : this.#sendKnowing(call, prepared, conversationID, facts);
  }

  /** Makes sure that both sides have their conversation row. */
  #sendKnowing(
    call: CallContext,
    prepared: MsgData,
    conversationID: string,
    facts: SingleChatFacts,
  ): Promise<Acknowledgement> {
    const isSilent = this.#checkSingle(prepared, conversationID, facts);
    const isStored = optionEnabled(prepared.options, optionKeys.history);
    const hasRows = facts.senderHasRow && facts.receiverOption !== undefined;
    const message = isSilent ? withOptions(prepared, ['offlinePush']) : prepared;
    if (hasRows || !isStored || isNotificationConversation(conversationID)) {
      return this.#accept(call, message, conversationID);
    }
    return this.#options.rows
      .ensureSingleChat(call, conversationID, prepared.sendID, prepared.recvID)
      .then(() => this.#accept(call, message, conversationID));
  }

  /** Who leaves, and what ends, while a message waits for its turn to be stored, is behind the last line of the group. */
  async #sendToGroup(call: CallContext, message: MsgData): Promise<Acknowledgement> {
    const isForMembersOnly = await this.#admitGroup(message);
    const { groupID } = message;
    const condition = { groupID, isForMembersOnly };
    const outgoing = { message, audience: { group: groupID }, operationID: call.operationID, condition };
    const mentioned = mentionedBy(message);
    try {
      return await (mentioned === undefined
        ? this.#options.pipeline.accept(outgoing)
        : this.#callMembers(call, outgoing, mentioned));
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error;
      await this.#admitGroup(message);
      throw errors.notInGroupYet('not in the group');
    }
  }

  /** In one transaction with what it does to those who are named; a repeat calls nobody again. */
  #callMembers(call: CallContext, outgoing: Outgoing, mentioned: Mentioned): Promise<Acknowledgement> {
    const { unitOfWork, pipeline, calls } = this.#options;
    return unitOfWork.transaction(async (tx) => {
      const [accepted] = await pipeline.acceptWithin(tx, [outgoing]);
      if (accepted === undefined) throw new Error('a message was stored without a result');
      if (!accepted.isDuplicate) await calls.mention(tx, call, outgoing.message, mentioned);
      return accepted;
    });
  }

  /**
   * The checks of a group chat in the protocol's order. Its members have their conversation rows since they joined.
   * @returns whether the sender must be a member
   */
  async #admitGroup(message: MsgData): Promise<boolean> {
    if (message.groupID === '') throw errors.args('groupID is empty');
    const facts = await this.#options.facts.groupChat(message.sendID, message.groupID);
    requireOpenGroup(facts);
    const isFree = this.#options.isAdmin(message.sendID) || isNotificationContentType(message.contentType);
    if (!isFree) requireSpeaker(facts, this.#options.now());
    return !isFree;
  }

  async #requireOfficial({ sendID, recvID }: BackendMessage): Promise<void> {
    checkSpeaksForSystem(await this.#options.facts.singleChat(sendID, recvID, officialChatID(sendID, recvID)));
  }

  /** An account of the system tells one user something; neither black lists nor receive options are asked (9.2). */
  async #sendOfficially(call: CallContext, message: MsgData): Promise<Acknowledgement> {
    const { sendID, recvID } = message;
    if (recvID === '') throw errors.args('recvID is empty');
    const conversationID = conversationIDOf(message);
    const facts = await this.#options.facts.singleChat(sendID, recvID, conversationID);
    checkSpeaksForSystem(facts);
    if (facts.receiverGlobalOption === undefined) throw errors.recordNotFound('receiver not found');
    const isStored = optionEnabled(message.options, optionKeys.history);
    if (isStored && !isNotificationConversation(conversationID) && facts.receiverOption === undefined) {
      await this.#options.rows.ensureOfficialChat(call, conversationID, recvID, sendID);
    }
    return await this.#accept(call, message, conversationID);
  }

  /** Notifications, and what the server's own accounts send, reach everybody. @throws 1302 blocked, 1303 no friend */
  #checkRelation({ sendID, contentType }: MsgData, facts: SingleChatFacts): void {
    const { isAdmin, needsFriendship } = this.#options;
    if (isAdmin(sendID) || isNotificationContentType(contentType) || (facts.senderLevel ?? 0) >= systemLevel) return;
    requireWelcome(facts, needsFriendship);
  }

  #singleFacts({ sendID, recvID }: MsgData, conversationID: string): SingleChatFacts | Promise<SingleChatFacts> {
    if (recvID === '') throw errors.args('recvID is empty');
    return this.#options.facts.singleChat(sendID, recvID, conversationID);
  }

  /** The checks of a single chat in the protocol's order. @returns whether the receiver wants it without a sound */
  #checkSingle(message: MsgData, conversationID: string, facts: SingleChatFacts): boolean {
    if (facts.senderLevel === undefined) throw errors.recordNotFound('sender not found');
    if (facts.receiverGlobalOption === undefined) throw errors.recordNotFound('receiver not found');
    this.#checkRelation(message, facts);
    return !isNotificationConversation(conversationID) && receivesSilently(facts);
  }
}

/** @throws 1101 unknown, 1002 an ordinary user */
function checkSpeaksForSystem({ senderLevel }: SingleChatFacts): void {
  if (senderLevel === undefined) throw errors.userIDNotFound('sender not found');
  if (senderLevel < systemLevel) throw errors.noPermission('the sender is no account of the system');
}

/** MsgData constraints, whoever sends. */
function checkShape(message: MsgData): void {
  if (message.sendID === '') throw errors.args('sendID is empty');
  if (message.content.length === 0) throw errors.args('content is empty');
  const isOfficial = message.sessionType === sessionTypes.notification;
  if (isOfficial !== (message.contentType === notificationTypes.officialAccount)) {
    throw errors.args('sessionType and contentType do not match');
  }
  if (!isReadableContent(message.contentType, message.content)) throw errors.args('clients cannot read the content');
  if (message.clientMsgID.length > maxIDLength) throw errors.args('clientMsgID is too long');
  // The pure-JS SDK parses it unguarded: what is not JSON would break the receiver.
  if (message.attachedInfo !== '' && !isJson(message.attachedInfo)) throw errors.args('attachedInfo is not JSON');
}

/**
 * A message must fit a frame by far, for every receiver and every reply that holds it.
 * @throws 1001
 */
function checkSize(message: MsgData, maxBytes: number): void {
  if (isLargerThan(message, maxBytes)) throw errors.args(`the message has more than ${maxBytes} bytes`);
}

/** What only the server itself and admins may send: anything else would let a client forge notifications (M5). */
function checkUserContent(message: MsgData): void {
  if (isNotificationContentType(message.contentType) || message.sessionType === sessionTypes.notification) {
    throw errors.noPermission('contentType is reserved for the server');
  }
}

/** Overwrites what a sender may not decide, and applies the options that a content type forces (section 5). */
function prepare(message: MsgData, isAdmin: boolean): MsgData {
  const options = isAdmin ? message.options : withoutOption(message.options, optionKeys.isNotNotification);
  return withOptions(
    // An ordinary sender neither speaks for the system nor back-dates: only admins choose.
    isAdmin
      ? { ...message, options, serverMsgID: '' }
      : { ...message, options, serverMsgID: '', msgFrom: msgFrom.user, sendTime: 0 },
    forcedOff.get(message.contentType) ?? [],
  );
}

const forcedOff: ReadonlyMap<number, readonly OptionKey[]> = new Map([
  [contentTypes.legacyRevoke, ['unreadCount', 'offlinePush']],
  [
    contentTypes.typing,
    [
      'history',
      'persistent',
      'senderSync',
      'conversationUpdate',
      'senderConversationUpdate',
      'unreadCount',
      'offlinePush',
    ],
  ],
  [notificationTypes.hasRead, ['conversationUpdate', 'senderConversationUpdate', 'unreadCount', 'offlinePush']],
]);

function withoutOption(options: Map<string, boolean>, key: OptionKey): Map<string, boolean> {
  if (!options.has(key)) return options;
  const others = new Map(options);
  others.delete(key);
  return others;
}

function withOptions(message: MsgData, off: readonly OptionKey[]): MsgData {
  if (off.length === 0) return message;
  const options = new Map(message.options);
  for (const key of off) options.set(key, false);
  return { ...message, options };
}

/** @returns true if the message must not ring. @throws 1001 if the receiver does not want it. */
function receivesSilently(facts: SingleChatFacts): boolean {
  for (const option of [facts.receiverGlobalOption ?? 0, facts.receiverOption ?? 0]) {
    if (option === receiveOptions.refuse) throw errors.args('message is not sent');
    if (option === receiveOptions.silent) return true;
  }
  return false;
}

const receiveOptions = { refuse: 1, silent: 2 } as const;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
