/**
 * Conversations as a chat list shows them: with partner, last message and unread count (rest-core chapter, section 12).
 * Counters come from the durable store, so that no conversation drops out, and are clamped to the owner's window.
 */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { forEachInSlices, mapInSlices, sortedInSlices } from '../kernel/time-slices.ts';
import type { MessageStore } from '../log/message-store.ts';
import { singleChatID } from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import {
  Conversation,
  type ConversationMsg,
  type GetActiveConversationsResp,
  MsgData,
} from '../protocol/gen/openim.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import { offsetOf, type Pagination } from '../protocol/pagination.ts';
import { toProtocolConversation } from './conversation.ts';
import type { ConversationPartners } from './conversation-partners.ts';
import type { ConversationStore } from './conversation-store.ts';
import { newestMessages, sureBytes } from './newest-messages.ts';
import { ReplyBudget } from './reply-budget.ts';
import type { ConversationView, ConversationViewStore, ConversationWindow } from './view-store.ts';
import { chatWindow, readUpTo } from './windows.ts';

export interface ConversationPreviewsOptions {
  readonly messages: Pick<MessageStore, 'newest' | 'revoked'>;
  readonly views: ConversationViewStore;
  readonly conversations: Pick<ConversationStore, 'findMany'>;
  readonly partners: Pick<ConversationPartners, 'find'>;
  /** Of the last messages of a chat list; more where even shortened ones need it. */
  readonly maxReplyBytes: number;
}

export interface SortedRequest {
  readonly userID: string;
  /** None: all. */
  readonly conversationIDs: readonly string[];
  readonly pagination: Pagination | null;
}

export interface SortedConversations {
  /** Of those in which there is something to read. */
  readonly total: number;
  readonly unread: number;
  readonly conversations: readonly ConversationMsg[];
}

/** A conversation with messages, and what its owner may read of it. */
interface Candidate {
  readonly view: ConversationView;
  readonly window: ConversationWindow;
}

const defaultCount = 100;
const maxCount = 500;

export class ConversationPreviews {
  readonly #options: ConversationPreviewsOptions;

  constructor(options: ConversationPreviewsOptions) {
    this.#options = options;
  }

  /**
   * The caller's `count` most recent conversations, pinned ones first (a count outside 1..500 means 100). The unread
   * count is that of all the caller's conversations, not only of these.
   */
  async active(call: CallContext, count: number): Promise<GetActiveConversationsResp> {
    const candidates = await sortedInSlices(
      await this.#candidates(call.caller.userID),
      (a, b) => Number(b.view.isPinned) - Number(a.view.isPinned) || b.view.maxSeqAt - a.view.maxSeqAt,
    );
    const wanted = count >= 1 && count <= maxCount ? count : defaultCount;
    return this.#answer(call.caller.userID, candidates, candidates.slice(0, wanted));
  }

  /**
   * The caller's conversations among `conversationIDs`; unknown ones are left out. A single chat that nobody has begun
   * is shown empty: the pure-JS SDK asks for one that it knows from a message that is not stored, such as "is typing",
   * and cannot send to that user if it gets nothing.
   */
  async byIDs(call: CallContext, conversationIDs: readonly string[]): Promise<GetActiveConversationsResp> {
    const { userID } = call.caller;
    const candidates = conversationIDs.length === 0 ? [] : await this.#candidates(userID, conversationIDs);
    const answer = await this.#answer(userID, candidates, candidates);
    const shown = new Set(answer.conversations.map(({ conversation }) => conversation?.conversationID));
    const empty = await this.#empty(
      userID,
      conversationIDs.filter((id) => !shown.has(id)),
    );
    return { ...answer, conversations: [...answer.conversations, ...empty] };
  }

  /**
   * A page of the user's conversations, or of those named: pinned ones first, then by their newest message, without one by
   * their age. The totals are those of all pages.
   * @throws 1001 ill-formed, 1002 not the caller's, 1004 there are none
   */
  async sorted(call: CallContext, request: SortedRequest): Promise<SortedConversations> {
    const { userID, conversationIDs, pagination } = request;
    if (userID === '') throw errors.args('userID is empty');
    if (pagination === null || pagination.pageNumber < 1) throw errors.args('pagination is missing or below 1');
    requireAccess(call, userID);
    const views = await this.#options.views.views(userID, conversationIDs.length === 0 ? undefined : conversationIDs);
    if (views.length === 0) throw errors.recordNotFound('no conversations');
    let unread = 0;
    let spoken = 0;
    const candidates = await mapInSlices(views, (view) => {
      const window = chatWindow(view);
      const isSpoken = window.upper >= window.lower && view.maxSeqAt > 0;
      unread += window.upper - readUpTo(view);
      spoken += Number(isSpoken);
      return { view, window, at: isSpoken ? view.maxSeqAt : view.createdAt };
    });
    const inOrder = await sortedInSlices(
      candidates,
      (a, b) => Number(b.view.isPinned) - Number(a.view.isPinned) || b.at - a.at,
    );
    const start = offsetOf(pagination);
    const page = inOrder.slice(start, start + Math.max(0, pagination.showNumber));
    return { total: spoken, unread, conversations: await this.#describeAll(userID, page) };
  }

  async #candidates(userID: string, conversationIDs?: readonly string[]): Promise<Candidate[]> {
    const views = await this.#options.views.views(userID, conversationIDs);
    const candidates = await mapInSlices(views, (view) =>
      view.maxSeq > 0 ? { view, window: chatWindow(view) } : undefined,
    );
    return candidates.filter((candidate) => candidate !== undefined);
  }

  async #answer(
    userID: string,
    counted: readonly Candidate[],
    shown: readonly Candidate[],
  ): Promise<GetActiveConversationsResp> {
    let unreadCount = 0;
    await forEachInSlices(counted, ({ view, window }) => {
      unreadCount += window.upper - readUpTo(view);
    });
    return { unreadCount, conversations: await this.#describe(userID, shown) };
  }

  /** In the order given, those without a readable message too. */
  async #describeAll(userID: string, page: readonly Candidate[]): Promise<readonly ConversationMsg[]> {
    if (page.length === 0) return [];
    const described = new Map(
      (await this.#describe(userID, page)).map((shown) => [shown.conversation?.conversationID, shown]),
    );
    const bare = page.map(({ view }) => view.conversationID).filter((id) => !described.has(id));
    const rows = bare.length === 0 ? [] : await this.#options.conversations.findMany(userID, bare);
    for (const row of rows) {
      described.set(row.conversationID, { ...nobody, ...nothingIn, conversation: toProtocolConversation(row) });
    }
    return page.flatMap(({ view }) => described.get(view.conversationID) ?? []);
  }

  /** Of chats of two users, the caller one of them, that have nothing to show. */
  async #empty(userID: string, conversationIDs: readonly string[]): Promise<ConversationMsg[]> {
    const peers = new Map(conversationIDs.map((id) => [id, possiblePeers(id, userID)]));
    const peerIDs = [...peers.values()].flat();
    if (peerIDs.length === 0) return [];
    const { conversations, partners } = this.#options;
    const [rows, { users }] = await Promise.all([
      conversations.findMany(userID, [...peers.keys()]),
      partners.find(userID, peerIDs, []),
    ]);
    const rowByID = new Map(rows.map((row) => [row.conversationID, row]));
    return [...peers].flatMap(([conversationID, ids]) => {
      const row = rowByID.get(conversationID);
      const peerID = row?.userID ?? ids.find((id) => users.has(id)) ?? '';
      const peer = users.get(peerID);
      if (peer === undefined) return [];
      const names = { ownerUserID: userID, conversationID, conversationType: sessionTypes.single, userID: peerID };
      const conversation = row === undefined ? { ...untouched, ...names } : toProtocolConversation(row);
      return { ...nothingIn, ...peer, conversation };
    });
  }

  /** In the order given; a conversation without any readable message has nothing to show and is left out. */
  async #describe(userID: string, shown: readonly Candidate[]): Promise<ConversationMsg[]> {
    if (shown.length === 0) return [];
    const { messages, conversations, partners, maxReplyBytes } = this.#options;
    const windows = shown.map(({ window }) => window);
    const [newest, rows] = await Promise.all([
      newestMessages(messages, userID, windows, new ReplyBudget(Math.max(maxReplyBytes, windows.length * sureBytes))),
      conversations.findMany(
        userID,
        shown.map(({ view }) => view.conversationID),
      ),
    ]);
    const rowByID = new Map(rows.map((row) => [row.conversationID, row]));
    const given = (ids: readonly string[]) => ids.filter((id) => id !== '');
    const { users, groups } = await partners.find(
      userID,
      given(shown.map(({ view }) => view.peerUserID)),
      given(rows.map(({ groupID }) => groupID)),
    );

    return shown.flatMap(({ view, window }) => {
      const row = rowByID.get(view.conversationID);
      const last = newest.get(view.conversationID);
      if (row === undefined || last === undefined) return [];
      return {
        ...nobody,
        ...users.get(view.peerUserID),
        group: groups.get(row.groupID),
        conversation: toProtocolConversation(row),
        lastMsg: MsgData.decode(last.body),
        maxSeq: window.upper,
        readSeq: readUpTo(view),
      };
    });
  }
}

const untouched = Conversation.decode(new Uint8Array(0));
const nobody = { user: undefined, friend: undefined };
const nothingIn = { lastMsg: undefined, group: undefined, maxSeq: 0, readSeq: 0 };

/** Who the other user of a single chat may be: its ID can be read in two ways where IDs have a `_`. */
function possiblePeers(conversationID: string, userID: string): string[] {
  const afterOwn = conversationID.slice(`si_${userID}_`.length);
  const beforeOwn = conversationID.slice('si_'.length, -`_${userID}`.length);
  return [...new Set([afterOwn, beforeOwn])].filter(
    (peerID) => peerID !== '' && singleChatID(userID, peerID) === conversationID,
  );
}
