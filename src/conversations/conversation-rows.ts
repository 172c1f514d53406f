/** Makes sure that those who get a message have the conversation in their list (conversations-messages chapter, 7.1). */

import type { CallContext } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { ChangeState } from '../sync/version-log-store.ts';
import { type ConversationChanges, type NewConversation, readsNothing } from './conversation.ts';
import type { ConversationStore } from './conversation-store.ts';
import { requireSettable } from './settable.ts';

/** What the operator's receiver has to say of chats of two (objects-push-webhooks chapter, 3.9): asked outside of transactions. */
export interface ConversationHooks {
  /** @returns what is set of it, not checked yet. @throws its refusal */
  beforeOpen(call: CallContext, row: NewConversation): Promise<ConversationChanges>;
  opened(
    tx: Transaction,
    call: Pick<CallContext, 'operationID'>,
    rows: readonly (NewConversation & ConversationChanges)[],
  ): Promise<void>;
}

export interface ConversationRowsOptions {
  readonly store: Pick<ConversationStore, 'createMissing' | 'find' | 'peersOf' | 'setWindow' | 'update'>;
  /** Undefined while nobody outside is asked and told. */
  readonly hooks?: ConversationHooks | undefined;
  /** Of each text that is set, in UTF-8. */
  readonly maxTextBytes: number;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly unitOfWork: UnitOfWork;
  /** Unix ms. */
  readonly now: () => number;
}

/** Two users, or one with itself, and the ID under which they talk. */
export interface SingleChat {
  readonly conversationID: string;
  readonly userA: string;
  readonly userB: string;
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
   * @param call what opens the chat
   * @throws the receiver's refusal, 1001 if one of the two has a chat with somebody else under the conversation ID
   */
  async ensureSingleChat(call: CallContext, conversationID: string, userA: string, userB: string): Promise<void> {
    const chat = { conversationID, userA, userB };
    const given = await this.#ask(call, sidesOf(chat));
    await this.#options.unitOfWork.transaction(async (tx) => {
      const { isTheirs, tellOfNew } = await this.ensureSingleChatsWithin(tx, [chat], given);
      if (isTheirs[0] !== true) throw errors.args('the conversation ID is that of another chat of one of the users');
      await tellOfNew(call);
    });
  }

  /**
   * The receiver's row of what a notification account tells it; the account has none.
   * @throws the receiver's refusal, 1001 if the owner has a chat with another account under the conversation ID
   */
  async ensureOfficialChat(
    call: CallContext,
    conversationID: string,
    ownerUserID: string,
    accountID: string,
  ): Promise<void> {
    const conversationType = sessionTypes.notification;
    const row = { ownerUserID, conversationID, conversationType, userID: accountID, groupID: '' };
    const given = await this.#ask(call, [row]);
    await this.#options.unitOfWork.transaction(async (tx) => {
      const created = await this.#create(tx, [row], given);
      const [peer] = await this.#options.store.peersOf(tx, [row]);
      if (peer !== accountID) throw errors.args('the conversation ID is that of another chat of the user');
      await this.#tellOfNew(tx, call, created, given);
    });
  }

  /**
   * {@link ensureSingleChat} of several as part of a transaction, in which nobody can be asked any more.
   * @returns of each false instead of throwing, and what tells the operator's receiver of those that are new: to be called
   * late in the transaction
   */
  async ensureSingleChatsWithin(
    tx: Transaction,
    chats: readonly SingleChat[],
    given: GivenSettings = nothingGiven,
  ): Promise<EnsuredChats> {
    const sides = chats.map(sidesOf);
    const created = await this.#create(tx, sides.flat(), given);
    const peers = await this.#options.store.peersOf(tx, sides.flat());
    let next = 0;
    return {
      isTheirs: sides.map((rows) => rows.map(({ userID }) => peers[next++] === userID).every((isTheirs) => isTheirs)),
      tellOfNew: (call) => this.#tellOfNew(tx, call, created, given),
    };
  }

  async #ask(call: CallContext, rows: readonly NewConversation[]): Promise<GivenSettings> {
    const { hooks, store, maxTextBytes } = this.#options;
    if (hooks === undefined) return nothingGiven;
    const given = new Map<string, ConversationChanges>();
    for (const row of rows) {
      if ((await store.find(row.ownerUserID, row.conversationID)) !== undefined) continue;
      const changes = await hooks.beforeOpen(call, row);
      requireSettable(changes, maxTextBytes);
      given.set(row.ownerUserID, changes);
    }
    return given;
  }

  async #tellOfNew(
    tx: Transaction,
    call: Pick<CallContext, 'operationID'>,
    created: readonly NewConversation[],
    given: GivenSettings,
  ): Promise<void> {
    if (created.length === 0) return;
    const rows = created.map((row) => ({ ...row, ...given.get(row.ownerUserID) }));
    await this.#options.hooks?.opened(tx, call, rows);
  }

  /**
   * Users are in a group from now on: each has its conversation, without an upper bound.
   * @param options.fromSeq the first that they may read, if they are not to read what was before
   * @param options.settings of the conversations that are new
   * @throws 1001 settings that cannot be
   * @returns those whose conversation is new or has changed
   */
  async openGroupChat(
    tx: Transaction,
    groupID: string,
    userIDs: readonly string[],
    { fromSeq, settings }: { readonly fromSeq?: number; readonly settings?: ConversationChanges } = {},
  ): Promise<readonly string[]> {
    const { store, now } = this.#options;
    const conversationID = groupChatID(groupID);
    const conversationType = sessionTypes.group;
    const rows = userIDs.map((ownerUserID) => ({ ownerUserID, conversationID, conversationType, userID: '', groupID }));
    const created = (await store.createMissing(tx, rows, now())).map(({ ownerUserID }) => ownerUserID);
    if (settings !== undefined) {
      requireSettable(settings, this.#options.maxTextBytes);
      await store.update(tx, conversationID, created, settings);
    }
    const window = { maxSeq: 0, ...(fromSeq === undefined ? {} : { minSeq: fromSeq }) };
    const changed = await store.setWindow(tx, conversationID, userIDs, window);
    const touched = [...new Set([...created, ...changed])];
    const isNew = new Set(created);
    await this.#record(tx, conversationID, touched, (ownerID) => (isNew.has(ownerID) ? 'insert' : 'update'));
    return touched;
  }

  /**
   * Users are no longer in a group: they keep what they could read up to `lastSeq`, 0 if nothing was said so far.
   * @returns those whose conversation has changed
   */
  async closeGroupChat(
    tx: Transaction,
    groupID: string,
    userIDs: readonly string[],
    lastSeq: number,
  ): Promise<readonly string[]> {
    const conversationID = groupChatID(groupID);
    const changed = await this.#options.store.setWindow(tx, conversationID, userIDs, {
      maxSeq: lastSeq === 0 ? readsNothing : lastSeq,
    });
    await this.#record(tx, conversationID, changed, () => 'update');
    return changed;
  }

  /** A change of the same conversation for each of its owners. */
  async #record(
    tx: Transaction,
    itemID: string,
    ownerIDs: readonly string[],
    stateOf: (ownerID: string) => ChangeState,
  ): Promise<void> {
    const steps = ownerIDs.map((ownerID) => ({ ownerID, changes: [{ itemID, state: stateOf(ownerID) }] }));
    await this.#options.versionLog.record(tx, 'conversations', steps);
  }

  async #create(
    tx: Transaction,
    rows: readonly NewConversation[],
    given: GivenSettings = nothingGiven,
  ): Promise<readonly NewConversation[]> {
    const { store, versionLog, now } = this.#options;
    const created = await store.createMissing(tx, rows, now());
    for (const { ownerUserID, conversationID } of created) {
      const changes = given.get(ownerUserID);
      if (changes !== undefined) await store.update(tx, conversationID, [ownerUserID], changes);
    }
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

/** What the operator's receiver sets of new rows, by owner. */
type GivenSettings = ReadonlyMap<string, ConversationChanges>;

const nothingGiven: GivenSettings = new Map();

interface EnsuredChats {
  readonly isTheirs: readonly boolean[];
  tellOfNew(call: Pick<CallContext, 'operationID'>): Promise<void>;
}

function sidesOf({ conversationID, userA, userB }: SingleChat): readonly NewConversation[] {
  const row = (ownerUserID: string, userID: string): NewConversation => ({
    ownerUserID,
    conversationID,
    conversationType: sessionTypes.single,
    userID,
    groupID: '',
  });
  return userA === userB ? [row(userA, userA)] : [row(userA, userB), row(userB, userA)];
}
