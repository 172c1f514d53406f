/**
 * How SQLite finds a message that is sent again. With an index of sender, clientMsgID and log each message of a commit
 * dirties a page of its own, and to write these costs a fifth of what a message does. So a table has a short key of each
 * message, and new keys get there by the thousand, in their order. Until then they are in memory and, for the next start,
 * in one row of each commit.
 *
 * A key says where to look, no more: whoever finds one looks at the message itself. So keys of messages that were undone
 * or erased do no harm, nor do messages that share one. And one process at a time appends: it holds the data directory.
 */
import { hash } from 'node:crypto';
import type { StatementCache } from './statement-cache.ts';

/** Of 52 bits, from a hash that nobody can aim: what a client chooses must not make others' messages share a key. */
export function messageKey(sendID: string, clientMsgID: string, logID: string): number {
  const text = `${sendID.length} ${clientMsgID.length} ${sendID}${clientMsgID}${logID}`;
  // In a string of one byte each, which costs less than hexadecimal digits or a buffer.
  const bytes = hash('sha1', text, 'binary');
  const first24 = (bytes.charCodeAt(0) << 16) | (bytes.charCodeAt(1) << 8) | bytes.charCodeAt(2);
  const next28 =
    (bytes.charCodeAt(3) << 20) | (bytes.charCodeAt(4) << 12) | (bytes.charCodeAt(5) << 4) | (bytes.charCodeAt(6) >> 4);
  return first24 * 2 ** 28 + next28;
}

export interface MessageKeysOptions {
  /** Sees what is committed only. */
  readonly reading: StatementCache;
  /** See {@link SqliteHandle.write}. */
  readonly write: (work: (connection: StatementCache) => void) => Promise<void>;
  /** How many keys are in memory when they are moved into the table. */
  readonly limit?: number | undefined;
}

export class MessageKeys {
  readonly #options: MessageKeysOptions;
  readonly #limit: number;
  #fresh = new KeyMap();
  /** What `#fresh` has of the transaction under way. */
  #uncommitted: Pair[] = [];
  /**
   * Given to rows by this process, and never twice: SQLite would give the numbers of moved rows again, and a move that is
   * made again would take new rows with it.
   */
  #lastRow = 0;
  /** What is being moved, or was when that failed. */
  #leaving: { readonly keys: KeyMap; readonly lastRow: number } | undefined;
  #isMoving = false;
  #isClosed = false;

  constructor(options: MessageKeysOptions) {
    this.#options = options;
    this.#limit = options.limit ?? 16_384;
    for (const { id, keys } of options.reading.prepare('SELECT id, keys FROM message_keys_new ORDER BY id').iterate()) {
      this.#fresh.addPacked(keys as Uint8Array);
      this.#lastRow = Number(id);
    }
  }

  /** Where in its log the message may be, as far as that connection sees: each seq at least once. */
  seqsOf(connection: StatementCache, key: number): readonly number[] {
    const fresh = this.#fresh.seqsOf(key);
    const leaving = this.#leaving?.keys.seqsOf(key) ?? nowhere;
    const isInTable = connection.prepare(findKey).get(key) !== undefined;
    // As nearly always, since nearly every message is new.
    if (!isInTable && leaving === nowhere && fresh === nowhere) return nowhere;
    const moved = connection.prepare(findKey).all(key) as unknown as { readonly seq: number }[];
    return [...moved.map(({ seq }) => seq), ...leaving, ...fresh];
  }

  /** Of a message that the transaction under way has stored. It is found at once. */
  add(pair: Pair): void {
    this.#fresh.add(...pair);
    this.#uncommitted.push(pair);
  }

  /** To be called in the transaction, with what it has added. */
  store(connection: StatementCache, pairs: readonly Pair[]): void {
    if (pairs.length === 0) return;
    this.#lastRow += 1;
    connection.prepare('INSERT INTO message_keys_new (id, keys) VALUES (?, ?)').run(this.#lastRow, packed(pairs));
  }

  /**
   * To be called when a transaction is over, before another begins. What could not be committed is forgotten: while a disk
   * is full nothing is moved either, and memory would fill up.
   */
  over(isCommitted: boolean): void {
    if (!isCommitted) for (const pair of this.#uncommitted) this.#fresh.delete(...pair);
    this.#uncommitted = [];
    if (isCommitted && this.#fresh.size >= this.#limit && !this.#isMoving) void this.#move();
  }

  /** Of an erased message. What is still in memory of it stays. */
  erase(connection: StatementCache, key: number, seq: number): void {
    connection.prepare('DELETE FROM message_keys WHERE key = ? AND seq = ?').run(key, seq);
  }

  /** Nothing is moved from now on; the next start has it all. */
  close(): void {
    this.#isClosed = true;
  }

  /** Never rejects: after a failure it is tried again, by this process or the next, and finds again what it has done. */
  async #move(): Promise<void> {
    this.#isMoving = true;
    try {
      if (this.#leaving === undefined) {
        this.#leaving = { keys: this.#fresh, lastRow: this.#lastRow };
        this.#fresh = new KeyMap();
      }
      const { keys, lastRow } = this.#leaving;
      const inOrder = keys.inOrder();
      for (let moved = 0; moved < inOrder.length; moved += keysPerJob) {
        if (this.#isClosed) return;
        const pairs = keys.pairsOf(inOrder.subarray(moved, moved + keysPerJob));
        await this.#options.write((connection) => {
          insertKeys(connection, pairs);
          if (moved + keysPerJob < inOrder.length) return;
          connection.prepare('DELETE FROM message_keys_new WHERE id <= ?').run(lastRow);
        });
      }
      this.#leaving = undefined;
    } catch {
      // The writer has told of it.
    } finally {
      this.#isMoving = false;
    }
  }
}

/** Of a message. */
export type Pair = readonly [key: number, seq: number];

/** Keys in memory, some of them of several messages. */
export class KeyMap {
  readonly #seqs = new Map<number, number | readonly number[]>();

  get size(): number {
    return this.#seqs.size;
  }

  add(key: number, seq: number): void {
    const known = this.seqsOf(key);
    if (known.length === 0) this.#seqs.set(key, seq);
    else if (!known.includes(seq)) this.#seqs.set(key, [...known, seq]);
  }

  delete(key: number, seq: number): void {
    const left = this.seqsOf(key).filter((each) => each !== seq);
    if (left.length === 0) this.#seqs.delete(key);
    else this.#seqs.set(key, left);
  }

  addPacked(bytes: Uint8Array): void {
    const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.byteLength; at += bytesPerPair) {
      this.add(numbers.getFloat64(at), numbers.getFloat64(at + bytesPerPair / 2));
    }
  }

  seqsOf(key: number): readonly number[] {
    const seqs = this.#seqs.get(key);
    return seqs === undefined ? nowhere : typeof seqs === 'number' ? [seqs] : seqs;
  }

  /** Each key once, ascending. */
  inOrder(): Float64Array {
    return Float64Array.from(this.#seqs.keys()).sort();
  }

  pairsOf(keys: Float64Array): Pair[] {
    const pairs: Pair[] = [];
    for (const key of keys) for (const seq of this.seqsOf(key)) pairs.push([key, seq]);
    return pairs;
  }
}

const nowhere: readonly number[] = [];
const bytesPerPair = 16;
const findKey = 'SELECT seq FROM message_keys WHERE key = ?';

function packed(pairs: readonly Pair[]): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(pairs.length * bytesPerPair));
  pairs.forEach(([key, seq], index) => {
    numbers.setFloat64(index * bytesPerPair, key);
    numbers.setFloat64(index * bytesPerPair + bytesPerPair / 2, seq);
  });
  return new Uint8Array(numbers.buffer);
}

/** Of keys in ascending order, so that neighbours meet in a page. Some may be there already. */
function insertKeys(connection: StatementCache, pairs: readonly Pair[]): void {
  for (let done = 0; done < pairs.length; done += pairsPerStatement) {
    const some = pairs.slice(done, done + pairsPerStatement);
    connection.prepare(insertionOf(some.length)).run(...some.flat());
  }
}

/** The statement that puts so many pairs into the table. */
export function insertionOf(pairs: number): string {
  return `INSERT OR IGNORE INTO message_keys (key, seq) VALUES ${Array(pairs).fill('(?, ?)').join(', ')}`;
}

/** What is moved at a time: a millisecond, in which nothing else runs. */
const keysPerJob = 512;
export const pairsPerStatement = 64;
