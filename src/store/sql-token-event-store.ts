/** The audit trail of tokens in SQL, for both dialects. See {@link TokenEventStore}. */
import type { Insertable, Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { StatementCache } from '../database/statement-cache.ts';
import { TimeSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type {
  StoredTokenEvent,
  TokenEvent,
  TokenEventKind,
  TokenEventQuery,
  TokenEventStore,
} from '../tokens/token-event-store.ts';
import { insertPieces, isOneOf } from './sql-lists.ts';

export class SqlTokenEventStore implements TokenEventStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async append(events: readonly TokenEvent[]): Promise<void> {
    if (this.#db.dialect === 'sqlite') return this.#db.sqlite.write((connection) => appendRows(connection, events));
    await this.#db.transaction(async (tx) => {
      for (const piece of insertPieces(events.map(toRow))) {
        await this.#db.executor(tx).insertInto('token_events').values(piece).execute();
      }
    });
  }

  async find(query: TokenEventQuery): Promise<readonly StoredTokenEvent[]> {
    if (this.#db.dialect === 'postgres') return this.#findFrom(query, undefined);
    // Of a user or a kind there is no index: a window of the key after another, and others in between.
    const { first, last } = await this.#ends();
    const found: StoredTokenEvent[] = [];
    const slices = new TimeSlices();
    for (
      let beforeID = Math.min(query.beforeID ?? last + 1, last + 1);
      beforeID > first && found.length < query.limit;
    ) {
      const fromID = beforeID - windowLength;
      found.push(...(await this.#findFrom({ ...query, beforeID, limit: query.limit - found.length }, fromID)));
      beforeID = fromID;
      if (slices.isOver) await slices.next();
    }
    return found;
  }

  async #findFrom(
    { userID, kinds, beforeID, limit }: TokenEventQuery,
    fromID: number | undefined,
  ): Promise<readonly StoredTokenEvent[]> {
    let query = this.#db.reader.selectFrom('token_events').selectAll();
    if (userID !== undefined) query = query.where('user_id', '=', userID);
    if (kinds.length > 0) query = query.where(isOneOf(this.#db.dialect, 'kind', kinds));
    if (beforeID !== undefined) query = query.where('id', '<', beforeID);
    if (fromID !== undefined) query = query.where('id', '>=', fromID);
    const rows = await query.orderBy('id', 'desc').limit(limit).execute();
    return rows.map(fromRow);
  }

  /** The IDs of the oldest and the newest entry; without any, none lies between them. */
  async #ends(): Promise<{ readonly first: number; readonly last: number }> {
    const ids = this.#db.reader.selectFrom('token_events').select('id').limit(1);
    const [first, last] = await Promise.all([
      ids.orderBy('id').executeTakeFirst(),
      ids.orderBy('id', 'desc').executeTakeFirst(),
    ]);
    return { first: first?.id ?? 0, last: last?.id ?? -1 };
  }

  async trim(keep: number): Promise<number> {
    const newestToGo = await this.#newestBeyond(keep);
    if (newestToGo === undefined) return 0;
    for (let trimmed = 0; ; ) {
      const count = await this.#deleteUpTo(newestToGo);
      trimmed += count;
      if (count < trimBatch) return trimmed;
    }
  }

  async #newestBeyond(keep: number): Promise<number | undefined> {
    const newestFirst = this.#db.reader.selectFrom('token_events').select('id').orderBy('id', 'desc').limit(1);
    if (this.#db.dialect === 'postgres') return (await newestFirst.offset(keep).executeTakeFirst())?.id;
    // There are no gaps between the ids, and to walk over all that are kept would cost a login a tenth.
    const newest = await newestFirst.executeTakeFirst();
    return newest && newest.id - keep;
  }

  async forget(tx: Transaction, until: number, limit: number): Promise<number> {
    const oldest = this.#db
      .executor(tx)
      .selectFrom('token_events')
      .select(['id', 'at'])
      .orderBy('id')
      .limit(limit)
      .as('oldest');
    const result = await this.#db
      .executor(tx)
      .deleteFrom('token_events')
      .where('id', 'in', ({ selectFrom }) => selectFrom(oldest).select('oldest.id').where('oldest.at', '<', until))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }

  /** The oldest ones, in a transaction that keeps nobody waiting for long. */
  #deleteUpTo(id: number): Promise<number> {
    return this.#db.transaction(async (tx) => {
      const result = await this.#db
        .executor(tx)
        .deleteFrom('token_events')
        .where((eb) =>
          eb(
            'id',
            'in',
            eb.selectFrom('token_events').select('id').where('id', '<=', id).orderBy('id').limit(trimBatch),
          ),
        )
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    });
  }
}

const trimBatch = 500;
/** Walked in half a millisecond. */
const windowLength = 8192;

/** A login makes one or two. */
function appendRows(connection: StatementCache, events: readonly TokenEvent[]): void {
  const statement = connection.prepare(appendEvent);
  for (const { at, kind, userID, platformID, jti, actor, reason, operationID } of events) {
    statement.run(at, kind, userID, platformID, jti, actor, reason, operationID);
  }
}

const appendEvent = `INSERT INTO token_events (at, kind, user_id, platform_id, jti, actor, reason, operation_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

type EventsTable = Schema['token_events'];

function toRow(event: TokenEvent): Insertable<EventsTable> {
  return {
    at: event.at,
    kind: event.kind,
    user_id: event.userID,
    platform_id: event.platformID,
    jti: event.jti,
    actor: event.actor,
    reason: event.reason,
    operation_id: event.operationID,
  };
}

function fromRow(row: Selectable<EventsTable>): StoredTokenEvent {
  return {
    id: row.id,
    at: row.at,
    kind: row.kind as TokenEventKind,
    userID: row.user_id,
    platformID: row.platform_id,
    jti: row.jti,
    actor: row.actor,
    reason: row.reason,
    operationID: row.operation_id,
  };
}
