/**
 * The one writer of the embedded database. Transactions that wait at the same time run one after the other and share a
 * commit, since what a durable write costs is its sync; none is answered before the commit that holds it. Another
 * program's lock is waited for without holding up anything else.
 */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { TransactionOverdue } from './sql-transaction.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { StatementCache } from './statement-cache.ts';
import type { WriteHealth } from './write-health.ts';

export interface SqliteWriterOptions {
  readonly connection: StatementCache;
  readonly file: Pick<SqliteFile, 'check'>;
  readonly health: Pick<WriteHealth, 'failed' | 'succeeded'>;
  /** How long a transaction waits for another program's lock. */
  readonly patienceMs: number;
  /** Called when a transaction is over, committed or not, before anybody is told of it. */
  readonly onOver?: (isCommitted: boolean) => void;
  /** Called when one of several that share a transaction has been undone by itself, before the next runs. */
  readonly onUndone?: () => void;
}

export class SqliteWriter {
  readonly #options: SqliteWriterOptions;
  #waiting: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(options: SqliteWriterOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` in a transaction; resolves with its result once that is on disk. `work` sees what those before it have
   * written; if it throws, only what it wrote itself is undone.
   * @param isLarge it writes more than most, and is run first in its commit, where that costs least
   * @throws what `work` throws, or why it could not be stored
   */
  run<T>(work: () => T | Promise<T>, isLarge = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      this.#waiting.push({
        isLarge,
        isLeftOver: false,
        until: performance.now() + this.#options.patienceMs,
        run: async () => {
          result = await work();
        },
        stored: () => resolve(result),
        reject,
      });
      this.#running ??= this.#work();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    do {
      // Let everything that this turn of the event loop still brings join the commit, and what the next ones read: while
      // others are busy there is always more, and while nobody is they are over at once.
      for (let turn = 0; turn < turnsToJoin; turn += 1) await nextTurn();
      if (!(await this.#begin())) continue;
      this.#letLargestGoFirst();
      await this.#runTogether();
      for (const job of this.#waiting) job.isLeftOver = true;
    } while (this.#waiting.length > 0);
    this.#running = undefined;
  }

  /** @returns false if there is nobody left who would wait */
  async #begin(): Promise<boolean> {
    const { connection } = this.#options;
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        // Where that failed before, what is begun now must not add to it.
        this.#rollBack();
        connection.prepare('BEGIN IMMEDIATE').run();
        return true;
      } catch (error) {
        if (!isBusy(error)) return this.#fail(this.#waiting.splice(0), error);
      }
      const now = performance.now();
      const overdue = this.#waiting.filter(({ until }) => until <= now);
      this.#waiting = this.#waiting.filter(({ until }) => until > now);
      if (overdue.length > 0) this.#fail(overdue, new Error('another program keeps the database locked'));
      if (this.#waiting.length === 0) return false;
      await delay(pauseMs);
    }
  }

  /** Unless somebody waits who was left out of a commit already: nobody is overtaken twice. */
  #letLargestGoFirst(): void {
    if (this.#waiting[0]?.isLeftOver) return;
    const index = this.#waiting.findIndex(({ isLarge }) => isLarge);
    if (index > 0) this.#waiting.unshift(...this.#waiting.splice(index, 1));
  }

  async #runTogether(): Promise<void> {
    const { connection, file, health, onOver } = this.#options;
    const done: Job[] = [];
    const enoughAt = performance.now() + longestBatchMs;
    let isCommitted = false;
    try {
      for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
        done.push(job);
        if (!(await (done.length === 1 ? this.#runFirst(job) : this.#runBeside(job)))) done.pop();
        if (done.length === 0) return;
        if (performance.now() > enoughAt) break;
      }
      connection.prepare('COMMIT').run();
      isCommitted = true;
      file.check();
    } catch (error) {
      this.#fail(done, error);
      try {
        this.#rollBack();
      } catch {
        // The first cause has been told. It is tried again before the next transaction.
      }
      return;
    } finally {
      onOver?.(isCommitted);
    }
    health.succeeded();
    for (const job of done) job.stored();
  }

  /**
   * There is nobody else's work in the transaction yet, which can be undone whole: a savepoint copies every page that is
   * changed, for which a batch of messages would pay a third of its CPU.
   * @returns false if the job failed for a reason of its own; then the transaction is over
   * @throws if the database failed
   */
  async #runFirst(job: Job): Promise<boolean> {
    try {
      await job.run();
      return true;
    } catch (error) {
      if (isStorageFailure(error) || !this.#options.connection.isTransaction) throw error;
      this.#rollBack();
      this.#refuse(job, error);
      return false;
    }
  }

  /**
   * @returns false if the job failed for a reason of its own, and left nothing behind
   * @throws if the database failed
   */
  async #runBeside(job: Job): Promise<boolean> {
    const { connection, onUndone } = this.#options;
    connection.prepare('SAVEPOINT job').run();
    try {
      await job.run();
      connection.prepare('RELEASE job').run();
      return true;
    } catch (error) {
      if (isStorageFailure(error) || !connection.isTransaction) throw error;
      connection.prepare('ROLLBACK TO job').run();
      connection.prepare('RELEASE job').run();
      onUndone?.();
      this.#refuse(job, error);
      return false;
    }
  }

  /** While one does not come to its end, nobody can write. */
  #refuse(job: Job, error: unknown): void {
    if (error instanceof TransactionOverdue) this.#options.health.failed(error);
    job.reject(error);
  }

  /** SQLite may have rolled back by itself, when the disk is full for one. */
  #rollBack(): void {
    const { connection } = this.#options;
    if (connection.isTransaction) connection.prepare('ROLLBACK').run();
  }

  #fail(jobs: readonly Job[], error: unknown): false {
    this.#options.health.failed(error);
    for (const job of jobs) job.reject(error);
    return false;
  }
}

interface Job {
  readonly isLarge: boolean;
  /** A commit was full before its turn. */
  isLeftOver: boolean;
  /** Of `performance.now()`. */
  readonly until: number;
  readonly run: () => Promise<void>;
  readonly stored: () => void;
  readonly reject: (error: unknown) => void;
}

/** Of 200 clients who send without a pause, 163 share a commit after four turns, and 118 after two. */
const turnsToJoin = 4;

/** A batch that takes so long already takes no more: the event loop has other work. */
const longestBatchMs = 20;
const longestPauseMs = 50;

/** SQLITE_BUSY, also in its extended forms. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5;
}

/** NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB: the database's own trouble, not the statement's. */
function isStorageFailure(error: unknown): boolean {
  return [7, 8, 10, 11, 13, 14, 26].includes(primaryCode(error));
}

function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}
