/** The list of clients' logs in SQL, for both dialects. */
import { type Insertable, type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { ClientLog, ClientLogFilter, ClientLogStore } from '../users/client-log-store.ts';
import { lockOwner } from './owner-lock.ts';
import { insertPieces, isOneOf } from './sql-lists.ts';

export class SqlClientLogStore implements ClientLogStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, logs: readonly ClientLog[]): Promise<readonly string[]> {
    const added: string[] = [];
    for (const piece of insertPieces(logs.map(toRow))) {
      const rows = await this.#db
        .executor(tx)
        .insertInto('client_logs')
        .values(piece)
        .onConflict((conflict) => conflict.doNothing())
        .returning('log_id')
        .execute();
      added.push(...rows.map(({ log_id }) => log_id));
    }
    return added;
  }

  async keepNewest(tx: Transaction, userID: string, count: number): Promise<void> {
    await lockOwner(this.#db, tx, 'clientLogs', userID);
    const newest = this.#db
      .executor(tx)
      .selectFrom('client_logs')
      .select('log_id')
      .where('user_id', '=', userID)
      .orderBy('created_at', 'desc')
      .orderBy('log_id', 'desc')
      .limit(count);
    await this.#db
      .executor(tx)
      .deleteFrom('client_logs')
      .where('user_id', '=', userID)
      .where(({ eb }) => eb('log_id', 'not in', newest))
      .execute();
  }

  async remove(tx: Transaction, logIDs: readonly string[]): Promise<boolean> {
    const isNamed = isOneOf(this.#db.dialect, 'log_id', logIDs);
    const removed = await this.#db.executor(tx).deleteFrom('client_logs').where(isNamed).executeTakeFirst();
    return Number(removed.numDeletedRows) === logIDs.length;
  }

  async forget(tx: Transaction, until: number, limit: number): Promise<number> {
    const oldest = this.#db
      .executor(tx)
      .selectFrom('client_logs')
      .select('log_id')
      .where('created_at', '<', until)
      .orderBy('created_at')
      .orderBy('log_id')
      .limit(limit);
    const removed = await this.#db
      .executor(tx)
      .deleteFrom('client_logs')
      .where(({ eb }) => eb('log_id', 'in', oldest))
      .executeTakeFirst();
    return Number(removed.numDeletedRows);
  }

  async count(filter: ClientLogFilter): Promise<number> {
    const { count } = await this.#matching(filter)
      .select((row) => row.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async list(filter: ClientLogFilter, offset: number, limit: number): Promise<readonly ClientLog[]> {
    const rows = await this.#matching(filter)
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('log_id', 'desc')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  #matching({ keyword, start, end }: ClientLogFilter) {
    const logs = this.#db.reader
      .selectFrom('client_logs')
      .where('created_at', '>=', start)
      .where('created_at', '<=', end);
    if (keyword === '') return logs;
    const place = this.#db.dialect === 'postgres' ? sql`strpos(user_id, ${keyword})` : sql`instr(user_id, ${keyword})`;
    return logs.where(place, '>', 0);
  }
}

type LogsTable = Schema['client_logs'];

function toRow(log: ClientLog): Insertable<LogsTable> {
  return {
    log_id: log.logID,
    user_id: log.userID,
    created_at: log.createdAt,
    platform: log.platform,
    url: log.url,
    filename: log.filename,
    app_framework: log.appFramework,
    version: log.version,
    ex: log.ex,
  };
}

function fromRow(row: Selectable<LogsTable>): ClientLog {
  return {
    logID: row.log_id,
    userID: row.user_id,
    createdAt: row.created_at,
    platform: row.platform,
    url: row.url,
    filename: row.filename,
    appFramework: row.app_framework,
    version: row.version,
    ex: row.ex,
  };
}
