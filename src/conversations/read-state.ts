/** Read positions and receipts (conversations-messages chapter, 9.8). A read position never goes down. */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import type { MessageStore } from '../log/message-store.ts';
import { readByPeerNotices, readBySelfNotice } from '../notices/catalogue/messages.ts';
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

export interface ReadStateOptions {
  readonly messages: Pick<MessageStore, 'markRead'>;
  readonly views: ConversationViewStore;
  readonly positions: ReadPositionStore;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Notifier;
}

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
    const isSingle = view.conversationType === sessionTypes.single;

    const { unitOfWork, messages, positions, notifier } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const before = await positions.readPosition(tx, userID, view.logID);
      const raised = isSingle ? { readSeq, toldSeq: readSeq } : { readSeq };
      const after = await positions.raiseReadPosition(tx, userID, view.logID, raised);
      const receipt = { readerID: userID, conversationID, hasReadSeq: after.readSeq };
      if (!isSingle) {
        await notifier.notify(tx, call, readBySelfNotice(receipt));
        return;
      }
      const listed = seqs.filter((seq) => seq <= newest);
      // From where the peer was told, not from where was read: an own reply, the back end and setPosition pass over
      // messages without telling anybody.
      const untold = { begin: before.toldSeq + 1, end: readSeq };
      const read = await messages.markRead(tx, view.logID, userID, untold, listed);
      // A receipt without seqs tells a peer nothing, and trips the pure-JS SDK.
      if (read.length === 0 && after.readSeq === before.readSeq) return;
      await notifier.notify(tx, call, ...readByPeerNotices(receipt, view.peerUserID, read));
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
