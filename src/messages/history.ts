/**
 * Reading back: newest seqs, pulls by range and by seq, read positions (conversations-messages chapter, 8.3). Stored
 * bodies are spliced into replies without decoding. A user reads only conversations that it has a row of, within its
 * own window (M5).
 */

import { sessionTypes } from '../protocol/constants.ts';
import {
  companionNotificationID,
  isNotificationConversation,
  selfNotificationID,
} from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import type { GetMaxSeqResp, GetSeqMessageReq, PullMessageBySeqsReq, SeqRange, Seqs } from '../protocol/gen/openim.ts';
import { placeholder } from '../protocol/message.ts';
import { encodePullMsgs, encodePullReply, withReadFlag } from '../protocol/message-bytes.ts';
import { type CallContext, requireAccess } from '../tokens/caller.ts';
import type { ConversationView, MessageStore, MessageWindow, SeqBounds, StoredMessage } from './message-store.ts';

/** Of one range or seq list: what a client asks for stays far below; what an attacker asks for stays bounded. */
const maxMessagesPerConversation = 1000;

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

  /** 1002 and /msg/pull_msg_by_seq. A range that the user may not read, or that holds nothing, is left out. */
  async pullRanges(call: CallContext, request: PullMessageBySeqsReq): Promise<PullReply> {
    requireUser(call, request.userID);
    const windows = await this.#windows(request.userID, request.seqRanges);
    const reply = new PullReplyBuilder();
    for (const range of request.seqRanges) {
      const window = windows.get(range.conversationID);
      if (window === undefined) continue;
      const pulled = await this.#pullRange(range, window);
      if (pulled.length === 0) continue;
      const isEnd = request.order === descending ? range.begin <= window.lower : window.upper <= range.end;
      reply.add(range.conversationID, encodePullMsgs(pulled, isEnd, 0));
    }
    return reply;
  }

  /** 1005. Every conversation asked for has an entry, even an empty one: the pure-JS SDK indexes it blindly. */
  async pullSeqs(call: CallContext, request: GetSeqMessageReq): Promise<PullReply> {
    requireUser(call, request.userID);
    const windows = await this.#windows(request.userID, request.conversations);
    const reply = new PullReplyBuilder();
    for (const [conversationID, seqs] of groupSeqs(request.conversations)) {
      const window = windows.get(conversationID);
      reply.add(
        conversationID,
        window === undefined
          ? encodePullMsgs([], false, 0)
          : await this.#pullSeqList(conversationID, seqs, window, request.order),
      );
    }
    return reply;
  }

  async #pullRange({ conversationID, begin, end, num }: SeqRange, window: MessageWindow): Promise<Buffer[]> {
    const limit = Math.min(
      isNotificationConversation(conversationID) ? maxMessagesPerConversation : num,
      maxMessagesPerConversation,
    );
    const last = Math.min(end, window.upper);
    const first = Math.max(begin, window.lower, last - limit + 1);
    if (limit <= 0 || first > last) return [];
    return withPlaceholders(await this.#store.range(conversationID, first, last, limit), range(first, last));
  }

  async #pullSeqList(
    conversationID: string,
    seqs: readonly number[],
    window: MessageWindow,
    order: number,
  ): Promise<Buffer> {
    const readable = seqs
      .filter((seq) => seq >= window.lower && seq <= window.upper)
      .slice(0, maxMessagesPerConversation);
    const bodies = withPlaceholders(await this.#store.bySeqs(conversationID, readable), readable);
    // The Go core stops paging at these marks.
    if (order === descending && seqs.some((seq) => seq < window.lower))
      return encodePullMsgs(bodies, true, window.lower);
    if (order !== descending && seqs.some((seq) => seq > window.upper))
      return encodePullMsgs(bodies, true, window.upper);
    return encodePullMsgs(bodies, false, 0);
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

class PullReplyBuilder implements PullReply {
  readonly chats = new Map<string, Buffer>();
  readonly notifications = new Map<string, Buffer>();

  add(conversationID: string, pullMsgs: Buffer): void {
    const target = isNotificationConversation(conversationID) ? this.notifications : this.chats;
    const earlier = target.get(conversationID);
    // Encoded messages concatenate: repeated fields append.
    target.set(conversationID, earlier === undefined ? pullMsgs : Buffer.concat([earlier, pullMsgs]));
  }
}

function requireUser(call: CallContext, userID: string): void {
  if (userID === '') throw errors.args('userID is empty');
  requireAccess(call, userID);
}

/** What the owner of a chat may read of it. */
export function chatWindow(view: ConversationView): MessageWindow {
  const isCapped = view.ownMaxSeq > 0 && view.ownMaxSeq < view.maxSeq;
  return {
    conversationID: view.conversationID,
    lower: Math.max(1, view.minSeq, view.ownMinSeq),
    upper: isCapped ? view.ownMaxSeq : view.maxSeq,
  };
}

function notificationWindow(conversationID: string, bounds: SeqBounds): MessageWindow {
  return { conversationID, lower: Math.max(1, bounds.minSeq), upper: bounds.maxSeq };
}

/** The chats whose notifications a conversation can hold: `n_x` belongs to `si_x`, `sg_x` or `sn_x`. */
function possibleChatIDs(notificationID: string): string[] {
  const rest = notificationID.slice('n_'.length);
  return [`si_${rest}`, `sg_${rest}`, `sn_${rest}`];
}

function groupSeqs(asked: GetSeqMessageReq['conversations']): Map<string, number[]> {
  const grouped = new Map<string, number[]>();
  for (const { conversationID, seqs } of asked) {
    const known = grouped.get(conversationID) ?? [];
    grouped.set(conversationID, known.concat(seqs.filter((seq) => seq > 0)));
  }
  return grouped;
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

/** As a reader sees it: only single chats show that a message was read (8.4). */
export function presented(message: StoredMessage): Buffer {
  return message.isRead && message.sessionType === sessionTypes.single ? withReadFlag(message.body) : message.body;
}

function* range(first: number, last: number): Generator<number> {
  for (let seq = first; seq <= last; seq += 1) yield seq;
}
