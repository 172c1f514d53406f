/**
 * Who has read a message of a group (beyond-openim chapter, section 2): from how far each member has read, so that nothing
 * is written for a message.
 */
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import { isManager } from '../groups/group.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { MessageStore, StoredMessage } from '../log/message-store.ts';
import { errors } from '../protocol/errors.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { GroupReader, GroupReaderStore } from './group-reader-store.ts';
import { findReadable, type NamedMessage, ownChat, refWithin } from './readable-message.ts';
import type { SendingFacts } from './sending-facts.ts';
import { requireOpenGroup } from './writing-rights.ts';

export interface GroupReceiptsOptions {
  readonly store: GroupReaderStore;
  readonly messages: Pick<MessageStore, 'bySeqs'>;
  readonly views: ConversationViewStore;
  readonly facts: Pick<SendingFacts, 'groupChat'>;
  readonly limits: {
    /** In larger groups nobody is told. */
    readonly maxReceiptMembers: number;
    /** Asked of in one call. */
    readonly maxSeqs: number;
  };
}

export interface ReadCount {
  readonly seq: number;
  readonly readCount: number;
  readonly unreadCount: number;
}

/** Which of those who could read a message are wanted. */
export interface ReadersRequest extends NamedMessage {
  readonly hasRead: boolean;
  /** The page before's last user; empty for the first page. */
  readonly cursor: string;
  /** From 1 to {@link maxPage}; 0: {@link usualPage}. */
  readonly limit: number;
}

const maxPage = 500;
const usualPage = 50;

export class GroupReceipts {
  readonly #options: GroupReceiptsOptions;

  constructor(options: GroupReceiptsOptions) {
    this.#options = options;
  }

  /**
   * In order of seqs, without those that the user may not read.
   * @throws 1001 ill-formed, not of a group, or of one with too many members; 1002 not the caller's, never in the group, or a
   * message of somebody else; 1004 no such conversation; 1203 not in the group any more, 1204 dismissed
   */
  async counts(
    call: CallContext,
    request: Omit<NamedMessage, 'seq'> & { readonly seqs: readonly number[] },
  ): Promise<readonly ReadCount[]> {
    const { userID, seqs } = request;
    const { messages, limits } = this.#options;
    if (seqs.length === 0) throw errors.args('seqs is empty');
    if (seqs.length > limits.maxSeqs) throw errors.args(`seqs has more than ${limits.maxSeqs} entries`);
    if (seqs.some((seq) => seq < 1)) throw errors.args('seqs has a seq below 1');
    const { view, seesAll } = await this.#chat(call, request);
    const { logID, lower, upper } = chatWindow(view);
    const within = seqs.filter((seq) => seq >= lower && seq <= upper);
    const stored = await messages.bySeqs(userID, logID, within);
    const shown = stored.filter(({ revocation, isDeleted }) => revocation === undefined && !isDeleted);
    for (const message of shown) requireOwn(message, userID, seesAll);
    const readers = await this.#readers(view);
    return shown.map((message) => {
      const could = couldRead(readers, message);
      const readCount = could.filter(({ readSeq }) => readSeq >= message.seq).length;
      return { seq: message.seq, readCount, unreadCount: could.length - readCount };
    });
  }

  /**
   * Who has read a message, or has not, in order of their IDs.
   * @returns `nextCursor` is empty behind the last page
   * @throws as {@link counts}; 1004 no such message that the user may read, 1404 taken back
   */
  async readers(
    call: CallContext,
    request: ReadersRequest,
  ): Promise<{ readonly userIDs: readonly string[]; readonly nextCursor: string }> {
    const { userID, seq, hasRead, cursor } = request;
    if (request.limit < 0 || request.limit > maxPage) throw errors.args(`limit is not between 0 and ${maxPage}`);
    const limit = request.limit === 0 ? usualPage : request.limit;
    const { view, seesAll } = await this.#chat(call, request);
    const message = await findReadable(this.#options.messages, userID, refWithin(view, seq));
    requireOwn(message, userID, seesAll);
    const found = couldRead(await this.#readers(view), message)
      .filter((reader) => reader.readSeq >= seq === hasRead)
      .map((reader) => reader.userID);
    // In the order of the database, which is that of bytes: only where the cursor stands is looked for.
    const from = cursor === '' ? 0 : found.findIndex((id) => Buffer.compare(Buffer.from(id), Buffer.from(cursor)) > 0);
    const userIDs = from === -1 ? [] : found.slice(from, from + limit);
    const isLast = userIDs.length === 0 || userIDs.at(-1) === found.at(-1);
    return { userIDs, nextCursor: isLast ? '' : (userIDs.at(-1) ?? '') };
  }

  /** The user's chat of a group that it is in. */
  async #chat(
    call: CallContext,
    request: Omit<NamedMessage, 'seq'>,
  ): Promise<{ readonly view: ConversationView; readonly seesAll: boolean }> {
    requireAccess(call, request.userID);
    const view = await ownChat(this.#options.views, request);
    if (view.conversationType !== sessionTypes.group) throw errors.args('not a chat of a group');
    const facts = await this.#options.facts.groupChat(request.userID, view.groupID);
    requireOpenGroup(facts);
    if (facts.role === undefined) throw errors.notInGroupYet('not in the group');
    return { view, seesAll: call.caller.isAdmin || isManager({ role: facts.role }) };
  }

  async #readers({ groupID, logID }: ConversationView): Promise<readonly GroupReader[]> {
    const most = this.#options.limits.maxReceiptMembers;
    const readers = await this.#options.store.readers(groupID, logID, most + 1);
    if (readers.length > most) throw errors.args(`the group has more than ${most} members`);
    return readers;
  }
}

/** @throws 1002 of what somebody else has said only owner and admins are told */
function requireOwn({ sendID }: StoredMessage, userID: string, seesAll: boolean): void {
  if (!seesAll && sendID !== userID) throw errors.noPermission('not a message of the user');
}

function couldRead(readers: readonly GroupReader[], { seq, sendID }: StoredMessage): readonly GroupReader[] {
  return readers.filter(({ userID, fromSeq }) => userID !== sendID && fromSeq <= seq);
}
