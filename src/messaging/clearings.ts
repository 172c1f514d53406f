/**
 * Clearing conversations (conversations-messages chapter, 9.9): what they hold now is out of sight, for the user or for
 * everybody, and what comes later is not. Rows stay; so does what was read of them, since a position below the window is
 * that of its lower end.
 */
import type { ConversationStore } from '../conversations/conversation-store.ts';
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { MessageStore } from '../log/message-store.ts';
import { clearedNotice, conversationNotice } from '../notices/catalogue/conversations.ts';
import type { Notifier } from '../notices/notifier.ts';
import { errors } from '../protocol/errors.ts';
import type { VersionLog } from '../sync/version-log.ts';
import { type ErasingForAllOptions, othersOf, requireMayErase, type SyncOptions } from './erasing-for-all.ts';

export interface ClearingsOptions extends ErasingForAllOptions {
  readonly messages: Pick<MessageStore, 'raiseMinSeq'>;
  readonly views: ConversationViewStore;
  readonly conversations: Pick<ConversationStore, 'raiseMinSeqs'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly unitOfWork: UnitOfWork;
  readonly notifier: Pick<Notifier, 'notify'>;
}

/** Cleared in one transaction, and named in one notice. */
const atOnce = 250;

export class Clearings {
  readonly #options: ClearingsOptions;

  constructor(options: ClearingsOptions) {
    this.#options = options;
  }

  /**
   * Clears those of the conversations that the user has; some hundred at a time, so that a call that fails half-way may be
   * repeated. For oneself the own devices are told by 1300, and by 1703 if asked for; for everybody (IsSyncOther) all are
   * told by 1703, and the user's own row is left alone.
   * @throws 1001 ill-formed, 1002 not the caller's, or one of them not to clear for others
   */
  async clear(
    call: CallContext,
    userID: string,
    conversationIDs: readonly string[],
    deleteSyncOpt: SyncOptions,
  ): Promise<void> {
    if (conversationIDs.length === 0) throw errors.args('conversationIDs is empty');
    if (userID === '') throw errors.args('userID is empty');
    requireAccess(call, userID);
    await this.#clear(call, userID, await this.#options.views.views(userID, conversationIDs), deleteSyncOpt);
  }

  /** {@link clear} of all that the user has. */
  async clearAll(call: CallContext, userID: string, deleteSyncOpt: SyncOptions): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    requireAccess(call, userID);
    await this.#clear(call, userID, await this.#options.views.views(userID), deleteSyncOpt);
  }

  async #clear(
    call: CallContext,
    userID: string,
    chats: readonly ConversationView[],
    { IsSyncSelf, IsSyncOther }: SyncOptions,
  ): Promise<void> {
    const { unitOfWork } = this.#options;
    // All of them first: one that is not the user's to clear leaves the others as they are.
    if (IsSyncOther) await unitOfWork.transaction((tx) => requireMayErase(this.#options, tx, call, userID, chats));
    for (let from = 0; from < chats.length; from += atOnce) {
      const lot = chats.slice(from, from + atOnce);
      await unitOfWork.transaction((tx) =>
        IsSyncOther
          ? this.#clearForAll(tx, call, userID, lot)
          : this.#clearForOneself(tx, call, userID, lot, IsSyncSelf),
      );
    }
  }

  async #clearForOneself(
    tx: Transaction,
    call: CallContext,
    userID: string,
    lot: readonly ConversationView[],
    isTold: boolean,
  ): Promise<void> {
    const { conversations, versionLog, notifier } = this.#options;
    const minSeqs = new Map(lot.map((view) => [view.conversationID, chatWindow(view).upper + 1]));
    const changed = await conversations.raiseMinSeqs(tx, userID, minSeqs);
    const changes = changed.map((itemID) => ({ itemID, state: 'update' as const }));
    if (changes.length > 0) await versionLog.record(tx, 'conversations', [{ ownerID: userID, changes }]);
    await notifier.notify(
      tx,
      call,
      ...(changed.length > 0 ? [conversationNotice(userID, changed)] : []),
      ...(isTold ? [clearedNotice(userID, { recvID: userID }, [...minSeqs.keys()])] : []),
    );
  }

  async #clearForAll(
    tx: Transaction,
    call: CallContext,
    userID: string,
    lot: readonly ConversationView[],
  ): Promise<void> {
    const { messages, notifier } = this.#options;
    await requireMayErase(this.#options, tx, call, userID, lot);
    for (const { logID, maxSeq } of lot.toSorted(byLog)) await messages.raiseMinSeq(tx, logID, maxSeq + 1);
    const notices = lot.map((view) => clearedNotice(userID, othersOf(view), [view.conversationID]));
    await notifier.notify(tx, call, ...notices);
  }
}

/** In one order everywhere: who waits for a lock then holds none that is waited for. */
function byLog(a: ConversationView, b: ConversationView): number {
  return a.logID < b.logID ? -1 : 1;
}
