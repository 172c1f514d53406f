/** Makes sure that those who get a message have the conversation in their list (conversations-messages chapter, 7.1). */

import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { NewConversation } from './conversation.ts';
import type { ConversationStore } from './conversation-store.ts';

export interface ConversationRowsOptions {
  readonly store: Pick<ConversationStore, 'createMissing' | 'peerOf'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
}

export class ConversationRows {
  readonly #options: ConversationRowsOptions;

  constructor(options: ConversationRowsOptions) {
    this.#options = options;
  }

  /**
   * Creates the rows that are missing and logs each as an insert for its owner, in one transaction. Existing rows, also
   * those that another node creates meanwhile, keep their settings. Sends no notification: the message itself makes
   * clients show the conversation.
   *
   * @returns those that were created
   */
  async ensure(rows: readonly NewConversation[]): Promise<readonly NewConversation[]> {
    return this.#options.unitOfWork.transaction((tx) => this.#create(tx, rows));
  }

  /**
   * Both sides of a single chat; a chat with oneself has one.
   *
   * The protocol joins two user IDs with `_`, which user IDs may hold too. Two pairs of users whose IDs join to the same
   * do not meet: each has a log of its own (protocol/log-id.ts). One user in both of them has clients that cannot tell
   * its two peers apart; there the first peer keeps the conversation ID.
   * @throws 1001 if one of the two has a chat with somebody else under the conversation ID
   */
  async ensureSingleChat(conversationID: string, userA: string, userB: string): Promise<void> {
    const row = (ownerUserID: string, userID: string) => ({
      ownerUserID,
      conversationID,
      conversationType: sessionTypes.single,
      userID,
      groupID: '',
    });
    const rows = userA === userB ? [row(userA, userA)] : [row(userA, userB), row(userB, userA)];
    const { store, unitOfWork } = this.#options;
    await unitOfWork.transaction(async (tx) => {
      await this.#create(tx, rows);
      for (const { ownerUserID, userID } of rows) {
        if ((await store.peerOf(tx, ownerUserID, conversationID)) === userID) continue;
        throw errors.args('the conversation ID is that of another chat of one of the users');
      }
    });
  }

  async #create(tx: Transaction, rows: readonly NewConversation[]): Promise<readonly NewConversation[]> {
    const { store, versionLog, now } = this.#options;
    const created = await store.createMissing(tx, rows, now());
    const byOwner = Map.groupBy(created, ({ ownerUserID }) => ownerUserID);
    await versionLog.record(
      tx,
      'conversations',
      [...byOwner].map(([ownerID, owned]) => ({
        ownerID,
        changes: owned.map(({ conversationID }) => ({ itemID: conversationID, state: 'insert' as const })),
      })),
    );
    return created;
  }
}
