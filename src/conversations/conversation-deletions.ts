/**
 * Taking conversations off one's list, to which the next message brings them back (conversations-messages chapter, 7.2).
 *
 * A deleted row stays, without its settings and with the newest seq as of the deletion: it keeps what its owner may read,
 * and nothing is written for its members when a group goes on. Whoever reads the row compares; the owner's next sync logs
 * what has come back.
 */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { ChangeState } from '../sync/version-log-store.ts';
import type { ConversationStore } from './conversation-store.ts';
import type { ConversationViewStore } from './view-store.ts';
import { chatWindow } from './windows.ts';

export interface ConversationDeletionsOptions {
  readonly store: Pick<ConversationStore, 'delete' | 'hasReborn' | 'restoreReborn'>;
  readonly views: ConversationViewStore;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
}

/** Which of an owner's conversations: those named, or those in which nothing was said for some days. */
export interface DeletionRequest {
  readonly conversationIDs: readonly string[];
  /** 0 for those named. */
  readonly needDeleteTime: number;
}

const dayMs = 86_400_000;

export class ConversationDeletions {
  readonly #options: ConversationDeletionsOptions;

  constructor(options: ConversationDeletionsOptions) {
    this.#options = options;
  }

  /**
   * Of the owner's list only: messages, read positions and what the owner may read stay. The owner's devices learn of it
   * when they sync. What the owner does not have is deleted already.
   * @throws 1001 ill-formed, or not exactly one of the two is given; 1002 not the caller's list
   */
  async delete(call: CallContext, ownerUserID: string, request: DeletionRequest): Promise<void> {
    const { conversationIDs, needDeleteTime } = request;
    if (ownerUserID === '') throw errors.args('ownerUserID is empty');
    if (needDeleteTime < 0) throw errors.args('needDeleteTime is below 0');
    if (needDeleteTime > 0 === conversationIDs.length > 0) {
      throw errors.args('give one of needDeleteTime and conversationIDs');
    }
    requireAccess(call, ownerUserID);
    const meant =
      needDeleteTime > 0 ? await this.#quietFor(ownerUserID, needDeleteTime) : [...new Set(conversationIDs)];
    await this.#logged(ownerUserID, 'delete', (tx) => this.#options.store.delete(tx, ownerUserID, meant));
  }

  /** Logs what has come back since it was deleted: before a client is told what changed. */
  async noteReborn(ownerUserID: string): Promise<void> {
    const { store } = this.#options;
    if (!(await store.hasReborn(ownerUserID))) return;
    await this.#logged(ownerUserID, 'insert', (tx) => store.restoreReborn(tx, ownerUserID));
  }

  async #quietFor(ownerUserID: string, days: number): Promise<readonly string[]> {
    const { views, now } = this.#options;
    const since = now() - days * dayMs;
    const all = await views.views(ownerUserID);
    return all
      .filter((view) => chatWindow(view).upper > 0 && view.maxSeqAt < since)
      .map(({ conversationID }) => conversationID);
  }

  /** @param change gives the IDs of the conversations that it has changed */
  async #logged(
    ownerID: string,
    state: ChangeState,
    change: (tx: Transaction) => Promise<readonly string[]>,
  ): Promise<void> {
    const { unitOfWork, versionLog } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      const changes = (await change(tx)).map((itemID) => ({ itemID, state }));
      if (changes.length > 0) await versionLog.record(tx, 'conversations', [{ ownerID, changes }]);
    });
  }
}
