/**
 * How far the logs of messages are counted, as the transaction under way sees them. One process at a time appends, it holds
 * the data directory, and its transactions come one after the other: so what it has written itself it need not read again.
 */
import type { StatementCache } from './statement-cache.ts';

export interface LogCounter {
  readonly logID: string;
  maxSeq: number;
  /** When that was accepted, Unix ms. */
  maxSeqAt: number;
  /** The last send time that the server has given, Unix ms. */
  lastSentAt: number;
}

export class LogCounters {
  readonly #limit: number;
  #known = new Map<string, LogCounter>();

  /** @param limit of logs in memory */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** The caller raises what it is given, and stores it in the same transaction. */
  of(connection: StatementCache, logID: string): LogCounter {
    const known = this.#known.get(logID);
    if (known !== undefined) return known;
    const row = connection.prepare(counterQuery).get(logID) as CounterRow | undefined;
    const counter = {
      logID,
      maxSeq: row?.max_seq ?? 0,
      maxSeqAt: row?.max_seq_at ?? 0,
      lastSentAt: row?.last_sent_at ?? 0,
    };
    this.#known.set(logID, counter);
    return counter;
  }

  store(connection: StatementCache, { logID, maxSeq, maxSeqAt, lastSentAt }: LogCounter): void {
    connection.prepare(storeCounter).run(logID, maxSeq, maxSeqAt, lastSentAt);
  }

  /** To be called when a transaction is over, before another begins. */
  over(isCommitted: boolean): void {
    // Not in the midst of one, which may have raised what would be read again.
    if (!isCommitted || this.#known.size > this.#limit) this.forget();
  }

  /** To be called when a part of a transaction has been undone: what is known may be of it. */
  forget(): void {
    this.#known = new Map();
  }
}

interface CounterRow {
  readonly max_seq: number;
  readonly max_seq_at: number;
  readonly last_sent_at: number;
}

const counterQuery = 'SELECT max_seq, max_seq_at, last_sent_at FROM conversation_seqs WHERE conversation_id = ?';

const storeCounter = `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at, last_sent_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (conversation_id) DO UPDATE SET max_seq = excluded.max_seq, max_seq_at = excluded.max_seq_at,
    last_sent_at = excluded.last_sent_at`;
