/**
 * Reading back: newest seqs, pulls by range and by seq, read positions (conversations-messages chapter, 8.3). Stored
 * bodies are spliced into replies without decoding, and counted while they are read. A user reads only conversations
 * that it has a row of, within its own window (M5).
 */
import { type FittedMessage, newestMessages } from '../conversations/newest-messages.ts';
import { presented } from '../conversations/presentation.ts';
import { ReplyBudget } from '../conversations/reply-budget.ts';
import type { ConversationView, ConversationViewStore, ConversationWindow } from '../conversations/view-store.ts';
import { chatWindow, hearsNotifications, notificationWindow, readUpTo } from '../conversations/windows.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { giveWay, mapInSlices, sortedInSlices, TimeSlices } from '../kernel/time-slices.ts';
import type { LogWindow, MessageStore, StoredMessage } from '../log/message-store.ts';
import {
  companionNotificationID,
  isNotificationConversation,
  selfNotificationID,
} from '../protocol/conversation-id.ts';
import { errors } from '../protocol/errors.ts';
import type { GetMaxSeqResp, GetSeqMessageReq, PullMessageBySeqsReq, SeqRange, Seqs } from '../protocol/gen/openim.ts';
import { companionLogID } from '../protocol/log-id.ts';
import { placeholder } from '../protocol/message.ts';
import { encodePullMsgs, encodePullReply } from '../protocol/message-bytes.ts';

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

export interface HistoryOptions {
  readonly messages: Pick<MessageStore, 'range' | 'bySeqs' | 'newest' | 'bounds' | 'revoked'>;
  readonly views: ConversationViewStore;
  /** Of a reply's payload; see `payloadBytes`. */
  readonly maxReplyBytes: number;
}

export class History {
  readonly #store: HistoryOptions['messages'];
  readonly #views: ConversationViewStore;
  readonly #maxReplyBytes: number;

  constructor({ messages, views, maxReplyBytes }: HistoryOptions) {
    this.#store = messages;
    this.#views = views;
    this.#maxReplyBytes = maxReplyBytes;
  }

  /**
   * 1001 and /msg/newest_seq: the user's chats, their notification twins and its own `n_u_u`, where not empty. Where a
   * reply has no room for all of them, those that were active last.
   */
  async newestSeqs(call: CallContext, userID: string): Promise<GetMaxSeqResp> {
    requireUser(call, userID);
    const views = await this.#views.views(userID);
    const budget = this.#budget();
    const selfID = selfNotificationID(userID);
    budget.takeKey(selfID);
    const companionLogs = await mapInSlices(views, ({ logID }) => companionLogID(logID));
    const bounds = await this.#store.bounds([...companionLogs, selfID]);
    const maxSeqs = new Map<string, number>();
    const own = bounds.get(selfID);
    if (own !== undefined) maxSeqs.set(selfID, own.maxSeq);
    const slices = new TimeSlices();
    for (const view of await byLastActivity(views)) {
      const { conversationID, upper } = chatWindow(view);
      if (upper > 0) {
        if (!budget.takeKey(conversationID)) break;
        maxSeqs.set(conversationID, upper);
      }
      const companion = bounds.get(companionLogID(view.logID));
      if (companion !== undefined && hearsNotifications(view)) {
        const companionID = companionNotificationID(conversationID);
        if (!budget.takeKey(companionID)) break;
        maxSeqs.set(companionID, companion.maxSeq);
      }
      if (slices.isOver) await slices.next();
    }
    return { maxSeqs, minSeqs: new Map() };
  }

  /**
   * 1006 and /msg/get_conversations_has_read_and_max_seq. No IDs means all, and where a reply has no room for all of
   * them, those that were active last. IDs that are not the user's answer zeros.
   */
  async readPositions(
    call: CallContext,
    request: { userID: string; conversationIDs: readonly string[]; returnPinned: boolean },
  ): Promise<ReadPositions> {
    requireUser(call, request.userID);
    requireAtMost(request.conversationIDs, maxConversations, 'conversationIDs');
    const asked = request.conversationIDs.length === 0 ? undefined : request.conversationIDs;
    const views = await this.#views.views(request.userID, asked);
    const budget = this.#budget();
    const seqs = new Map<string, Seqs>();
    const pinnedConversationIDs: string[] = [];
    const ordered = await byLastActivity(views);
    const slices = new TimeSlices();
    for (const view of ordered) {
      const { conversationID, maxSeqAt } = view;
      const isPinned = request.returnPinned && view.isPinned;
      if (!budget.takeKey(conversationID) || (isPinned && !budget.takeKey(conversationID))) break;
      // Clients subtract: the position lies within what the user may read.
      seqs.set(conversationID, { maxSeq: chatWindow(view).upper, hasReadSeq: readUpTo(view), maxSeqTime: maxSeqAt });
      if (isPinned) pinnedConversationIDs.push(conversationID);
      if (slices.isOver) await slices.next();
    }
    for (const id of asked ?? []) {
      if (!seqs.has(id) && budget.takeKey(id)) seqs.set(id, { maxSeq: 0, hasReadSeq: 0, maxSeqTime: 0 });
    }
    return { seqs, pinnedConversationIDs };
  }

  /**
   * 1002 and /msg/pull_msg_by_seq. A range that the user may not read, or that holds nothing, is left out; of a
   * conversation that is named twice the last range counts. Every chat has its newest message, in short where there is
   * no room; then come the notifications, and then the chats' older messages, the newest first, as far as there is room:
   * what is missing below a message that they have, clients ask for with 1005.
   */
  async pullRanges(call: CallContext, request: PullMessageBySeqsReq): Promise<PullReply> {
    requireUser(call, request.userID);
    requireAtMost(request.seqRanges, maxConversations, 'seqRanges');
    const windows = await this.#windows(request.userID, request.seqRanges);
    const ranges = new Map<string, ReadableRange>();
    for (const asked of request.seqRanges) {
      const range = readableRange(asked, windows.get(asked.conversationID), request.order);
      if (range !== undefined) ranges.set(asked.conversationID, range);
    }
    const isNotification = ({ conversationID }: ConversationWindow) => isNotificationConversation(conversationID);
    const notifications = [...ranges.values()].filter(isNotification);
    const chats = [...ranges.values()].filter((range) => !isNotification(range));

    const budget = this.#budget();
    const newest = await newestMessages(this.#store, request.userID, chats, budget);
    const entries: Entry[] = [];
    for (const range of notifications) {
      if (budget.takeKey(range.conversationID))
        entries.push(encodeRange(range, await this.#pull(request.userID, range, budget)));
    }
    for (const range of chats) {
      const first = newest.get(range.conversationID);
      if (first !== undefined)
        entries.push(encodeRange(range, await this.#pullChat(request.userID, range, first, budget)));
      else if (budget.takeKey(range.conversationID))
        entries.push(encodeRange(range, await this.#pull(request.userID, range, budget)));
    }
    return toPullReply(entries);
  }

  /**
   * 1005. Every conversation asked for has an entry, even an empty one: the pure-JS SDK indexes it blindly. Where there
   * is no room for all, order 1 keeps the newest and order 0 the oldest; clients ask again for what is missing.
   */
  async pullSeqs(call: CallContext, request: GetSeqMessageReq): Promise<PullReply> {
    requireUser(call, request.userID);
    requireAtMost(request.conversations, maxConversations, 'conversations');
    const windows = await this.#windows(request.userID, request.conversations);
    const budget = this.#budget();
    const asked = [...groupSeqs(request.conversations)].filter(([conversationID]) => budget.takeKey(conversationID));
    const entries: Entry[] = [];
    for (const [conversationID, seqs] of asked) {
      const window = windows.get(conversationID);
      const pullMsgs =
        window === undefined
          ? encodePullMsgs([], false, 0)
          : await this.#pullSeqList(request.userID, seqs, window, request.order, budget);
      entries.push([conversationID, pullMsgs]);
    }
    return toPullReply(entries);
  }

  /**
   * 1007: of each conversation the newest message that the user may read, in short where there is no room. A
   * conversation without one is left out, and so is one that is not the user's.
   */
  async lastMessages(
    call: CallContext,
    request: { userID: string; conversationIDs: readonly string[] },
  ): Promise<ReadonlyMap<string, Buffer>> {
    requireUser(call, request.userID);
    requireAtMost(request.conversationIDs, maxConversations, 'conversationIDs');
    const asked = request.conversationIDs.map((conversationID) => ({ conversationID }));
    const windows = await this.#windows(request.userID, asked);
    const newest = await newestMessages(this.#store, request.userID, [...windows.values()], this.#budget());
    return new Map([...newest].map(([conversationID, { body }]) => [conversationID, body]));
  }

  #budget(): ReplyBudget {
    return new ReplyBudget(this.#maxReplyBytes);
  }

  /** A chat's range, of which the newest message has its room already; what is above it is gone, or deleted by the reader. */
  async #pullChat(readerID: string, range: ReadableRange, newest: FittedMessage, budget: ReplyBudget): Promise<Pulled> {
    const { seq } = newest.message;
    const above = await this.#pull(readerID, { ...range, lower: seq + 1 }, budget);
    const below = await this.#pull(readerID, { ...range, upper: seq - 1 }, budget);
    return { bodies: [...below.bodies, newest.body, ...above.bodies], isWhole: above.isWhole && below.isWhole };
  }

  /** From the newest message down, as far as there is room. */
  async #pull(readerID: string, { logID, lower, upper }: LogWindow, budget: ReplyBudget): Promise<Pulled> {
    const newestFirst: Buffer[] = [];
    let pageSize = firstPageSize;
    for (let last = upper; last >= lower; ) {
      const first = Math.max(lower, last - pageSize + 1);
      const stored = await this.#store.range(readerID, logID, first, last, pageSize);
      for (const body of (await this.#withPlaceholders(logID, stored, numbers(first, last))).reverse()) {
        if (!budget.takeMessage(body)) return { bodies: newestFirst.reverse(), isWhole: false };
        newestFirst.push(body);
      }
      pageSize = nextPageSize(newestFirst, pageSize);
      last = first - 1;
      if (last >= lower) await giveWay();
    }
    return { bodies: newestFirst.reverse(), isWhole: true };
  }

  /** @returns the encoded PullMsgs, its messages in the order asked for */
  async #pullSeqList(
    readerID: string,
    seqs: readonly number[],
    window: ConversationWindow,
    order: number,
    budget: ReplyBudget,
  ): Promise<Buffer> {
    const readable = seqs.filter((seq) => seq >= window.lower && seq <= window.upper);
    const wanted = readable.toSorted((a, b) => (order === descending ? b - a : a - b));
    const taken = new Map<number, Buffer>();
    for (let from = 0, isFull = false; from < wanted.length && !isFull; from += firstPageSize) {
      if (from > 0) await giveWay();
      const page = wanted.slice(from, from + firstPageSize);
      const stored = await this.#store.bySeqs(readerID, window.logID, page);
      const bodies = await this.#withPlaceholders(window.logID, stored, page);
      for (const [index, seq] of page.entries()) {
        const body = bodies[index];
        isFull = body === undefined || !budget.takeMessage(body);
        if (body === undefined || isFull) break;
        taken.set(seq, body);
      }
    }
    // The Go core stops paging at these marks.
    const isPastLower = order === descending && seqs.some((seq) => seq < window.lower);
    const isPastUpper = order !== descending && seqs.some((seq) => seq > window.upper);
    const endSeq = isPastLower ? window.lower : isPastUpper ? window.upper : 0;
    const bodies = readable.flatMap((seq) => taken.get(seq) ?? []);
    return encodePullMsgs(bodies, isPastLower || isPastUpper, endSeq);
  }

  /** One body per wanted seq, in that order; a seq that holds nothing any more gets a placeholder. */
  async #withPlaceholders(
    logID: string,
    stored: readonly StoredMessage[],
    wanted: Iterable<number>,
  ): Promise<Buffer[]> {
    const shown = await presented(
      this.#store,
      stored.map((message) => ({ logID, message })),
    );
    const bySeq = new Map(stored.map(({ seq, sentAt }, index) => [seq, { sentAt, body: shown[index] }]));
    const bodies: Buffer[] = [];
    let lastSentAt = 0;
    for (const seq of wanted) {
      const found = bySeq.get(seq);
      lastSentAt = found?.sentAt ?? lastSentAt;
      bodies.push(found?.body ?? placeholder(seq, lastSentAt));
    }
    return bodies;
  }

  /** The windows of those conversations that the user may read at all. */
  async #windows(
    userID: string,
    asked: readonly { conversationID: string }[],
  ): Promise<Map<string, ConversationWindow>> {
    const ids = [...new Set(asked.map(({ conversationID }) => conversationID))];
    const notificationIDs = ids.filter(isNotificationConversation);
    const chatIDs = ids.filter((id) => !isNotificationConversation(id));
    const owned = await this.#views.views(userID, [...chatIDs, ...notificationIDs.flatMap(possibleChatIDs)]);
    const readable = new Map([[selfNotificationID(userID), selfNotificationID(userID)]]);
    for (const { conversationID, logID } of owned.filter(hearsNotifications)) {
      readable.set(companionNotificationID(conversationID), companionLogID(logID));
    }
    const bounds = await this.#store.bounds(notificationIDs.flatMap((id) => readable.get(id) ?? []));

    const asks = new Set(chatIDs);
    const windows = new Map<string, ConversationWindow>();
    for (const view of owned) if (asks.has(view.conversationID)) windows.set(view.conversationID, chatWindow(view));
    for (const id of notificationIDs) {
      const logID = readable.get(id) ?? '';
      const bound = bounds.get(logID);
      if (bound !== undefined) windows.set(id, notificationWindow(id, logID, bound));
    }
    return windows;
  }
}

export function encodePull({ chats, notifications }: PullReply): Buffer {
  return encodePullReply(chats, notifications);
}

/** An encoded PullMsgs under its conversation ID. */
type Entry = readonly [conversationID: string, pullMsgs: Buffer];

/** What of a range that was asked for may be had. */
interface ReadableRange extends ConversationWindow {
  /** Whether it reaches the end of what there is; in order 1 only if nothing is left out. */
  readonly reachesEnd: boolean;
  readonly order: number;
}

interface Pulled {
  /** Ascending. */
  readonly bodies: readonly Buffer[];
  /** Nothing is missing for lack of room. */
  readonly isWhole: boolean;
}

/** Of a chat the newest `num`, of notifications all. @returns undefined if nothing of it may be read */
function readableRange(
  { conversationID, begin, end, num }: SeqRange,
  window: ConversationWindow | undefined,
  order: number,
): ReadableRange | undefined {
  if (window === undefined) return undefined;
  const upper = Math.min(end, window.upper);
  const newestOnly = isNotificationConversation(conversationID) ? 0 : upper - num + 1;
  const lower = Math.max(begin, window.lower, newestOnly);
  const reachesEnd = order === descending ? begin <= window.lower : window.upper <= end;
  return lower > upper ? undefined : { conversationID, logID: window.logID, lower, upper, reachesEnd, order };
}

function encodeRange({ conversationID, reachesEnd, order }: ReadableRange, { bodies, isWhole }: Pulled): Entry {
  return [conversationID, encodePullMsgs(bodies, reachesEnd && (isWhole || order !== descending), 0)];
}

function toPullReply(entries: readonly Entry[]): PullReply {
  return {
    chats: new Map(entries.filter(([id]) => !isNotificationConversation(id))),
    notifications: new Map(entries.filter(([id]) => isNotificationConversation(id))),
  };
}

/** Messages that are read together: few at first, for each may be as large as messages get. */
const firstPageSize = 8;
const maxPageSize = 100;
const smallBytes = 2048;

/** Grows as long as messages are small. */
function nextPageSize(read: readonly Buffer[], pageSize: number): number {
  const bytes = read.reduce((sum, body) => sum + body.length, 0);
  return bytes < read.length * smallBytes ? Math.min(maxPageSize, pageSize * 4) : firstPageSize;
}

function byLastActivity(views: readonly ConversationView[]): Promise<ConversationView[]> {
  return sortedInSlices(views, (a, b) => b.maxSeqAt - a.maxSeqAt);
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

function* numbers(first: number, last: number): Generator<number> {
  for (let seq = first; seq <= last; seq += 1) yield seq;
}
