/** Reading and syncing one's conversations (conversations-messages chapter, 7.2 and 7.5): self or an admin only. */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { offsetOf, type Pagination } from '../protocol/pagination.ts';
import { idHash } from '../sync/id-hash.ts';
import type { SyncReply, VersionLog } from '../sync/version-log.ts';
import type { VersionHead } from '../sync/version-log-store.ts';
import type { Conversation } from './conversation.ts';
import type { ConversationDeletions } from './conversation-deletions.ts';
import type { ConversationStore } from './conversation-store.ts';

export interface ConversationsOptions {
  readonly store: ConversationStore;
  readonly versionLog: VersionLog;
  readonly deletions: Pick<ConversationDeletions, 'noteReborn'>;
}

export class Conversations {
  readonly #store: ConversationStore;
  readonly #versionLog: VersionLog;
  readonly #deletions: Pick<ConversationDeletions, 'noteReborn'>;

  constructor({ store, versionLog, deletions }: ConversationsOptions) {
    this.#store = store;
    this.#versionLog = versionLog;
    this.#deletions = deletions;
  }

  /** What changed since the head that the client kept. @throws 1002 */
  async changesSince(call: CallContext, userID: string, since: VersionHead): Promise<SyncReply<Conversation>> {
    requireAccess(call, userID);
    await this.#deletions.noteReborn(userID);
    const reply = await this.#versionLog.syncSince('conversations', userID, since, (ids) => this.#byID(userID, ids));
    return reply.full ? reply : this.#withCalls(userID, reply);
  }

  /** A call of everybody in a group leaves nothing in the logs of its members: the rows are told until it is seen (7.4). */
  async #withCalls(userID: string, reply: SyncReply<Conversation>): Promise<SyncReply<Conversation>> {
    const called = await this.#store.withUnseenCalls(userID);
    if (called.length === 0) return reply;
    const told = new Set([...reply.inserted, ...reply.updated].map(({ conversationID }) => conversationID));
    const untold = called.filter(({ conversationID }) => !told.has(conversationID));
    return { ...reply, updated: [...reply.updated, ...untold] };
  }

  /** All IDs in order of creation, or none if they hash to what the client has. @throws 1002 */
  async allIDs(call: CallContext, userID: string, knownHash: bigint) {
    requireAccess(call, userID);
    await this.#deletions.noteReborn(userID);
    // Before the IDs: what is created in between is then told again and never left out.
    const head = await this.#versionLog.head('conversations', userID);
    const ids = await this.#store.ids(userID);
    const isEqual = idHash(ids) === knownHash;
    return { ...head, isEqual, ids: isEqual ? [] : ids };
  }

  /** One page in order of creation, and how many there are in all; no page without pagination. @throws 1002 */
  async page(call: CallContext, userID: string, pagination: Pagination | null) {
    requireAccess(call, userID);
    const total = await this.#store.count(userID);
    if (pagination === null || pagination.pageNumber < 1 || pagination.showNumber < 1) return { total, rows: [] };
    const rows = await this.#store.listByOwner(userID, offsetOf(pagination), pagination.showNumber);
    return { total, rows };
  }

  /** All of them, in order of creation. @throws 1001 without an owner, 1002 */
  async all(call: CallContext, ownerUserID: string): Promise<readonly Conversation[]> {
    requireOwner(ownerUserID);
    requireAccess(call, ownerUserID);
    return this.#store.listByOwner(ownerUserID, 0, Number.MAX_SAFE_INTEGER);
  }

  /** Those of the given ones that exist, in the given order. @throws 1001 without an owner or IDs, 1002 */
  async findMany(call: CallContext, ownerUserID: string, conversationIDs: readonly string[]): Promise<Conversation[]> {
    requireOwner(ownerUserID);
    if (conversationIDs.length === 0) throw errors.args('conversationIDs is empty');
    requireAccess(call, ownerUserID);
    const rows = await this.#byID(ownerUserID, conversationIDs);
    return [...new Set(conversationIDs)].flatMap((id) => rows.get(id) ?? []);
  }

  /** @throws 1001 without an owner or an ID, 1002, 1004 if the owner has no such conversation */
  async find(call: CallContext, ownerUserID: string, conversationID: string): Promise<Conversation> {
    requireOwner(ownerUserID);
    if (conversationID === '') throw errors.args('conversationID is empty');
    requireAccess(call, ownerUserID);
    const found = await this.#store.find(ownerUserID, conversationID);
    if (found === undefined) throw errors.recordNotFound('conversation not found');
    return found;
  }

  /** Of those that the user receives without notification. @throws 1002 */
  async notNotifyIDs(call: CallContext, userID: string): Promise<readonly string[]> {
    requireAccess(call, userID);
    return this.#store.notNotifyIDs(userID);
  }

  /** @throws 1002 */
  async pinnedIDs(call: CallContext, userID: string): Promise<readonly string[]> {
    requireAccess(call, userID);
    return this.#store.pinnedIDs(userID);
  }

  async #byID(ownerUserID: string, conversationIDs: readonly string[]): Promise<Map<string, Conversation>> {
    if (conversationIDs.length === 0) return new Map();
    const rows = await this.#store.findMany(ownerUserID, conversationIDs);
    return new Map(rows.map((row) => [row.conversationID, row]));
  }
}

function requireOwner(ownerUserID: string): void {
  if (ownerUserID === '') throw errors.args('ownerUserID is empty');
}
