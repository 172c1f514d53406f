/** Messages in SQLite or PostgreSQL. Appending differs per engine and has its own files; everything else is here. */

import type { Database, PostgresDatabase, SqliteDatabase } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import { messageKey } from '../database/sqlite-message-keys.ts';
import { forEachInSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import {
  type Appended,
  type Batch,
  type LogWindow,
  type MessageRef,
  type MessageStore,
  type MessageTime,
  messagesOf,
  type NewMessage,
  type OldMessage,
  type RevokedMessage,
  type SeqBounds,
  type StoredMessage,
} from '../log/message-store.ts';
import { appendInPostgres, appendInPostgresWithin } from './postgres-append.ts';
import type { PostgresOutgoingStore } from './postgres-outgoing-store.ts';
import { inChunks, inChunksWithin } from './sql-lists.ts';
import { appendInSqlite, appendInSqliteWithin, seqsSentInSqlite } from './sqlite-append.ts';

export class SqlMessageStore implements MessageStore {
  readonly #db: Database;
  readonly #outgoing: PostgresOutgoingStore | undefined;

  /** @param outgoing of a node */
  constructor(db: Database, outgoing?: PostgresOutgoingStore) {
    this.#db = db;
    this.#outgoing = outgoing;
  }

  append(batch: Batch): Promise<Appended[]> {
    return this.#db.dialect === 'sqlite'
      ? appendInSqlite(this.#db, batch)
      : appendInPostgres(this.#db, messagesOf(batch), this.#outgoing);
  }

  appendWithin(tx: Transaction, batch: readonly NewMessage[]): Promise<Appended[]> {
    return this.#db.dialect === 'sqlite'
      ? appendInSqliteWithin(this.#db, tx, batch)
      : appendInPostgresWithin(this.#db, tx, batch, this.#outgoing);
  }

  async range(readerID: string, logID: string, begin: number, end: number, limit: number): Promise<StoredMessage[]> {
    const rows = await runHot<MessageRow>(this.#db, rangeQuery, [logID, begin, end, limit, readerID]);
    return rows.reverse().map(toStoredMessage);
  }

  async bySeqs(readerID: string, logID: string, seqs: readonly number[]): Promise<StoredMessage[]> {
    const found = await inChunks([...new Set(seqs)], (chunk) =>
      this.#messages(readerID).where('m.conversation_id', '=', logID).where('m.seq', 'in', chunk).execute(),
    );
    return found.map(toStoredMessage).sort((a, b) => a.seq - b.seq);
  }

  async lockMessage(tx: Transaction, { logID, seq }: MessageRef): Promise<StoredMessage | undefined> {
    const query = this.#messages(noReader, tx).where('m.conversation_id', '=', logID).where('m.seq', '=', seq);
    // SQLite has one writer at a time.
    const row = await (this.#db.dialect === 'postgres' ? query.forUpdate('m') : query).executeTakeFirst();
    return row === undefined ? undefined : toStoredMessage(row);
  }

  async revoked(refs: readonly MessageRef[]): Promise<readonly RevokedMessage[]> {
    const rows =
      this.#db.dialect === 'sqlite' ? revokedInSqlite(this.#db, refs) : await revokedInPostgres(this.#db, refs);
    return rows.flatMap((row) => {
      const { revocation, seq, body } = toStoredMessage(row);
      return revocation === undefined ? [] : [{ logID: row.conversation_id, seq, revocation, body }];
    });
  }

  /** With their revocations, and what the reader has deleted. */
  #messages(readerID: string, tx?: Transaction) {
    return this.#db
      .executor(tx)
      .selectFrom('messages as m')
      .leftJoin('message_revocations as r', (join) =>
        join.onRef('r.conversation_id', '=', 'm.conversation_id').onRef('r.seq', '=', 'm.seq'),
      )
      .select(['m.seq', 'm.send_id', 'm.sent_at', 'm.session_type', 'm.content_type', 'm.is_read', 'm.body'])
      .leftJoin('message_deletions as d', (join) =>
        join
          .onRef('d.conversation_id', '=', 'm.conversation_id')
          .onRef('d.seq', '=', 'm.seq')
          .on('d.user_id', '=', readerID),
      )
      .select('d.seq as deleted')
      .select(['r.revoker_id', 'r.revoker_nickname', 'r.revoker_role', 'r.revoked_at']);
  }

  async newest(readerID: string, windows: readonly LogWindow[]): Promise<Map<string, StoredMessage>> {
    const rows =
      this.#db.dialect === 'sqlite'
        ? newestInSqlite(this.#db, readerID, windows)
        : await newestInPostgres(this.#db, readerID, windows);
    return new Map(rows.map((row) => [row.conversation_id, toStoredMessage(row)]));
  }

  async seqsSent(logID: string, sendID: string, clientMsgIDs: readonly string[]): Promise<readonly number[]> {
    if (this.#db.dialect === 'sqlite') return seqsSentInSqlite(this.#db, logID, sendID, clientMsgIDs);
    const rows = await inChunks([...new Set(clientMsgIDs)], (chunk) =>
      this.#db.reader
        .selectFrom('messages')
        .select('seq')
        .where('send_id', '=', sendID)
        .where('client_msg_id', 'in', chunk)
        .where('conversation_id', '=', logID)
        .execute(),
    );
    return rows.map(({ seq }) => seq);
  }

  times(logID: string, afterSeq: number, limit: number): Promise<readonly MessageTime[]> {
    return runHot<MessageTime>(this.#db, timesQuery, [logID, afterSeq, limit]);
  }

  async rewrite(tx: Transaction, { logID, seq }: MessageRef, body: Buffer): Promise<void> {
    await this.#db
      .executor(tx)
      .updateTable('messages')
      .set({ body })
      .where('conversation_id', '=', logID)
      .where('seq', '=', seq)
      .execute();
  }

  async erase(tx: Transaction, logID: string, seqs: readonly number[]): Promise<readonly number[]> {
    const stored = this.#db.executor(tx).deleteFrom('messages').where('conversation_id', '=', logID);
    const rows = await inChunksWithin([...new Set(seqs)], (chunk) =>
      stored.where('seq', 'in', chunk).returning(['seq', 'send_id', 'client_msg_id']).execute(),
    );
    if (this.#db.dialect === 'sqlite') {
      const connection = this.#db.sqlite.within(tx);
      for (const { seq, send_id, client_msg_id } of rows) {
        this.#db.sqlite.messageKeys.erase(connection, messageKey(send_id, client_msg_id, logID), seq);
      }
    }
    const erased = rows.map(({ seq }) => seq);
    if (erased.length > 0) await this.#raise(tx, logID, 'erased_seq', Math.max(...erased));
    return erased;
  }

  raiseMinSeq(tx: Transaction, logID: string, minSeq: number): Promise<void> {
    return this.#raise(tx, logID, 'min_seq', minSeq);
  }

  async raiseMinSeqToFirst(tx: Transaction, logID: string): Promise<void> {
    const executor = this.#db.executor(tx);
    const counter = executor.selectFrom('conversation_seqs').select('max_seq').where('conversation_id', '=', logID);
    // Nobody appends from here on; what was appended before is seen by the next query.
    const bounds = await (this.#db.dialect === 'postgres' ? counter.forUpdate() : counter).executeTakeFirst();
    if (bounds === undefined) return;
    const first = await executor
      .selectFrom('messages')
      .select('seq')
      .where('conversation_id', '=', logID)
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    await this.#raise(tx, logID, 'min_seq', first?.seq ?? bounds.max_seq + 1);
  }

  oldest(before: number, limit: number): Promise<readonly OldMessage[]> {
    return runHot<OldMessage>(this.#db, oldestQuery, [before, limit]);
  }

  async #raise(tx: Transaction, logID: string, column: 'min_seq' | 'erased_seq', seq: number): Promise<void> {
    await this.#db
      .executor(tx)
      .updateTable('conversation_seqs')
      .set({ [column]: seq })
      .where('conversation_id', '=', logID)
      .where(column, '<', seq)
      .execute();
  }

  async bounds(logIDs: readonly string[]): Promise<Map<string, SeqBounds>> {
    const rows = await inChunks([...new Set(logIDs)], (chunk) =>
      this.#db.reader
        .selectFrom('conversation_seqs')
        .selectAll()
        .where('conversation_id', 'in', chunk)
        .where('max_seq', '>', 0)
        .execute(),
    );
    const bounds = new Map<string, SeqBounds>();
    await forEachInSlices(rows, (row) =>
      bounds.set(row.conversation_id, { maxSeq: row.max_seq, minSeq: row.min_seq, maxSeqAt: row.max_seq_at }),
    );
    return bounds;
  }

  async lockLog(tx: Transaction, logID: string): Promise<number> {
    // Of a log without messages, too. SQLite has one writer at a time.
    const { max_seq } = await this.#db
      .executor(tx)
      .insertInto('conversation_seqs')
      .values({ conversation_id: logID, max_seq: 0, max_seq_at: 0 })
      .onConflict((known) =>
        known.column('conversation_id').doUpdateSet((row) => ({ max_seq: row.ref('conversation_seqs.max_seq') })),
      )
      .returning('max_seq')
      .executeTakeFirstOrThrow();
    return max_seq;
  }

  async markRead(
    tx: Transaction,
    logID: string,
    readerID: string,
    range: { readonly begin: number; readonly end: number },
    seqs: readonly number[],
  ): Promise<number[]> {
    const unreadBy = this.#db
      .executor(tx)
      .updateTable('messages')
      .set({ is_read: 1 })
      .where('conversation_id', '=', logID)
      .where('send_id', '<>', readerID)
      .returning('seq');
    const inRange = await unreadBy
      .where('seq', '>=', range.begin)
      .where('seq', '<=', range.end)
      .where('is_read', '=', 0)
      .execute();
    const listed = await inChunksWithin([...new Set(seqs)], (chunk) => unreadBy.where('seq', 'in', chunk).execute());
    return [...new Set([...inRange, ...listed].map((row) => row.seq))].sort((a, b) => a - b);
  }
}

interface MessageRow {
  seq: number;
  send_id: string;
  sent_at: number;
  session_type: number;
  content_type: number;
  is_read: number;
  body: Uint8Array;
  revoker_id: string | null;
  revoker_nickname: string | null;
  revoker_role: number | null;
  revoked_at: number | null;
  deleted: number | null;
}

/** Whom nobody is. */
const noReader = '';

type LogRow = MessageRow & { conversation_id: string };

const columns = `m.seq, m.send_id, m.sent_at, m.session_type, m.content_type, m.is_read, m.body,
  r.revoker_id, r.revoker_nickname, r.revoker_role, r.revoked_at`;

/** With `d`, which has what the reader has deleted. */
const withDeletions = (reader: string) => `d.seq AS deleted FROM ${withRevocations}
  LEFT JOIN message_deletions AS d ON d.conversation_id = m.conversation_id AND d.seq = m.seq AND d.user_id = ${reader}`;

const withRevocations = `messages AS m
  LEFT JOIN message_revocations AS r ON r.conversation_id = m.conversation_id AND r.seq = m.seq`;

/** Newest first, so that LIMIT keeps the newest. */
const rangeQuery = hotQuery(
  `SELECT ${columns}, ${withDeletions('$5')}
  WHERE m.conversation_id = $1 AND m.seq BETWEEN $2 AND $3 ORDER BY m.seq DESC LIMIT $4`,
);

/** From the index of times, and the primary keys of the tables beside it. */
const rowsBeside = ['message_reactions', 'message_deletions', 'message_edits', 'message_revocations']
  .map((table) => `(SELECT COUNT(*) FROM ${table} b WHERE b.conversation_id = m.conversation_id AND b.seq = m.seq)`)
  .join(' + ');
const oldestQuery = hotQuery(`SELECT m.conversation_id AS "logID", m.seq, ${rowsBeside} AS "rowsBeside"
  FROM messages m WHERE m.sent_at < $1 ORDER BY m.sent_at LIMIT $2`);

const timesQuery = hotQuery(
  'SELECT seq, sent_at AS "sentAt" FROM messages WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3',
);

/** One lookup per window: in process that costs no round trip. */
function newestInSqlite(db: SqliteDatabase, readerID: string, windows: readonly LogWindow[]): LogRow[] {
  const statement = db.sqlite.read.prepare(`SELECT m.conversation_id, ${columns}, ${withDeletions('?')}
    WHERE m.conversation_id = ? AND m.seq BETWEEN ? AND ? AND d.seq IS NULL ORDER BY m.seq DESC LIMIT 1`);
  return windows.flatMap((window) => {
    const row = statement.get(readerID, window.logID, window.lower, window.upper);
    return row === undefined ? [] : [row as unknown as LogRow];
  });
}

function newestInPostgres(db: PostgresDatabase, readerID: string, windows: readonly LogWindow[]): Promise<LogRow[]> {
  return db.connections.query<LogRow>(
    `SELECT n.* FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS w (conversation_id, lower_seq, upper_seq)
      CROSS JOIN LATERAL (
        SELECT m.conversation_id, ${columns}, ${withDeletions('$4')}
        WHERE m.conversation_id = w.conversation_id AND m.seq BETWEEN w.lower_seq AND w.upper_seq AND d.seq IS NULL
        ORDER BY m.seq DESC LIMIT 1
      ) AS n`,
    [windows.map(({ logID }) => logID), windows.map(({ lower }) => lower), windows.map(({ upper }) => upper), readerID],
  );
}

function revokedInSqlite(db: SqliteDatabase, refs: readonly MessageRef[]): LogRow[] {
  const statement =
    db.sqlite.read.prepare(`SELECT m.conversation_id, ${columns}, NULL AS deleted FROM ${withRevocations}
    WHERE m.conversation_id = ? AND m.seq = ? AND r.seq IS NOT NULL`);
  return refs.flatMap(({ logID, seq }) => {
    const row = statement.get(logID, seq);
    return row === undefined ? [] : [row as unknown as LogRow];
  });
}

function revokedInPostgres(db: PostgresDatabase, refs: readonly MessageRef[]): Promise<LogRow[]> {
  return db.connections.query<LogRow>(
    `SELECT m.conversation_id, ${columns}, NULL AS deleted FROM unnest($1::text[], $2::bigint[]) AS k (conversation_id, seq)
      JOIN message_revocations AS r USING (conversation_id, seq)
      JOIN messages AS m USING (conversation_id, seq)`,
    [refs.map(({ logID }) => logID), refs.map(({ seq }) => seq)],
  );
}

function toStoredMessage(row: MessageRow): StoredMessage {
  return {
    seq: row.seq,
    sendID: row.send_id,
    sentAt: row.sent_at,
    sessionType: row.session_type,
    contentType: row.content_type,
    isRead: row.is_read === 1,
    revocation:
      row.revoked_at === null
        ? undefined
        : {
            revokerID: row.revoker_id ?? '',
            revokerNickname: row.revoker_nickname ?? '',
            revokerRole: row.revoker_role ?? 0,
            revokedAt: row.revoked_at,
          },
    isDeleted: row.deleted !== null,
    body: Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength),
  };
}
