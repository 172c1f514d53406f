/**
 * Messages that the server itself writes: built here from their kind and what operators have set for it, in the
 * transaction of the change that they tell of, then down the same pipeline as any other message. Protocol:
 * notifications-sync.md 1.
 */
import type { CallContext } from '../kernel/caller.ts';
import { mapInSlices, UrgentSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Audience } from '../log/delivery.ts';
import { bothSides, type MessagePipeline, type Outgoing } from '../log/pipeline.ts';
import { conversationIDOf } from '../protocol/conversation-id.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { MsgData, OfflinePushInfo } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { msgFrom, type OptionKey, optionKeys } from '../protocol/numbers/messages.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { Notice, NoticeKind } from './notice.ts';
import type { NoticeSetting, NoticeSettings } from './notice-settings.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxEntry, OutboxRow } from './outbox-store.ts';
import type { SharedOutbox } from './shared-outbox.ts';

/** The conversations domain's part in a notification that is shown in a single chat. */
export interface ChatRows {
  /**
   * Creates what is missing of the users' rows of their chats.
   * @returns of each false if one of the two has a chat with somebody else under the conversation ID: then there is nowhere
   * to show it; and what tells the operator's receiver of new rows, late in the transaction
   */
  ensureSingleChatsWithin(
    tx: Transaction,
    chats: readonly { readonly conversationID: string; readonly userA: string; readonly userB: string }[],
  ): Promise<{
    readonly isTheirs: readonly boolean[];
    tellOfNew(call: Pick<CallContext, 'operationID'>): Promise<void>;
  }>;
}

export interface NotifierOptions {
  /** With `worked` if what was added takes effect later than in the turn of its commit. */
  readonly outbox: Pick<Outbox, 'add'> & Partial<Pick<SharedOutbox, 'worked'>>;
  readonly pipeline: Pick<MessagePipeline, 'acceptWithin'>;
  readonly rows: ChatRows;
  readonly settings: NoticeSettings;
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
   * cannot be sent never fails the call that caused it. What is shown in the chat is stored in the transaction itself:
   * call this last in it, once, with all that it has to tell.
   * @param call its operationID goes with every push (notifications-sync chapter, 3.4)
   * @returns of each notice the seq of what is shown in the chat; undefined if it is not shown
   */
  async notify(
    tx: Transaction,
    { operationID }: Pick<CallContext, 'operationID'>,
    ...notices: readonly Notice<object>[]
  ): Promise<readonly (number | undefined)[]> {
    // Of a thousand members, say, each with all that the group says of itself.
    const messages = await mapInSlices(notices, (notice) => this.#toMessage(notice), new UrgentSlices());
    const entries = await mapInSlices(
      messages.entries(),
      ([index, message]) => toEntry({ message, operationID, audience: audienceOf(notices[index], message) }),
      new UrgentSlices(),
    );
    // First, so that the outbox knows of them when what the chats show is to wait for them.
    await this.#options.outbox.add(tx, entries);
    return this.#show(tx, operationID, notices, messages, entries);
  }

  /** Stores a copy of those notices that are to be seen in the chat itself (1.4). */
  async #show(
    tx: Transaction,
    operationID: string,
    notices: readonly Notice<object>[],
    messages: readonly MsgData[],
    entries: readonly OutboxEntry[],
  ): Promise<readonly (number | undefined)[]> {
    const after = this.#afterOriginals(notices, entries);
    const candidates = notices.flatMap((notice, index): Shown[] => {
      const setting = this.#settingOf(notice);
      const original = messages[index];
      if (!setting.isSendMsg || original === undefined) return [];
      const message = chatCopy(original, setting, this.#options.newMessageID());
      const audience = audienceOf(withoutEnd(notice), message);
      return [{ index, outgoing: { message, operationID, audience, followsNotices: after && true } }];
    });
    const { shown, tellOfNew } = await this.#withRows(tx, candidates);
    const stored = await this.#options.pipeline.acceptWithin(
      tx,
      shown.map(({ outgoing }) => outgoing),
      after,
    );
    const seqs = new Array<number | undefined>(notices.length).fill(undefined);
    for (const [position, { index }] of shown.entries()) seqs[index] = stored[position]?.seq;
    await tellOfNew?.({ operationID });
    return seqs;
  }

  /**
   * Resolves when the originals have left, as they do first by themselves where the outbox works in the same turn: a Go core
   * that sees a message of a group before it hears of the group takes the group for known, and tells its app nothing.
   */
  #afterOriginals(
    notices: readonly Notice<object>[],
    entries: readonly OutboxEntry[],
  ): (() => Promise<void>) | undefined {
    const { outbox } = this.#options;
    // After the last of a group nobody is in it any more.
    if (outbox.worked === undefined || notices.some((notice) => 'isLast' in notice && notice.isLast)) return undefined;
    return () => outbox.worked?.(new Set(entries.map(({ key }) => key)), originalsWithinMs) ?? Promise.resolve();
  }

  /** Those whose receivers have the conversation in their list; a group's members have theirs since they joined. */
  async #withRows(tx: Transaction, candidates: readonly Shown[]): Promise<WithRows> {
    const singles = candidates.filter(({ outgoing }) => outgoing.message.sessionType === sessionTypes.single);
    if (singles.length === 0) return { shown: candidates };
    const { isTheirs, tellOfNew } = await this.#options.rows.ensureSingleChatsWithin(
      tx,
      singles.map(({ outgoing: { message } }) => ({
        conversationID: conversationIDOf(message),
        userA: message.sendID,
        userB: message.recvID,
      })),
    );
    const withoutRows = new Set(singles.filter((_, position) => isTheirs[position] === false));
    return { shown: candidates.filter((candidate) => !withoutRows.has(candidate)), tellOfNew };
  }

  #settingOf({ kind, isSendMsg }: Notice<object>): NoticeSetting {
    const setting = kind.name === undefined ? unseen : this.#options.settings[kind.name];
    return { ...setting, isSendMsg: isSendMsg ?? setting.isSendMsg };
  }

  #toMessage(notice: Notice<object>): MsgData {
    // The ID is chosen now: should the notice be sent twice, it is stored once (M3).
    return noticeMessage(notice, this.#settingOf(notice), this.#options.newMessageID(), this.#options.now());
  }
}

interface WithRows {
  readonly shown: readonly Shown[];
  tellOfNew?(call: Pick<CallContext, 'operationID'>): Promise<void>;
}

/** A notice as it goes down the pipeline. @param createTime Unix ms */
export function noticeMessage(
  notice: Notice<object>,
  setting: NoticeSetting,
  clientMsgID: string,
  createTime: number,
): MsgData {
  const { kind, sendID, tips, sender } = notice;
  const { title, desc, ext } = setting.offlinePush;
  return newMsgData({
    sendID,
    ...('groupID' in notice
      ? { recvID: notice.groupID, groupID: notice.groupID, sessionType: sessionTypes.group }
      : { recvID: notice.recvID, sessionType: sessionTypes.single }),
    clientMsgID,
    msgFrom: msgFrom.system,
    contentType: kind.type,
    content: Buffer.from(JSON.stringify({ detail: JSON.stringify(tips) })),
    createTime,
    senderNickname: sender?.nickname ?? '',
    senderFaceURL: sender?.faceURL ?? '',
    options: noticeOptions(kind, setting),
    // Clients read its members without looking whether it is there.
    offlinePushInfo: { ...OfflinePushInfo.decode(new Uint8Array(0)), title, desc, ex: ext },
  });
}

/** As long as an outbox that is held up holds up what the chats show. */
const originalsWithinMs = 1000;

/** What is shown in the chat of the notice at `index`. */
interface Shown {
  readonly index: number;
  readonly outgoing: Outgoing;
}

/** Of kinds that operators have no say in. */
export const unseen: NoticeSetting = { isSendMsg: false, offlinePush: { enable: false, title: '', desc: '', ext: '' } };

/** Who gets it; an outbox row of an earlier version does not say, and is of two users. */
function audienceOf(notice: Notice<object> | undefined, message: MsgData): Audience {
  if (notice === undefined || !('groupID' in notice)) return bothSides(message);
  const { groupID, plus, isLast } = notice;
  return { group: groupID, ...(plus === undefined ? {} : { plus }), ...(isLast === undefined ? {} : { isLast }) };
}

/** What is shown in the chat comes before the original, which is the last that the group hears. */
function withoutEnd(notice: Notice<object>): Notice<object> {
  if (!('isLast' in notice)) return notice;
  const { isLast: _, ...rest } = notice;
  return rest;
}

/** Every key that is not there is on: it is a message like any other (1.4). */
export function chatCopy(original: MsgData, { offlinePush }: NoticeSetting, clientMsgID: string): MsgData {
  const options = new Map([
    [optionKeys.offlinePush, offlinePush.enable],
    [optionKeys.unreadCount, true],
  ]);
  return { ...original, clientMsgID, options };
}

/**
 * The outbox's handler for notices.
 * @param onDropped told of a notice that the log refuses and always will
 */
export function noticeSender(pipeline: Pick<MessagePipeline, 'accept'>, onDropped: (error: unknown) => void) {
  return async ({ payload }: OutboxRow): Promise<void> => {
    const { operationID, message: encoded, audience } = JSON.parse(payload) as NoticePayload;
    const message = MsgData.decode(Buffer.from(encoded, 'base64'));
    try {
      await pipeline.accept({ message, operationID, audience: audience ?? bothSides(message) });
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
  /** Absent in rows of an earlier version: both sides. */
  readonly audience?: Audience;
}

function toEntry({ message, operationID, audience }: Outgoing): OutboxEntry {
  const payload: NoticePayload = {
    operationID,
    message: Buffer.from(MsgData.encode(message).finish()).toString('base64'),
    audience,
  };
  return { topic: 'notices', key: conversationIDOf(message), payload: JSON.stringify(payload) };
}

/** Section 1.3: everything off but senderSync, of most; stored ones have history and persistent. */
function noticeOptions(
  { isStored, isForReceiverOnly }: NoticeKind<object>,
  { isSendMsg, offlinePush }: NoticeSetting,
): Map<string, boolean> {
  const on: ReadonlySet<OptionKey> = new Set([
    ...(isForReceiverOnly === true ? [] : [optionKeys.senderSync]),
    ...(isStored ? [optionKeys.history, optionKeys.persistent] : []),
    ...(isSendMsg ? [optionKeys.isSendMsg] : []),
    // Who is offline is told once: by what is shown in the chat.
    ...(offlinePush.enable && !isSendMsg ? [optionKeys.offlinePush] : []),
  ]);
  return new Map(noticeKeys.map((key) => [key, on.has(key)]));
}

const noticeKeys: readonly OptionKey[] = [
  optionKeys.isNotNotification,
  optionKeys.isSendMsg,
  optionKeys.history,
  optionKeys.persistent,
  optionKeys.offlinePush,
  optionKeys.unreadCount,
  optionKeys.conversationUpdate,
  optionKeys.senderConversationUpdate,
  optionKeys.notPrivate,
  optionKeys.reactionFromCache,
  optionKeys.senderSync,
];
