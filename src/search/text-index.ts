/**
 * Keeps the index of texts in step with the log, behind it: nothing of this is on the path of a message. Which logs have
 * new messages is remembered here; how far each has been indexed is in the database, and what an earlier process has
 * left is found when it starts. A log's cursor is locked while it moves, so that several processes may do the same.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { wordsOfMessage } from './message-words.ts';
import type { IndexedText, LogCursor, TextIndexStore } from './text-index-store.ts';

export interface TextIndexOptions {
  readonly store: Pick<TextIndexStore, 'cursors' | 'behind' | 'write' | 'chats'>;
  readonly unitOfWork: UnitOfWork;
  readonly observer: TextIndexObserver;
  /** For tests. */
  readonly pace?: Pace;
}

export interface TextIndexObserver {
  /** How many logs are known to have messages that are not in the index yet. */
  waiting(logs: number): void;
  indexed(messages: number): void;
  /** It is tried again. */
  failed(error: unknown): void;
}

/** Of the work, which shares its processor, and in SQLite its writer, with those who send. */
export interface Pace {
  /** How long messages wait for more to come, ms. */
  readonly settleMs: number;
  /**
   * The pause after a piece of work, in times of what it took: while nobody sends, while somebody does, and while
   * somebody does and something has been waiting for `lateAfterMs`.
   */
  readonly restWhenQuiet: number;
  readonly restWhenBusy: number;
  readonly restWhenLate: number;
  readonly lateAfterMs: number;
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
}

export const usualPace: Pace = {
  settleMs: 300,
  restWhenQuiet: 1,
  restWhenBusy: 19,
  restWhenLate: 4,
  lateAfterMs: 60_000,
  firstRetryMs: 100,
  longestRetryMs: 30_000,
};

export class TextIndex {
  readonly #options: TextIndexOptions;
  readonly #pace: Pace;
  readonly #waiting = new Set<string>();
  readonly #closing = new AbortController();
  #isBusy = false;
  #running: Promise<void> | undefined;
  #catchingUp: Promise<void> | undefined;
  /** Whoever waits for the work to get on. */
  #onProgress: PromiseWithResolvers<void> | undefined;

  constructor(options: TextIndexOptions) {
    this.#options = options;
    this.#pace = options.pace ?? usualPace;
  }

  /** A log has new messages. Every message comes by here: it must cost next to nothing. */
  note(logID: string): void {
    if (!isChat(logID) || this.#closing.signal.aborted) return;
    this.#isBusy = true;
    this.#add(logID);
  }

  /** Goes through all chats for what earlier processes have left; in the background, in small pieces. */
  start(): void {
    this.#catchingUp ??= this.#catchUp();
  }

  /** Resolves when the piece under way is done; the rest is found at the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#tellProgress();
    await this.#catchingUp;
    await this.#running;
  }

  #add(logID: string): void {
    this.#waiting.add(logID);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    await this.#pause(this.#pace.settleMs);
    let behindSince = performance.now();
    let failures = 0;
    while (this.#waiting.size > 0 && !this.#closing.signal.aborted) {
      this.#options.observer.waiting(this.#waiting.size);
      const startedAt = performance.now();
      try {
        if (await this.#indexPiece()) behindSince = startedAt;
        failures = 0;
        const now = performance.now();
        const times = restAfter(this.#pace, { isBusy: this.#isBusy, forMs: now - behindSince });
        this.#isBusy = false;
        await this.#pause(times * (now - startedAt));
      } catch (error) {
        this.#options.observer.failed(error);
        await this.#pause(Math.min(this.#pace.firstRetryMs * 2 ** failures++, this.#pace.longestRetryMs));
      }
      this.#tellProgress();
    }
    this.#options.observer.waiting(this.#waiting.size);
    this.#running = undefined;
  }

  /** @returns whether it was all that waited when it began */
  async #indexPiece(): Promise<boolean> {
    const isAll = this.#waiting.size <= logsPerPiece;
    const logIDs = [...this.#waiting.keys().take(logsPerPiece)].sort();
    // What comes from now on may be missed by the piece, and is noted again.
    for (const logID of logIDs) this.#waiting.delete(logID);
    try {
      const { messages, unfinished } = await this.#options.unitOfWork.transaction((tx) => this.#index(tx, logIDs));
      for (const logID of unfinished) this.#waiting.add(logID);
      this.#options.observer.indexed(messages);
      return isAll && unfinished.length === 0;
    } catch (error) {
      for (const logID of logIDs) this.#waiting.add(logID);
      throw error;
    }
  }

  /** @returns how many messages were looked at, and the logs that may have more */
  async #index(
    tx: Transaction,
    logIDs: readonly string[],
  ): Promise<{ readonly messages: number; readonly unfinished: readonly string[] }> {
    const { store } = this.#options;
    const cursors = await store.cursors(tx, logIDs);
    const stored = await store.behind(tx, cursors, messagesPerPiece);
    const texts: IndexedText[] = [];
    const moved = new Map<number, number>();
    let messages = 0;
    let wordsLeft = wordsPerPiece;
    for (const { logNo, seq, body } of stored) {
      if (wordsLeft <= 0) break;
      const words = wordsOfMessage(MsgData.decode(body));
      wordsLeft -= words.length;
      if (words.length > 0) texts.push({ logNo, seq, words });
      moved.set(logNo, seq);
      messages += 1;
    }
    const byNumber = new Map(cursors.map((cursor) => [cursor.logNo, cursor]));
    const newCursors = [...moved].flatMap(([logNo, indexedSeq]): LogCursor[] => {
      const cursor = byNumber.get(logNo);
      return cursor === undefined ? [] : [{ ...cursor, indexedSeq }];
    });
    await store.write(tx, texts, newCursors);
    if (messages === stored.length && stored.length < messagesPerPiece) return { messages, unfinished: [] };
    // The log that it has stopped in, and those behind it.
    const last = cursors.findIndex(({ logNo }) => logNo === newCursors.at(-1)?.logNo);
    return { messages, unfinished: cursors.slice(last).map(({ logID }) => logID) };
  }

  async #catchUp(): Promise<void> {
    let after = 's';
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      try {
        const chats = await this.#options.store.chats(after, chatsPerPage);
        failures = 0;
        for (const { logID, isBehind } of chats) if (isBehind) this.#add(logID);
        after = chats.at(-1)?.logID ?? after;
        if (chats.length < chatsPerPage) return;
      } catch (error) {
        this.#options.observer.failed(error);
        await this.#pause(Math.min(this.#pace.firstRetryMs * 2 ** failures++, this.#pace.longestRetryMs));
      }
      while (this.#waiting.size > mostWaiting && !this.#closing.signal.aborted) await this.#progress();
      await this.#pause(0);
    }
  }

  #progress(): Promise<void> {
    this.#onProgress ??= Promise.withResolvers();
    return this.#onProgress.promise;
  }

  #tellProgress(): void {
    this.#onProgress?.resolve();
    this.#onProgress = undefined;
  }

  /** Nobody waits for it when the process stops. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { ref: false, signal: this.#closing.signal }).catch(() => {});
  }
}

/** @param forMs how long something has been waiting all the time */
export function restAfter(pace: Pace, { isBusy, forMs }: { readonly isBusy: boolean; readonly forMs: number }): number {
  if (!isBusy) return pace.restWhenQuiet;
  return forMs < pace.lateAfterMs ? pace.restWhenBusy : pace.restWhenLate;
}

/** One transaction takes some milliseconds. */
const logsPerPiece = 100;
const messagesPerPiece = 200;
const wordsPerPiece = 6000;

const chatsPerPage = 250;
/** Logs of earlier processes wait in the database and not in memory. */
const mostWaiting = 1000;

/** `si`, `sg` and `sn`: see protocol/log-id.ts. Notifications have no texts. */
function isChat(logID: string): boolean {
  return logID.startsWith('s');
}
