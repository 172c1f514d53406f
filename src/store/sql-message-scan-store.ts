/** Looking through the messages of SQLite or PostgreSQL, by the index of their times or by that of their logs. */
import type { Database, PostgresDatabase, SqliteDatabase } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { MessagePlace, MessageScanStore, ScannedMessage } from '../search/message-scan-store.ts';

export class SqlMessageScanStore implements MessageScanStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  between(start: number, end: number, after: MessagePlace | undefined, limit: number): Promise<ScannedMessage[]> {
    // Nothing has a seq of 0 or an empty log, so that this is the place before the first.
    const { sentAt, logID, seq } = after ?? { sentAt: start, logID: '', seq: 0 };
    return runHot<ScannedMessage>(this.#db, byTime, [sentAt, logID, seq, end, limit]);
  }

  inLog(logID: string, afterSeq: number, limit: number): Promise<ScannedMessage[]> {
    return runHot<ScannedMessage>(this.#db, bySeq, [logID, afterSeq, limit]);
  }

  async bodies(places: readonly MessagePlace[]): Promise<(Buffer | undefined)[]> {
    const rows =
      this.#db.dialect === 'sqlite' ? bodiesInSqlite(this.#db, places) : await bodiesInPostgres(this.#db, places);
    return rows.map(({ body }) =>
      body === null ? undefined : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    );
  }
}

const scanned = `sent_at AS "sentAt", conversation_id AS "logID", seq, send_id AS "sendID", content_type AS "contentType"`;

/** Rows were written in about the order of their times, so that they lie beside each other. */
const byTime = hotQuery(
  `SELECT ${scanned} FROM messages
  WHERE (sent_at, conversation_id, seq) > ($1, $2, $3) AND sent_at < $4
  ORDER BY sent_at, conversation_id, seq LIMIT $5`,
);

const bySeq = hotQuery(`SELECT ${scanned} FROM messages WHERE conversation_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`);

interface BodyRow {
  readonly body: Uint8Array | null;
}

function bodiesInSqlite(db: SqliteDatabase, places: readonly MessagePlace[]): BodyRow[] {
  const statement = db.sqlite.read.prepare('SELECT body FROM messages WHERE conversation_id = ? AND seq = ?');
  return places.map(({ logID, seq }) => (statement.get(logID, seq) as BodyRow | undefined) ?? { body: null });
}

function bodiesInPostgres(db: PostgresDatabase, places: readonly MessagePlace[]): Promise<BodyRow[]> {
  return db.connections.query<BodyRow & object>(
    `SELECT m.body FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS k (conversation_id, seq, n)
      LEFT JOIN messages AS m ON m.conversation_id = k.conversation_id AND m.seq = k.seq ORDER BY k.n`,
    [places.map(({ logID }) => logID), places.map(({ seq }) => seq)],
  );
}
