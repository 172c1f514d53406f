/**
 * Group commit: messages that arrive while a commit is under way share the next one, so that the cost of a durable
 * write is divided among all who wait for it (design, section 4). The order of acceptance is kept per conversation.
 */
import { InDoubt } from '../kernel/in-doubt.ts';
import type { Appended, MessageStore, NewMessage } from './message-store.ts';

export interface GroupCommitOptions {
  readonly store: Pick<MessageStore, 'append'>;
  /** Commits under way at once. A log always uses the same lane. 1 where the engine has a single writer. */
  readonly lanes: number;
  /** Messages in one commit at the most. */
  readonly maxBatch: number;
  /** Told of each commit, before the senders are. */
  readonly onCommit?: (commit: Commit) => void;
  /** Of a commit it is not known yet whether it holds. */
  readonly onDoubt?: () => void;
}

export interface Commit {
  /** Of its messages, some of which may not have been stored. */
  readonly logIDs: Iterable<string>;
  readonly stored: number;
  /** Messages that were there already. */
  readonly repeated: number;
  readonly durationMs: number;
}

interface Waiting {
  readonly message: NewMessage;
  /** Has the sender's promise kept. */
  readonly tell: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #lanes: readonly Lane[];

  constructor(options: GroupCommitOptions) {
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(options));
  }

  /**
   * Resolves once the message is on disk, with what `onStored` makes of it, which is called at that moment too,
   * synchronously and in seq order within a conversation: promises cannot guarantee that.
   */
  append<T>(message: NewMessage, onStored: (appended: Appended) => T): Promise<T> {
    const lane = this.#lanes[hash(message.logID) % this.#lanes.length] ?? this.#lanes[0];
    if (lane === undefined) throw new RangeError('group commit needs at least one lane');
    return new Promise((resolve, reject) => {
      lane.add({ message, tell: (appended) => resolve(onStored(appended)), reject });
    });
  }

  /** Resolves when nothing is waiting or under way. */
  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
  }
}

class Lane {
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  add(entry: Waiting): void {
    this.#waiting.push(entry);
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Let everything that this turn of the event loop still brings join the first commit.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commit();
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    const startedAt = performance.now();
    const { store, maxBatch } = this.#options;
    const { length: waitingBefore } = this.#waiting;
    let batch: readonly Waiting[] = [];
    const take = (most: number) => {
      if (batch.length === 0) batch = this.#waiting.splice(0, most);
    };
    const taken = () => {
      take(maxBatch);
      return batch.map(({ message }) => message);
    };
    let results: readonly Appended[];
    try {
      // A store that has not asked for any has done nothing for what has come since then.
      results = await store.append(taken).finally(() => take(Math.min(waitingBefore, maxBatch)));
    } catch (error) {
      for (const entry of batch) entry.reject(error);
      if (error instanceof InDoubt) {
        this.#options.onDoubt?.();
        void this.#tellLate(batch, error);
      }
      return;
    }
    const repeated = results.filter(({ isDuplicate }) => isDuplicate).length;
    const refused = results.filter(({ isRefused }) => isRefused).length;
    this.#options.onCommit?.({
      logIDs: new Set(batch.map(({ message }) => message.logID)),
      stored: results.length - repeated - refused,
      repeated,
      durationMs: performance.now() - startedAt,
    });
    tellAll(batch, results);
  }

  /**
   * Their senders have been told of a failure and hear on their next attempt that it is stored; but that attempt is a
   * repeat, which is delivered to nobody.
   */
  async #tellLate(batch: readonly Waiting[], { outcome }: InDoubt): Promise<void> {
    const results = (await outcome) as readonly Appended[] | undefined;
    if (results !== undefined) tellAll(batch, results);
  }
}

/** In order, whatever one of them makes of it. */
function tellAll(batch: readonly Waiting[], results: readonly Appended[]): void {
  batch.forEach(({ tell, reject }, index) => {
    const appended = results[index];
    try {
      if (appended === undefined) throw new Error('the store answered for fewer messages than it was given');
      tell(appended);
    } catch (error) {
      // If it is stored, its sender will repeat it and hear so. The others of the batch must not suffer.
      reject(error);
    }
  });
}

/** FNV-1a: spreads conversation IDs over lanes. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}
