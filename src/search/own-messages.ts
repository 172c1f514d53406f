/**
 * A user's search of its own conversations (conversations-messages chapter, 9.11). A call does a bounded amount of work
 * and says where it has stopped; what it finds is read as every other message is.
 */
import { presented } from '../conversations/presentation.ts';
import type { ConversationView, ConversationViewStore } from '../conversations/view-store.ts';
import { chatWindow } from '../conversations/windows.ts';
import { AnswerBudget } from '../kernel/answer-budget.ts';
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { sortedInSlices } from '../kernel/time-slices.ts';
import type { MessageStore, StoredMessage } from '../log/message-store.ts';
import { errors } from '../protocol/errors.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { wordsOfKeyword } from './keyword.ts';
import { blockOf, type LogPiece, messagesPerBlock, type TextIndexStore } from './text-index-store.ts';

export interface OwnMessagesOptions {
  readonly index: Pick<TextIndexStore, 'logNumbers' | 'find'>;
  readonly views: ConversationViewStore;
  readonly messages: Pick<MessageStore, 'bySeqs' | 'revoked'>;
  readonly limits: {
    readonly maxKeywordBytes: number;
    readonly maxSearchPieces: number;
    readonly maxAnswerBytes: number;
  };
  /** Unix ms; of the clock by which conversations are active. */
  readonly now: () => number;
}

/** What is wanted; what is empty or 0 leaves out none. */
export interface OwnMessageQuery {
  readonly userID: string;
  readonly keyword: string;
  readonly conversationID: string;
  readonly sendID: string;
  /** Unix ms. */
  readonly startTime: number;
  /** Unix ms; not included. */
  readonly endTime: number;
  readonly contentTypes: readonly number[];
  /** Of a page; 0: the usual. */
  readonly count: number;
  /** Where an earlier call has stopped; empty: the beginning. */
  readonly cursor: string;
}

export interface OwnMessage {
  readonly conversationID: string;
  readonly seq: number;
  /** As the user reads it. */
  readonly message: MsgData;
}

export interface OwnMessagePage {
  readonly messages: readonly OwnMessage[];
  /** Where to go on; empty: there is no more. */
  readonly nextCursor: string;
}

export class OwnMessages {
  readonly #options: OwnMessagesOptions;

  constructor(options: OwnMessagesOptions) {
    this.#options = options;
  }

  /** @throws 1001 ill-formed, 1002 not the caller's */
  async search(call: CallContext, query: OwnMessageQuery): Promise<OwnMessagePage> {
    const { userID, conversationID, startTime, endTime, count } = query;
    if (userID === '') throw errors.args('userID is empty');
    const words = wordsOfKeyword(query.keyword, this.#options.limits.maxKeywordBytes);
    if (count < 0 || count > maxCount) throw errors.args(`count must be 0 to ${maxCount}`);
    if (startTime < 0 || endTime < 0) throw errors.args('times must not be below 0');
    const cursor = query.cursor === '' ? undefined : parseCursor(query.cursor);
    requireAccess(call, userID);

    const views = await this.#options.views.views(userID, conversationID === '' ? undefined : [conversationID]);
    const startedAt = cursor?.startedAt ?? this.#options.now();
    const order = orderOf(startedAt);
    const ahead = cursor === undefined ? views : views.filter((view) => order(view, cursor) >= 0);
    const page = new Page(query, count === 0 ? usualCount : count, this.#options.limits.maxAnswerBytes);
    const stoppedAt = await this.#fill(page, words, await sortedInSlices(ahead, order), cursor);
    return {
      messages: page.messages,
      nextCursor: stoppedAt === undefined ? '' : writeCursor({ startedAt, ...stoppedAt }),
    };
  }

  /** @returns where it has stopped; undefined at the end */
  async #fill(
    page: Page,
    words: readonly string[],
    views: readonly ConversationView[],
    cursor: Cursor | undefined,
  ): Promise<Place | undefined> {
    const { index, limits } = this.#options;
    let piecesLeft = limits.maxSearchPieces;
    let together = 1;
    const ahead = new PieceQueue(views, cursor, (logIDs) => index.logNumbers(logIDs));
    for (;;) {
      const pieces = await ahead.take(Math.min(together, piecesLeft));
      if (pieces.length === 0) return ahead.next();
      piecesLeft -= pieces.length;
      // What is in every message is found in the first stretch, and what is rare in many at once.
      together = Math.min(2 * together, mostTogether);
      const found = await index.find(words, pieces);
      for (const [at, piece] of pieces.entries()) {
        const fullAt = await this.#read(page, piece, found[at] ?? []);
        if (fullAt !== undefined) return { ...placeOf(piece.view), below: fullAt };
      }
    }
  }

  /** @param seqs descending. @returns the seq below which to go on, if the page has no more room */
  async #read(page: Page, { view }: OwnPiece, seqs: readonly number[]): Promise<number | undefined> {
    const { messages } = this.#options;
    for (let from = 0; from < seqs.length; from += readTogether) {
      const wanted = seqs.slice(from, from + readTogether);
      const stored = await messages.bySeqs(page.userID, view.logID, wanted);
      const readable = stored.filter((message) => isReadable(message) && page.wants(message)).reverse();
      const bodies = await presented(
        messages,
        readable.map((message) => ({ logID: view.logID, message })),
      );
      for (const [at, { seq }] of readable.entries()) {
        const body = bodies[at];
        if (body !== undefined && !page.takes(view.conversationID, seq, body)) return seq + 1;
        if (page.isFull) return seq;
      }
      if (page.hasLooked(wanted.length)) return wanted.at(-1);
    }
    return undefined;
  }
}

const usualCount = 20;
const maxCount = 100;
/** Stretches that are looked through at once. */
const mostTogether = 32;
const readTogether = 25;
/** Of one call, wanted or not. */
const mostRead = 1000;

function isReadable({ revocation, isDeleted }: StoredMessage): boolean {
  return revocation === undefined && !isDeleted;
}

class Page {
  readonly messages: OwnMessage[] = [];
  readonly #query: OwnMessageQuery;
  readonly #count: number;
  readonly #budget: AnswerBudget;
  #read = 0;

  constructor(query: OwnMessageQuery, count: number, maxBytes: number) {
    this.#query = query;
    this.#count = count;
    this.#budget = new AnswerBudget(maxBytes);
  }

  get userID(): string {
    return this.#query.userID;
  }

  wants({ sendID, sentAt, contentType }: StoredMessage): boolean {
    const { sendID: onlyOf, startTime, endTime, contentTypes } = this.#query;
    if (onlyOf !== '' && sendID !== onlyOf) return false;
    if (contentTypes.length > 0 && !contentTypes.includes(contentType)) return false;
    return sentAt >= startTime && (endTime === 0 || sentAt < endTime);
  }

  get isFull(): boolean {
    return this.messages.length >= this.#count;
  }

  /** @returns false if the answer has no room for it; one message always has */
  takes(conversationID: string, seq: number, body: Buffer): boolean {
    const message = MsgData.decode(body);
    const fits = this.#budget.takes({ ...message, content: Buffer.from(message.content).toString('base64') });
    if (!fits && this.messages.length > 0) return false;
    this.messages.push({ conversationID, seq, message });
    return true;
  }

  /** @returns whether a call has read enough */
  hasLooked(messages: number): boolean {
    this.#read += messages;
    return this.#read >= mostRead;
  }
}

interface OwnPiece extends LogPiece {
  readonly view: ConversationView;
}

/** The stretches of conversations, one conversation after another, the newest messages first. */
class PieceQueue {
  readonly #views: readonly ConversationView[];
  readonly #numbers: (logIDs: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  #known: ReadonlyMap<string, number> = new Map();
  #knownUpTo = 0;
  #at = 0;
  /** Of the conversation in front, the seq below which to go on; undefined: from its newest. */
  #below: number | undefined;

  constructor(
    views: readonly ConversationView[],
    cursor: Cursor | undefined,
    numbers: (logIDs: readonly string[]) => Promise<ReadonlyMap<string, number>>,
  ) {
    this.#views = views;
    this.#numbers = numbers;
    if (cursor !== undefined && views[0]?.conversationID === cursor.conversationID) this.#below = cursor.below;
  }

  /** At most `count`; fewer at the end. */
  async take(count: number): Promise<OwnPiece[]> {
    const pieces: OwnPiece[] = [];
    while (pieces.length < count) {
      const view = this.#views[this.#at];
      if (view === undefined) break;
      if (this.#at >= this.#knownUpTo) await this.#lookUp();
      const logNo = this.#known.get(view.logID);
      const { lower, upper: newest } = chatWindow(view);
      const upper = Math.min(newest, (this.#below ?? Number.MAX_SAFE_INTEGER) - 1);
      if (logNo === undefined || upper < lower) {
        this.#at += 1;
        this.#below = undefined;
        continue;
      }
      const first = Math.max(lower, blockOf(upper) * messagesPerBlock);
      pieces.push({ view, logNo, lower: first, upper });
      this.#below = first;
    }
    return pieces;
  }

  /** What has not been taken yet. */
  next(): Place | undefined {
    const current = this.#views[this.#at];
    const isOver = current !== undefined && this.#below !== undefined && this.#below <= chatWindow(current).lower;
    const view = isOver ? this.#views[this.#at + 1] : current;
    const below = isOver ? undefined : this.#below;
    return view === undefined ? undefined : { ...placeOf(view), below: below ?? Number.MAX_SAFE_INTEGER };
  }

  async #lookUp(): Promise<void> {
    const views = this.#views.slice(this.#at, this.#at + viewsLookedUp);
    this.#known = await this.#numbers(views.map(({ logID }) => logID));
    this.#knownUpTo = this.#at + views.length;
  }
}

const viewsLookedUp = 250;

/** A conversation's place in the order of a search. */
type OrderKey = Pick<ConversationView, 'maxSeqAt' | 'conversationID'>;

interface Place extends OrderKey {
  /** The seq below which to go on. */
  readonly below: number;
}

interface Cursor extends Place {
  /** Of the first call, Unix ms. */
  readonly startedAt: number;
}

/** The last active first; those that have become active since the first call come last, so that none is passed over. */
function orderOf(startedAt: number): (a: OrderKey, b: OrderKey) => number {
  const isLate = ({ maxSeqAt }: OrderKey) => maxSeqAt > startedAt;
  return (a, b) => {
    if (isLate(a) !== isLate(b)) return isLate(a) ? 1 : -1;
    return (isLate(a) ? 0 : b.maxSeqAt - a.maxSeqAt) || compareIDs(a.conversationID, b.conversationID);
  };
}

function placeOf({ maxSeqAt, conversationID }: ConversationView): OrderKey {
  return { maxSeqAt, conversationID };
}

function compareIDs(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function writeCursor({ startedAt, maxSeqAt, below, conversationID }: Cursor): string {
  return Buffer.from(JSON.stringify([startedAt, maxSeqAt, below, conversationID])).toString('base64url');
}

/** @throws 1001 */
function parseCursor(text: string): Cursor {
  const [, startedAt, maxSeqAt, below, conversationID] =
    /^\[(\d{1,16}),(\d{1,16}),(\d{1,16}),"([^"\\]+)"\]$/.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (conversationID === undefined) throw errors.args('cursor is not one that this endpoint gave');
  return { startedAt: Number(startedAt), maxSeqAt: Number(maxSeqAt), below: Number(below), conversationID };
}
