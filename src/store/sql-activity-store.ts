/** Messages by their times, in SQLite or PostgreSQL. */
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { ActivityStore, SentMessage } from '../messaging/activity-store.ts';

export class SqlActivityStore implements ActivityStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  sentBetween(start: number, end: number, after: SentMessage | undefined, limit: number): Promise<SentMessage[]> {
    // Nothing has a seq of 0 or an empty log, so that this is the place before the first.
    const { sentAt, logID, seq } = after ?? { sentAt: start, logID: '', seq: 0 };
    return runHot<SentMessage>(this.#db, sentAfter, [sentAt, logID, seq, end, limit]);
  }
}

/** From the index messages_by_time alone. */
const sentAfter = hotQuery(
  `SELECT sent_at AS "sentAt", conversation_id AS "logID", seq, send_id AS "sendID" FROM messages
  WHERE (sent_at, conversation_id, seq) > ($1, $2, $3) AND sent_at < $4
  ORDER BY sent_at, conversation_id, seq LIMIT $5`,
);
