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
  return Number.parseInt(hash('sha1', text, 'hex').slice(0, 13), 16);
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
  /** What is being moved, or was when that failed. */
  #leaving: { readonly keys: KeyMap; readonly lastRow: number } | undefined;
  #isMoving = false;
  #isClosed = false;

  constructor(options: MessageKeysOptions) {
    this.#options = options;
    this.#limit = options.limit ?? 16_384;
    for (const { keys } of options.reading.prepare('SELECT keys FROM message_keys_new').iterate()) {
      this.#fresh.addPacked(keys as Uint8Array);
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

  /** For the messages that a transaction stores. */
  added(): AddedKeys {
    return new AddedKeys((key, seq) => this.#fresh.add(key, seq));
  }

  /** To be called in the transaction, when all are stored. */
  store(connection: StatementCache, { pairs }: AddedKeys): void {
    if (pairs.length === 0) return;
    connection.prepare('INSERT INTO message_keys_new (keys) VALUES (?)').run(packed(pairs));
    if (this.#fresh.size >= this.#limit && !this.#isMoving) void this.#move();
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
      this.#leaving ??= this.#takeFresh();
      const { keys, lastRow } = this.#leaving;
      const pairs = keys.inOrder();
      for (let moved = 0; moved < pairs.length; moved += pairsPerJob) {
        if (this.#isClosed) return;
        const some = pairs.slice(moved, moved + pairsPerJob);
        await this.#options.write((connection) => {
          insertKeys(connection, some);
          if (moved + pairsPerJob < pairs.length) return;
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

  /** With the last row that is committed: rows of transactions under way may be undone, and others get their numbers. */
  #takeFresh() {
    const { id } = this.#options.reading.prepare('SELECT max(id) AS id FROM message_keys_new').get() ?? {};
    const keys = this.#fresh;
    this.#fresh = new KeyMap();
    return { keys, lastRow: Number(id ?? 0) };
  }
}

/** Of a message. */
type Pair = readonly [key: number, seq: number];

/** Keys of the messages that a transaction has stored so far. They are found at once. */
export class AddedKeys {
  readonly pairs: Pair[] = [];
  readonly #onAdded: (key: number, seq: number) => void;

  constructor(onAdded: (key: number, seq: number) => void) {
    this.#onAdded = onAdded;
  }

  add(key: number, seq: number): void {
    this.pairs.push([key, seq]);
    this.#onAdded(key, seq);
  }
}

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

  /** By key, ascending. */
  inOrder(): Pair[] {
    const keys = Float64Array.from(this.#seqs.keys()).sort();
    return Array.from(keys, (key) => this.seqsOf(key).map((seq): Pair => [key, seq])).flat();
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
const pairsPerJob = 512;
export const pairsPerStatement = 64;
