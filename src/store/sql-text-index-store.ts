/**
 * The index of texts: FTS5 in SQLite, a tsvector with a GIN index in PostgreSQL. Neither parses a text: they are given
 * words. Reading goes by log and block, so that it has a bound whatever is looked for.
 */
import { sql } from 'kysely';
import type { Database, PostgresDatabase, SqliteDatabase } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import { TimeSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import {
  blockOf,
  type IndexedText,
  type LogCursor,
  type LogPiece,
  type ScannedText,
  type StoredBody,
  type TextIndexStore,
  type TextPlace,
} from '../search/text-index-store.ts';
import { isOneOf } from './sql-lists.ts';

export class SqlTextIndexStore implements TextIndexStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async cursors(tx: Transaction, logIDs: readonly string[]): Promise<LogCursor[]> {
    const known = await this.#lockCursors(tx, logIDs);
    const missing = logIDs.filter((logID) => !known.has(logID));
    if (missing.length > 0) {
      // Another node may make them meanwhile.
      await this.#db
        .executor(tx)
        .insertInto('search_logs')
        .values(missing.map((log_id) => ({ log_id, indexed_seq: 0 })))
        .onConflict((conflict) => conflict.column('log_id').doNothing())
        .execute();
      for (const [logID, cursor] of await this.#lockCursors(tx, missing)) known.set(logID, cursor);
    }
    return logIDs.flatMap((logID) => known.get(logID) ?? []);
  }

  async #lockCursors(tx: Transaction, logIDs: readonly string[]): Promise<Map<string, LogCursor>> {
    const rows = await this.#db
      .executor(tx)
      .selectFrom('search_logs')
      .select(['log_id as logID', 'log_no as logNo', 'indexed_seq as indexedSeq'])
      .where(isOneOf(this.#db.dialect, 'log_id', logIDs))
      .orderBy('log_id')
      .$if(this.#db.dialect === 'postgres', (query) => query.forUpdate())
      .execute();
    return new Map(rows.map((row) => [row.logID, row]));
  }

  behind(tx: Transaction, cursors: readonly LogCursor[], limit: number): Promise<StoredBody[]> {
    return this.#db.dialect === 'sqlite'
      ? Promise.resolve(behindInSqlite(this.#db, tx, cursors, limit))
      : behindInPostgres(this.#db, tx, cursors, limit);
  }

  async write(tx: Transaction, texts: readonly IndexedText[], cursors: readonly LogCursor[]): Promise<void> {
    if (this.#db.dialect === 'sqlite') writeInSqlite(this.#db, tx, texts, cursors);
    else await writeInPostgres(this.#db, tx, texts, cursors);
  }

  async forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void> {
    const cursor = (await this.#lockCursors(tx, [logID])).get(logID);
    if (cursor === undefined) return;
    if (this.#db.dialect === 'sqlite') {
      const statement = this.#db.sqlite.within(tx).prepare('DELETE FROM search_words WHERE rowid = (? << 32) | ?');
      for (const seq of seqs) statement.run(cursor.logNo, seq);
    } else {
      await sql`DELETE FROM search_words WHERE log_no = ${cursor.logNo}
        AND seq = ANY(${seqs}::bigint[])`.execute(this.#db.executor(tx));
    }
  }

  async chats(afterLogID: string, limit: number): Promise<{ readonly logID: string; readonly isBehind: boolean }[]> {
    const rows = await runHot<{ logID: string; maxSeq: number; indexedSeq: number }>(this.#db, chatsAfter, [
      ...[afterLogID, limit],
    ]);
    return rows.map(({ logID, maxSeq, indexedSeq }) => ({ logID, isBehind: maxSeq > indexedSeq }));
  }

  async logNumbers(logIDs: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#db.reader
      .selectFrom('search_logs')
      .select(['log_id', 'log_no'])
      .where(isOneOf(this.#db.dialect, 'log_id', logIDs))
      .execute();
    return new Map(rows.map((row) => [row.log_id, row.log_no]));
  }

  find(words: readonly string[], pieces: readonly LogPiece[]): Promise<number[][]> {
    return this.#db.dialect === 'sqlite'
      ? findInSqlite(this.#db, words, pieces)
      : findInPostgres(this.#db, words, pieces);
  }

  findAnywhere(words: readonly string[], after: TextPlace | undefined, limit: number): Promise<ScannedText[]> {
    const { logNo, seq } = after ?? { logNo: 0, seq: 0 };
    const query = this.#db.dialect === 'sqlite' ? anywhereInSqlite : anywhereInPostgres;
    const phrase = this.#db.dialect === 'sqlite' ? ftsPhrase(words) : tsPhrase(words);
    return runHot<ScannedText>(this.#db, query, [phrase, logNo, seq, limit]);
  }
}

/** Chats are `si`, `sg` and `sn`; notifications have no texts. */
const chatsAfter = hotQuery(
  `SELECT s.conversation_id AS "logID", s.max_seq AS "maxSeq", COALESCE(l.indexed_seq, 0) AS "indexedSeq"
  FROM conversation_seqs AS s LEFT JOIN search_logs AS l ON l.log_id = s.conversation_id
  WHERE s.conversation_id > $1 AND s.conversation_id < 't' ORDER BY s.conversation_id LIMIT $2`,
);

function behindInSqlite(
  db: SqliteDatabase,
  tx: Transaction,
  cursors: readonly LogCursor[],
  limit: number,
): StoredBody[] {
  const statement = db.sqlite
    .within(tx)
    .prepare('SELECT seq, body FROM messages WHERE conversation_id = ? AND seq > ? ORDER BY seq LIMIT ?');
  const found: StoredBody[] = [];
  for (const { logID, logNo, indexedSeq } of cursors) {
    if (found.length >= limit) break;
    const rows = statement.all(logID, indexedSeq, limit - found.length) as unknown as Omit<StoredBody, 'logNo'>[];
    for (const { seq, body } of rows) found.push({ logNo, seq, body });
  }
  return found;
}

async function behindInPostgres(
  db: PostgresDatabase,
  tx: Transaction,
  cursors: readonly LogCursor[],
  limit: number,
): Promise<StoredBody[]> {
  const { rows } = await sql<StoredBody>`SELECT c.log_no AS "logNo", m.seq, m.body
    FROM unnest(${cursors.map(({ logID }) => logID)}::text[], ${cursors.map(({ logNo }) => logNo)}::int[],
      ${cursors.map(({ indexedSeq }) => indexedSeq)}::bigint[]) WITH ORDINALITY AS c (log_id, log_no, seq, n)
    CROSS JOIN LATERAL (SELECT seq, body FROM messages
      WHERE conversation_id = c.log_id AND seq > c.seq ORDER BY seq LIMIT ${limit}) AS m
    ORDER BY c.n, m.seq LIMIT ${limit}`.execute(db.executor(tx));
  return rows;
}

function writeInSqlite(
  db: SqliteDatabase,
  tx: Transaction,
  texts: readonly IndexedText[],
  cursors: readonly LogCursor[],
): void {
  const connection = db.sqlite.within(tx);
  const insert = connection.prepare('INSERT OR REPLACE INTO search_words (rowid, words) VALUES ((? << 32) | ?, ?)');
  // FTS5 writes out what it holds when it is given an ID below the last one.
  const sorted = texts.toSorted((a, b) => a.logNo - b.logNo || a.seq - b.seq);
  for (const { logNo, seq, words } of sorted) insert.run(logNo, seq, words.join(' '));
  const move = connection.prepare('UPDATE search_logs SET indexed_seq = ? WHERE log_no = ?');
  for (const { logNo, indexedSeq } of cursors) move.run(indexedSeq, logNo);
  connection.prepare(`INSERT INTO search_words (search_words, rank) VALUES ('merge', ?)`).run(pagesMerged);
}

/** About twice as many as a transaction of the index writes: merging keeps up, and takes a few ms. */
const pagesMerged = 32;

async function writeInPostgres(
  db: PostgresDatabase,
  tx: Transaction,
  texts: readonly IndexedText[],
  cursors: readonly LogCursor[],
): Promise<void> {
  await sql`WITH moved AS (
      UPDATE search_logs AS l SET indexed_seq = c.seq FROM unnest(${cursors.map(({ logNo }) => logNo)}::int[],
        ${cursors.map(({ indexedSeq }) => indexedSeq)}::bigint[]) AS c (log_no, seq) WHERE l.log_no = c.log_no
    )
    INSERT INTO search_words (log_no, seq, words)
    SELECT log_no, seq, words::tsvector FROM unnest(${texts.map(({ logNo }) => logNo)}::int[],
      ${texts.map(({ seq }) => seq)}::bigint[], ${texts.map(vectorOf)}::text[]) AS t (log_no, seq, words)
    ON CONFLICT (log_no, seq) DO UPDATE SET words = excluded.words`.execute(db.executor(tx));
}

async function findInSqlite(
  db: SqliteDatabase,
  words: readonly string[],
  pieces: readonly LogPiece[],
): Promise<number[][]> {
  const statement = db.sqlite.read.prepare(`SELECT rowid & 4294967295 AS seq FROM search_words
    WHERE search_words MATCH ? AND rowid BETWEEN (? << 32) | ? AND (? << 32) | ? ORDER BY rowid DESC`);
  const phrase = ftsPhrase(words);
  const slices = new TimeSlices();
  const found: number[][] = [];
  for (const { logNo, lower, upper } of pieces) {
    const rows = statement.all(phrase, logNo, lower, logNo, upper) as { seq: number }[];
    found.push(rows.map(({ seq }) => seq));
    if (slices.isOver) await slices.next();
  }
  return found;
}

/** By the mark of the log's block: the words alone may be in millions of messages. */
async function findInPostgres(
  db: PostgresDatabase,
  words: readonly string[],
  pieces: readonly LogPiece[],
): Promise<number[][]> {
  const rows = await db.connections.query<{ n: number; seq: number }>(
    `SELECT p.n, m.seq FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS p (query, lower, upper, n)
      CROSS JOIN LATERAL (SELECT seq FROM search_words
        WHERE words @@ p.query::tsquery AND seq BETWEEN p.lower AND p.upper) AS m
      ORDER BY p.n, m.seq DESC`,
    [
      pieces.map((piece) => `${blockMark(piece.logNo, piece.upper)} & (${tsPhrase(words)})`),
      pieces.map(({ lower }) => lower),
      pieces.map(({ upper }) => upper),
    ],
  );
  const found: number[][] = pieces.map(() => []);
  for (const { n, seq } of rows) found[n - 1]?.push(seq);
  return found;
}

const anywhereInSqlite = hotQuery(
  `SELECT w.rowid >> 32 AS "logNo", m.seq, l.log_id AS "logID", m.sent_at AS "sentAt", m.send_id AS "sendID",
    m.content_type AS "contentType"
  FROM search_words AS w
  CROSS JOIN search_logs AS l ON l.log_no = w.rowid >> 32
  CROSS JOIN messages AS m ON m.conversation_id = l.log_id AND m.seq = w.rowid & 4294967295
  WHERE search_words MATCH $1 AND w.rowid > ($2 << 32) | $3 ORDER BY w.rowid LIMIT $4`,
);

const anywhereInPostgres = hotQuery(
  `SELECT w.log_no AS "logNo", m.seq, l.log_id AS "logID", m.sent_at AS "sentAt", m.send_id AS "sendID",
    m.content_type AS "contentType"
  FROM (SELECT log_no, seq FROM search_words
    WHERE words @@ $1::tsquery AND (log_no, seq) > ($2, $3) ORDER BY log_no, seq LIMIT $4) AS w
  JOIN search_logs AS l ON l.log_no = w.log_no
  JOIN messages AS m ON m.conversation_id = l.log_id AND m.seq = w.seq ORDER BY w.log_no, w.seq`,
);

/** Words hold neither quotes nor spaces: see words.ts. */
function ftsPhrase(words: readonly string[]): string {
  return `"${words.join(' ')}"`;
}

function tsPhrase(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' <-> ');
}

/** Words with their places; PostgreSQL knows 16 383 places, and 256 of one word. */
function vectorOf({ logNo, seq, words }: IndexedText): string {
  const places = new Map<string, number[]>();
  for (const [index, word] of words.entries()) {
    const known = places.get(word);
    if (known === undefined) places.set(word, [index + 1]);
    else if (known.length < 256) known.push(index + 1);
  }
  const entries = [...places].map(([word, numbers]) => `'${word}':${numbers.join(',')}`);
  return `${blockMark(logNo, seq)} ${entries.join(' ')}`;
}

/** What every text of a block of a log has, and no text has by itself. */
function blockMark(logNo: number, seq: number): string {
  return `'#${logNo}.${blockOf(seq)}'`;
}
