/** Read positions and receipts (conversations-messages chapter, 9.8). A read position never goes down. */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { DeletionStore } from '../log/deletion-store.ts';
import type { MessageStore } from '../log/message-store.ts';
import {
  type ReadReceipt,
  readByPeerNotices,
  readBySelfNotice,
  readInGroupNotices,
} from '../notices/catalogue/messages.ts';
import type { Notice } from '../notices/notice.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { ConversationView, ConversationViewStore, ReadPositionStore } from './view-store.ts';
import { chatWindow } from './windows.ts';

export interface MarkConversationRequest {
  readonly userID: string;
  readonly conversationID: string;
  readonly hasReadSeq: number;
  readonly seqs: readonly number[];
}

export type MarkMessagesRequest = Omit<MarkConversationRequest, 'hasReadSeq'>;

/** What the operator's receiver is told of reading (objects-push-webhooks chapter, 3.4), in the transaction of it. */
export interface ReadHooks {
  /** Messages of any conversation, or a chat of two up to somewhere. */
  messagesRead(tx: Transaction, call: CallContext, read: ReadMessages): Promise<void>;
  groupRead(
    tx: Transaction,
    call: CallContext,
    conversationID: string,
    userID: string,
    hasReadSeq: number,
  ): Promise<void>;
}

export interface ReadMessages {
  readonly conversationID: string;
  readonly userID: string;
  /** As they were asked for. */
  readonly seqs: readonly number[];
  readonly conversationType: number;
}

export interface ReadStateOptions {
  /** Undefined while nobody outside is told. */
  readonly hooks?: ReadHooks | undefined;
  readonly messages: Pick<MessageStore, 'markRead' | 'bySeqs'>;
  readonly views: ConversationViewStore;
  readonly positions: ReadPositionStore;
  readonly deletions: Pick<DeletionStore, 'deletedAmong'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Notifier;
}

interface ReadStep {
  readonly userID: string;
  readonly view: ConversationView;
  /** What the peer has of it. */
  readonly peer: ConversationView | undefined;
  readonly readSeq: number;
  /** Told of in any case. */
  readonly listed: readonly number[];
}

/** Of one transaction: some milliseconds in which SQLite does nothing else. */
const messagesPerStep = 1000;

export class ReadState {
  readonly #options: ReadStateOptions;

  constructor(options: ReadStateOptions) {
    this.#options = options;
  }

  /**
   * Marks everything up to `hasReadSeq`, and `seqs`, as read by `userID`.
   * @throws 1001 missing or non-positive fields, 1002 not the caller's, 1004 no such conversation of the user
   */
  async markConversation(call: CallContext, request: MarkConversationRequest): Promise<void> {
    const { userID, conversationID, seqs } = request;
    requirePosition(request);
    if (seqs.some((seq) => seq <= 0)) throw errors.args('seqs has a seq below 1');
    requireAccess(call, userID);
    const view = await this.#view(userID, conversationID);
    const newest = chatWindow(view).upper;
    const readSeq = Math.min(request.hasReadSeq, newest);
    if (view.conversationType !== sessionTypes.single) return this.#markInCrowd(call, view, request, readSeq);

    const peer = await this.#peer(view);
    const { unitOfWork, hooks } = this.#options;
    const step = { userID, view, peer, readSeq, listed: [] };
    const listed = seqs.filter((seq) => seq <= newest);
    let toldSeq = await unitOfWork.transaction(async (tx) => {
      const upTo = await this.#markStep(tx, call, { ...step, listed });
      await hooks?.messagesRead(tx, call, { userID, conversationID, seqs, conversationType: view.conversationType });
      return upTo;
    });
    while (toldSeq < readSeq) toldSeq = await unitOfWork.transaction((tx) => this.#markStep(tx, call, step));
  }

  /**
   * Marks the messages `seqs` as read by `userID`, up to the last of them. The peer of a single chat, and who is in a group,
   * is told of those that the user may read; of a group that the user has left, and of an account, only its own devices are.
   * @throws 1001 missing or non-positive fields, or the last is above the newest seq; 1002 not the caller's; 1004 no such
   * conversation of the user
   */
  async markMessages(call: CallContext, request: MarkMessagesRequest): Promise<void> {
    const { userID, conversationID, seqs } = request;
    requirePosition({ userID, conversationID, hasReadSeq: seqs.at(-1) ?? 0 });
    if (seqs.some((seq) => seq <= 0)) throw errors.args('seqs has a seq below 1');
    requireAccess(call, userID);
    const view = await this.#view(userID, conversationID);
    const { lower, upper } = chatWindow(view);
    const readSeq = seqs.at(-1) ?? 0;
    if (readSeq > upper) throw errors.args('the last of seqs is above the newest seq');
    const readable = seqs.filter((seq) => seq >= lower && seq <= upper);
    const isSingle = view.conversationType === sessionTypes.single;
    const isMember = view.conversationType === sessionTypes.group && view.ownMaxSeq === 0;
    const peer = isSingle ? await this.#peer(view) : undefined;

    const { unitOfWork, messages, positions, notifier, hooks } = this.#options;
    const inGroup = isMember ? (await messages.bySeqs(userID, view.logID, readable)).map(({ seq }) => seq) : [];
    await unitOfWork.transaction(async (tx) => {
      const after = await positions.raiseReadPosition(tx, userID, view.logID, { readSeq });
      const receipt = { readerID: userID, conversationID, hasReadSeq: after.readSeq };
      if (isSingle) {
        const read = await messages.markRead(tx, view.logID, userID, none, readable);
        await notifier.notify(tx, call, ...(await this.#toldOfReading(tx, receipt, view.peerUserID, read, peer)));
      } else if (inGroup.length > 0) {
        await notifier.notify(tx, call, ...readInGroupNotices(receipt, view.groupID, inGroup));
      } else await notifier.notify(tx, call, readBySelfNotice(receipt));
      await hooks?.messagesRead(tx, call, { userID, conversationID, seqs, conversationType: view.conversationType });
    });
  }

  /**
   * Moves the read position without marking messages. For a conversation that the user does not have there is nothing
   * to move: success, which also tells nothing about other people's conversations.
   * @throws 1001 missing or non-positive fields, or above the newest seq; 1002 not the caller's
   */
  async setPosition(call: CallContext, request: Omit<MarkConversationRequest, 'seqs'>): Promise<void> {
    const { userID, conversationID, hasReadSeq } = request;
    requirePosition(request);
    requireAccess(call, userID);
    const [view] = await this.#options.views.views(userID, [conversationID]);
    if (view === undefined) return;
    if (hasReadSeq > chatWindow(view).upper) throw errors.args('hasReadSeq is above the newest seq');
    const { unitOfWork, positions, notifier } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const after = await positions.raiseReadPosition(tx, userID, view.logID, { readSeq: hasReadSeq });
      const receipt = { readerID: userID, conversationID, hasReadSeq: after.readSeq };
      await notifier.notify(tx, call, readBySelfNotice(receipt));
    });
  }

  /** Of a group or an account: nobody else is told. */
  async #markInCrowd(
    call: CallContext,
    view: ConversationView,
    { userID, conversationID, hasReadSeq }: MarkConversationRequest,
    readSeq: number,
  ): Promise<void> {
    const { unitOfWork, positions, notifier, hooks } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const after = await positions.raiseReadPosition(tx, userID, view.logID, { readSeq });
      await notifier.notify(
        tx,
        call,
        readBySelfNotice({ readerID: userID, conversationID, hasReadSeq: after.readSeq }),
      );
      if (view.conversationType !== sessionTypes.group) return;
      await hooks?.groupRead(tx, call, conversationID, userID, hasReadSeq);
    });
  }

  /**
   * Raises the position in a chat of two to the end, and marks and tells as much as one transaction may: others have their
   * turn between two, and one that fails leaves what is left to the next reading.
   * @returns up to where the peer has been told
   */
  async #markStep(
    tx: Transaction,
    call: CallContext,
    { userID, view, peer, readSeq, listed }: ReadStep,
  ): Promise<number> {
    const { messages, positions, notifier } = this.#options;
    const { conversationID, logID } = view;
    const before = await positions.readPosition(tx, userID, logID);
    // From where the peer was told, not from where was read: an own reply, the back end and setPosition pass over
    // messages without telling anybody.
    const toldSeq = Math.min(readSeq, before.toldSeq + messagesPerStep);
    const after = await positions.raiseReadPosition(tx, userID, logID, { readSeq, toldSeq });
    const read = await messages.markRead(tx, logID, userID, { begin: before.toldSeq + 1, end: toldSeq }, listed);
    // A receipt without seqs tells a peer nothing, and trips the pure-JS SDK.
    if (read.length > 0 || after.readSeq !== before.readSeq) {
      const receipt = { readerID: userID, conversationID, hasReadSeq: after.readSeq };
      await notifier.notify(tx, call, ...(await this.#toldOfReading(tx, receipt, view.peerUserID, read, peer)));
    }
    return toldSeq;
  }

  /**
   * The peer is told only of what it may read, and has not deleted: the pure-JS SDK ends when it is told of others. Without
   * any the reader's own devices are told alone.
   */
  async #toldOfReading(
    tx: Transaction,
    receipt: ReadReceipt,
    peerUserID: string,
    read: readonly number[],
    peer: ConversationView | undefined,
  ): Promise<readonly Notice<object>[]> {
    const { lower, upper } = peer === undefined ? { lower: 1, upper: 0 } : chatWindow(peer);
    const within = read.filter((seq) => seq >= lower && seq <= upper);
    const deleted = await this.#options.deletions.deletedAmong(tx, peerUserID, peer?.logID ?? '', within);
    const told = within.filter((seq) => !deleted.has(seq));
    return told.length > 0 ? readByPeerNotices(receipt, peerUserID, told) : [readBySelfNotice(receipt, read)];
  }

  /** What the peer of a single chat has of it; undefined if it does not have it. */
  async #peer({ peerUserID, conversationID, logID }: ConversationView): Promise<ConversationView | undefined> {
    const [view] = await this.#options.views.views(peerUserID, [conversationID]);
    return view?.logID === logID ? view : undefined;
  }

  async #view(userID: string, conversationID: string): Promise<ConversationView> {
    const [view] = await this.#options.views.views(userID, [conversationID]);
    if (view === undefined) throw errors.recordNotFound('conversation not found');
    return view;
  }
}

function requirePosition({ userID, conversationID, hasReadSeq }: Omit<MarkConversationRequest, 'seqs'>): void {
  if (conversationID === '') throw errors.args('conversationID is empty');
  if (userID === '') throw errors.args('userID is empty');
  if (hasReadSeq < 1) throw errors.args('hasReadSeq is below 1');
}

/** No range of seqs. */
const none = { begin: 1, end: 0 };
