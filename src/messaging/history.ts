/**
 * Reading back: newest seqs, pulls by range and by seq, read positions (conversations-messages chapter, 8.3). Stored
 * bodies are spliced into replies without decoding. A user reads only conversations that it has a row of, within its
 * own window (M5).
 */

import { chatWindow, notificationWindow, presented } from '../conversations/windows.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { MessageStore, MessageWindow, StoredMessage } from '../log/message-store.ts';
import {
  companionNotificationID,
  isNotificationConversation,
  selfNotificationID,
} from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import type { GetMaxSeqResp, GetSeqMessageReq, PullMessageBySeqsReq, SeqRange, Seqs } from '../protocol/gen/openim.ts';
import { placeholder } from '../protocol/message.ts';
import { encodePullMsgs, encodePullReply } from '../protocol/message-bytes.ts';

/** Of one request: what a client asks for stays far below; what an attacker asks for stays bounded. */
const maxMessages = 1000;
const maxBytes = 4 * 1024 * 1024;
/** Messages that are read before the budget is looked at again. */
const pageSize = 100;
/** Of the conversations named in one request; clients that mean all of them name none. */
const maxConversations = 2000;

/** order 1: from the newest down. */
const descending = 1;

/** A pull reply in parts: encoded PullMsgs by conversation ID. */
export interface PullReply {
  readonly chats: ReadonlyMap<string, Buffer>;
  readonly notifications: ReadonlyMap<string, Buffer>;
}

export interface ReadPositions {
  readonly seqs: Map<string, Seqs>;
  readonly pinnedConversationIDs: string[];
}

export class History {
  readonly #store: MessageStore;

  constructor(store: MessageStore) {
    this.#store = store;
  }

  /** 1001 and /msg/newest_seq: the user's chats, their notification twins and its own `n_u_u`, where not empty. */
  async newestSeqs(call: CallContext, userID: string): Promise<GetMaxSeqResp> {
    requireUser(call, userID);
    const views = await this.#store.views(userID);
    const notificationIDs = views.map(({ conversationID }) => companionNotificationID(conversationID));
    const bounds = await this.#store.bounds([...notificationIDs, selfNotificationID(userID)]);
    const maxSeqs = new Map<string, number>();
    for (const { conversationID, maxSeq } of views) if (maxSeq > 0) maxSeqs.set(conversationID, maxSeq);
    for (const [conversationID, { maxSeq }] of bounds) if (maxSeq > 0) maxSeqs.set(conversationID, maxSeq);
    return { maxSeqs, minSeqs: new Map() };
  }

  /** 1006 and /msg/get_conversations_has_read_and_max_seq. No IDs means all; IDs that are not the user's answer zeros. */
  async readPositions(
    call: CallContext,
    request: { userID: string; conversationIDs: readonly string[]; returnPinned: boolean },
  ): Promise<ReadPositions> {
    requireUser(call, request.userID);
    requireAtMost(request.conversationIDs, maxConversations, 'conversationIDs');
    const asked = request.conversationIDs.length === 0 ? undefined : request.conversationIDs;
    const views = await this.#store.views(request.userID, asked);
    const seqs = new Map<string, Seqs>();
    for (const id of asked ?? []) seqs.set(id, { maxSeq: 0, hasReadSeq: 0, maxSeqTime: 0 });
    for (const view of views) {
      const maxSeq = view.ownMaxSeq || view.maxSeq;
      // Clients subtract: a read position above the newest message would show a negative count.
      seqs.set(view.conversationID, { maxSeq, hasReadSeq: Math.min(view.readSeq, maxSeq), maxSeqTime: view.maxSeqAt });
    }
    const pinned = request.returnPinned ? views.filter((view) => view.isPinned) : [];
    return { seqs, pinnedConversationIDs: pinned.map((view) => view.conversationID) };
  }

  /**
   * 1002 and /msg/pull_msg_by_seq. A range that the user may not read, or that holds nothing, is left out, and so is what
   * a reply has no room for.
   */
  async pullRanges(call: CallContext, request: PullMessageBySeqsReq): Promise<PullReply> {
    requireUser(call, request.userID);
    requireAtMost(request.seqRanges, maxConversations, 'seqRanges');
    const windows = await this.#windows(request.userID, request.seqRanges);
    const reply = new PullReplyBuilder();
    for (const range of request.seqRanges) {
      const window = windows.get(range.conversationID);
      if (window === undefined || reply.isFull) continue;
      const pulled = await this.#pullRange(range, window, reply);
      if (pulled.length === 0) continue;
      const isEnd = request.order === descending ? range.begin <= window.lower : window.upper <= range.end;
      reply.add(range.conversationID, pulled, isEnd, 0);
    }
    return reply.finish();
  }

  /** 1005. Every conversation asked for has an entry, even an empty one: the pure-JS SDK indexes it blindly. */
  async pullSeqs(call: CallContext, request: GetSeqMessageReq): Promise<PullReply> {
    requireUser(call, request.userID);
    requireAtMost(request.conversations, maxConversations, 'conversations');
    const windows = await this.#windows(request.userID, request.conversations);
    const reply = new PullReplyBuilder();
    for (const [conversationID, seqs] of groupSeqs(request.conversations)) {
      const window = windows.get(conversationID);
      if (window === undefined) reply.add(conversationID, [], false, 0);
      else await this.#pullSeqList(conversationID, seqs, window, request.order, reply);
    }
    return reply.finish();
  }

  /**
   * 1007: of each conversation the newest message that the user may read. A conversation without one is left out, and so
   * is one that is not the user's, and what a reply has no room for.
   */
  async lastMessages(
    call: CallContext,
    request: { userID: string; conversationIDs: readonly string[] },
  ): Promise<ReadonlyMap<string, Buffer>> {
    requireUser(call, request.userID);
    requireAtMost(request.conversationIDs, maxConversations, 'conversationIDs');
    const asked = request.conversationIDs.map((conversationID) => ({ conversationID }));
    const windows = [...(await this.#windows(request.userID, asked)).values()];
    const bodies = new Map<string, Buffer>();
    for (let from = 0, bytes = 0; from < windows.length && bytes < maxBytes; from += pageSize) {
      for (const [conversationID, message] of await this.#store.newest(windows.slice(from, from + pageSize))) {
        const body = presented(message);
        bodies.set(conversationID, body);
        bytes += body.length;
      }
    }
    return bodies;
  }

  /** The newest of the range, as many as `num` and the budget allow, ascending. */
  async #pullRange(
    { conversationID, begin, end, num }: SeqRange,
    window: MessageWindow,
    budget: Budget,
  ): Promise<Buffer[]> {
    const limit = Math.min(isNotificationConversation(conversationID) ? maxMessages : num, budget.messagesLeft);
    const last = Math.min(end, window.upper);
    const first = Math.max(begin, window.lower, last - limit + 1);
    const pages: Buffer[][] = [];
    let bytes = 0;
    for (let upper = last; upper >= first && bytes < budget.bytesLeft; upper -= pageSize) {
      const lower = Math.max(first, upper - pageSize + 1);
      const stored = await this.#store.range(conversationID, lower, upper, pageSize);
      const page = withPlaceholders(stored, range(lower, upper));
      bytes += lengthOf(page);
      pages.push(page);
    }
    return pages.reverse().flat();
  }

  async #pullSeqList(
    conversationID: string,
    seqs: readonly number[],
    window: MessageWindow,
    order: number,
    reply: PullReplyBuilder,
  ): Promise<void> {
    const inWindow = seqs.filter((seq) => seq >= window.lower && seq <= window.upper);
    const readable = inWindow.slice(0, Math.max(0, reply.messagesLeft));
    const bodies: Buffer[] = [];
    for (let from = 0; from < readable.length && lengthOf(bodies) < reply.bytesLeft; from += pageSize) {
      const page = readable.slice(from, from + pageSize);
      bodies.push(...withPlaceholders(await this.#store.bySeqs(conversationID, page), page));
    }
    // The Go core stops paging at these marks.
    const isPastLower = order === descending && seqs.some((seq) => seq < window.lower);
    const isPastUpper = order !== descending && seqs.some((seq) => seq > window.upper);
    const endSeq = isPastLower ? window.lower : isPastUpper ? window.upper : 0;
    reply.add(conversationID, bodies, isPastLower || isPastUpper, endSeq);
  }

  /** The windows of those conversations that the user may read at all. */
  async #windows(userID: string, asked: readonly { conversationID: string }[]): Promise<Map<string, MessageWindow>> {
    const ids = [...new Set(asked.map(({ conversationID }) => conversationID))];
    const notificationIDs = ids.filter(isNotificationConversation);
    const chatIDs = ids.filter((id) => !isNotificationConversation(id));
    const owned = await this.#store.views(userID, [...chatIDs, ...notificationIDs.flatMap(possibleChatIDs)]);
    const readable = new Set(owned.map(({ conversationID }) => companionNotificationID(conversationID)));
    readable.add(selfNotificationID(userID));
    const bounds = await this.#store.bounds(notificationIDs.filter((id) => readable.has(id)));

    const asks = new Set(chatIDs);
    const windows = new Map<string, MessageWindow>();
    for (const view of owned) if (asks.has(view.conversationID)) windows.set(view.conversationID, chatWindow(view));
    for (const [id, bound] of bounds) windows.set(id, notificationWindow(id, bound));
    return windows;
  }
}

export function encodePull({ chats, notifications }: PullReply): Buffer {
  return encodePullReply(chats, notifications);
}

/** What a request may still take. */
interface Budget {
  readonly messagesLeft: number;
  readonly bytesLeft: number;
}

class PullReplyBuilder implements Budget {
  readonly #parts = new Map<string, Buffer[]>();
  messagesLeft = maxMessages;
  bytesLeft = maxBytes;

  get isFull(): boolean {
    return this.messagesLeft <= 0 || this.bytesLeft <= 0;
  }

  add(conversationID: string, bodies: readonly Buffer[], isEnd: boolean, endSeq: number): void {
    this.messagesLeft -= bodies.length;
    this.bytesLeft -= lengthOf(bodies);
    const pullMsgs = encodePullMsgs(bodies, isEnd, endSeq);
    // Encoded messages concatenate: repeated fields append.
    const parts = this.#parts.get(conversationID);
    if (parts === undefined) this.#parts.set(conversationID, [pullMsgs]);
    else parts.push(pullMsgs);
  }

  finish(): PullReply {
    const encoded = [...this.#parts].map(([id, parts]) => [id, Buffer.concat(parts)] as const);
    return {
      chats: new Map(encoded.filter(([id]) => !isNotificationConversation(id))),
      notifications: new Map(encoded.filter(([id]) => isNotificationConversation(id))),
    };
  }
}

function lengthOf(bodies: readonly Buffer[]): number {
  return bodies.reduce((sum, body) => sum + body.length, 0);
}

/** @throws 1001 */
function requireAtMost(list: readonly unknown[], limit: number, name: string): void {
  if (list.length > limit) throw errors.args(`${name} has more than ${limit} elements`);
}

function requireUser(call: CallContext, userID: string): void {
  if (userID === '') throw errors.args('userID is empty');
  requireAccess(call, userID);
}

/** The chats whose notifications a conversation can hold: `n_x` belongs to `si_x`, `sg_x` or `sn_x`. */
function possibleChatIDs(notificationID: string): string[] {
  const rest = notificationID.slice('n_'.length);
  return [`si_${rest}`, `sg_${rest}`, `sn_${rest}`];
}

function groupSeqs(asked: GetSeqMessageReq['conversations']): Map<string, number[]> {
  const grouped = new Map<string, Set<number>>();
  for (const { conversationID, seqs } of asked) {
    const known = grouped.get(conversationID) ?? new Set();
    for (const seq of seqs) if (seq > 0) known.add(seq);
    grouped.set(conversationID, known);
  }
  return new Map([...grouped].map(([conversationID, seqs]) => [conversationID, [...seqs]]));
}

/** One body per wanted seq, in that order; a seq that holds nothing any more gets a placeholder. */
function withPlaceholders(stored: readonly StoredMessage[], wanted: Iterable<number>): Buffer[] {
  const bySeq = new Map(stored.map((message) => [message.seq, message]));
  const bodies: Buffer[] = [];
  let lastSentAt = 0;
  for (const seq of wanted) {
    const message = bySeq.get(seq);
    if (message !== undefined) lastSentAt = message.sentAt;
    bodies.push(message === undefined ? placeholder(seq, lastSentAt) : presented(message));
  }
  return bodies;
}

function* range(first: number, last: number): Generator<number> {
  for (let seq = first; seq <= last; seq += 1) yield seq;
}
