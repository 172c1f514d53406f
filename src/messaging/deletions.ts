/**
 * Deleting messages (conversations-messages chapter, 9.9): for oneself they are hidden, for everybody they are erased. Seqs
 * stay: where nothing is left, clients get placeholders.
 */
import type { ConversationStore } from '../conversations/conversation-store.ts';
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { UnitOfWork } from '../kernel/unit-of-work.ts';
import type { DeletionStore } from '../log/deletion-store.ts';
import type { MessageStore } from '../log/message-store.ts';
import { deletedNotices } from '../notices/catalogue/messages.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import type { Eraser } from './eraser.ts';
import { type ErasingForAllOptions, othersOf, requireMayErase, type SyncOptions } from './erasing-for-all.ts';

export interface DeletionsOptions extends ErasingForAllOptions {
  readonly messages: Pick<MessageStore, 'seqsSent'>;
  readonly store: Pick<DeletionStore, 'delete'>;
  readonly eraser: Pick<Eraser, 'eraseWithin'>;
  readonly views: ConversationViewStore;
  readonly conversations: Pick<ConversationStore, 'noteHidden'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
}

export interface DeleteMessagesRequest {
  readonly userID: string;
  readonly conversationID: string;
  readonly seqs: readonly number[];
  /** Of the user's own messages, whose seqs the client does not know yet. */
  readonly clientMsgIDs: readonly string[];
  readonly deleteSyncOpt: SyncOptions;
}

export class Deletions {
  readonly #options: DeletionsOptions;

  constructor(options: DeletionsOptions) {
    this.#options = options;
  }

  /**
   * Deletes messages that the user can read, for itself or (IsSyncOther) for everybody. What is not there is deleted already.
   * The user's own devices are told (2102) if that is asked for, and of `clientMsgIDs` in any case, since others may have
   * sent them; the others of the chat of what is erased.
   * @throws 1001 ill-formed, 1002 not the caller's, or not to erase for others; of IsSyncOther 1004 no such conversation
   */
  async delete(call: CallContext, request: DeleteMessagesRequest): Promise<void> {
    const { userID, conversationID, seqs, clientMsgIDs, deleteSyncOpt } = request;
    if (conversationID === '') throw errors.args('conversationID is empty');
    if (userID === '') throw errors.args('userID is empty');
    if (seqs.length === 0 && clientMsgIDs.length === 0) throw errors.args('seqs is empty');
    if (seqs.some((seq) => seq < 1)) throw errors.args('seqs has a seq below 1');
    requireAccess(call, userID);
    const { views, messages } = this.#options;
    const [view] = await views.views(userID, [conversationID]);
    if (view === undefined) {
      if (deleteSyncOpt.IsSyncOther) throw errors.recordNotFound('conversation not found');
      return;
    }
    const { lower, upper } = chatWindow(view);
    const sent = await messages.seqsSent(view.logID, userID, clientMsgIDs);
    const meant = [...new Set([...seqs, ...sent])].filter((seq) => seq >= lower && seq <= upper).sort((a, b) => a - b);
    if (deleteSyncOpt.IsSyncOther) await this.#eraseForAll(call, userID, view, meant);
    else await this.#deleteForOneself(call, userID, view, meant, deleteSyncOpt.IsSyncSelf || clientMsgIDs.length > 0);
  }

  async #deleteForOneself(
    call: CallContext,
    userID: string,
    { conversationID, logID }: ConversationView,
    seqs: readonly number[],
    isTold: boolean,
  ): Promise<void> {
    const { unitOfWork, store, conversations, notifier } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const deleted = await store.delete(tx, userID, logID, seqs);
      if (deleted.length > 0) await conversations.noteHidden(tx, userID, conversationID, Math.max(...deleted));
      if (isTold) await notifier.notify(tx, call, ...deletedNotices(userID, { recvID: userID }, conversationID, seqs));
    });
  }

  async #eraseForAll(
    call: CallContext,
    userID: string,
    view: ConversationView,
    seqs: readonly number[],
  ): Promise<void> {
    const { unitOfWork, eraser, notifier } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      await requireMayErase(this.#options, tx, call, userID, [view]);
      const erased = await eraser.eraseWithin(tx, view.logID, seqs);
      await notifier.notify(tx, call, ...deletedNotices(userID, othersOf(view), view.conversationID, erased));
    });
  }
}
