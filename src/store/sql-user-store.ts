/** Users in SQL, for both dialects. */
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Schema } from '../database/schema.ts';
import { AskedTogether } from '../kernel/asked-together.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { User, UserChanges } from '../users/user.ts';
import type { UserFilter, UserStore } from '../users/user-store.ts';
import { KnownLevels } from './known-levels.ts';
import { countByDay } from './sql-days.ts';
import { insertPieces, isOneOf } from './sql-lists.ts';
import { holdsAnyCase } from './sql-texts.ts';

export class SqlUserStore implements UserStore {
  readonly #db: Database;
  /** In SQLite alone: what other nodes write to PostgreSQL is not known here. */
  readonly #known = new KnownLevels();
  readonly #levels: AskedTogether<string, number | undefined>;

  constructor(db: Database) {
    this.#db = db;
    if (db.dialect === 'sqlite') db.sqlite.userChanges.listen(this.#known);
    this.#levels = new AskedTogether((userIDs) => this.#askLevels(userIDs));
  }

  async add(tx: Transaction, users: readonly User[]): Promise<ReadonlySet<string>> {
    const added = new Set<string>();
    // In one order everywhere: two transactions that add the same IDs then wait for each other in one direction only.
    const rows = users.map(toRow).sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
    for (const piece of insertPieces(rows)) {
      const inserted = await this.#db
        .executor(tx)
        .insertInto('users')
        .values(piece)
        .onConflict((conflict) => conflict.column('user_id').doNothing())
        .returning('user_id')
        .execute();
      for (const { user_id } of inserted) added.add(user_id);
    }
    return added;
  }

  async find(userIDs: readonly string[], tx?: Transaction): Promise<readonly User[]> {
    const [only] = userIDs;
    if (only !== undefined && userIDs.length === 1)
      return (await runHot<UserRow>(this.#db, oneUser, [only], tx)).map(fromRow);
    const rows = await this.#db
      .executor(tx)
      .selectFrom('users')
      .selectAll()
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .execute();
    return rows.map(fromRow);
  }

  async levelOf(userID: string): Promise<number | undefined> {
    if (this.#db.dialect === 'postgres') return this.#levels.ask(userID);
    const { sqlite } = this.#db;
    sqlite.userChanges.look();
    const known = this.#known.find(userID);
    if (known !== undefined) return known;
    const row = sqlite.read.prepare(levelOfUser).get(userID) as LevelRow | undefined;
    if (row !== undefined) this.#known.keep(userID, row.app_manager_level);
    return row?.app_manager_level;
  }

  async #askLevels(userIDs: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (this.#db.dialect === 'sqlite') throw new TypeError('SQLite is asked one by one');
    const rows = await this.#db.connections.query<LevelRow & Pick<UserRow, 'user_id'>>(levelsOfUsers, [userIDs]);
    const levels = new Map(rows.map(({ user_id, app_manager_level }) => [user_id, app_manager_level]));
    return userIDs.map((userID) => levels.get(userID));
  }

  async lock(tx: Transaction, userID: string): Promise<User | undefined> {
    const query = this.#db.executor(tx).selectFrom('users').selectAll().where('user_id', '=', userID);
    // SQLite has one writer at a time.
    const row = await (this.#db.dialect === 'postgres' ? query.forNoKeyUpdate() : query).executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async hold(tx: Transaction, userIDs: readonly string[]): Promise<void> {
    // SQLite has one writer at a time.
    if (this.#db.dialect === 'sqlite') return;
    await this.#db
      .executor(tx)
      .selectFrom('users')
      .select('user_id')
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .orderBy('user_id')
      .forShare()
      .execute();
  }

  async update(tx: Transaction, userID: string, changes: UserChanges): Promise<boolean> {
    const columns = toColumns(changes);
    const executor = this.#db.executor(tx);
    if (Object.keys(columns).length === 0) {
      const found = await executor.selectFrom('users').select('user_id').where('user_id', '=', userID).execute();
      return found.length > 0;
    }
    const result = await executor.updateTable('users').set(columns).where('user_id', '=', userID).executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async list(filter: UserFilter, offset: number, limit: number): Promise<readonly User[]> {
    const rows = await this.#matching(filter).selectAll().orderBy('user_id').offset(offset).limit(limit).execute();
    return rows.map(fromRow);
  }

  async count(filter: UserFilter): Promise<number> {
    const counted = this.#matching(filter).select(({ fn }) => fn.countAll<number>().as('total'));
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  async ids(offset: number, limit: number): Promise<readonly string[]> {
    const rows = await this.#db.reader
      .selectFrom('users')
      .select('user_id')
      .orderBy('user_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(({ user_id }) => user_id);
  }

  registrations(from: number, until: number): Promise<ReadonlyMap<number, number>> {
    return countByDay(this.#db.reader, 'users', from, until);
  }

  #matching({ minLevel, maxLevel, registeredBefore, nickname, holding, except = [] }: UserFilter) {
    const { dialect, reader } = this.#db;
    let users = reader.selectFrom('users');
    if (minLevel !== undefined) users = users.where('app_manager_level', '>=', minLevel);
    if (maxLevel !== undefined) users = users.where('app_manager_level', '<=', maxLevel);
    if (registeredBefore !== undefined) users = users.where('created_at', '<', registeredBefore);
    if (nickname !== undefined) users = users.where('nickname', '=', nickname);
    if (except.length > 0) users = users.where((user) => user.not(isOneOf(dialect, 'user_id', except)));
    const { userID: idPart = '', nickname: namePart = '' } = holding ?? {};
    const either = [
      ...(idPart === '' ? [] : [holdsAnyCase(dialect, 'user_id', idPart)]),
      ...(namePart === '' ? [] : [holdsAnyCase(dialect, 'nickname', namePart)]),
    ];
    return either.length === 0 ? users : users.where((user) => user.or(either));
  }
}

type UserRow = Selectable<Schema['users']>;

type LevelRow = Pick<UserRow, 'app_manager_level'>;

const levelOfUser = 'SELECT app_manager_level FROM users WHERE user_id = ?';
const levelsOfUsers = 'SELECT user_id, app_manager_level FROM users WHERE user_id = ANY($1::text[])';
const oneUser = hotQuery('SELECT * FROM users WHERE user_id = $1');

function toRow(user: User): UserRow {
  return {
    user_id: user.userID,
    nickname: user.nickname,
    face_url: user.faceURL,
    ex: user.ex,
    created_at: user.createdAt,
    app_manager_level: user.appManagerLevel,
    global_recv_msg_opt: user.globalRecvMsgOpt,
  };
}

function fromRow(row: UserRow): User {
  return {
    userID: row.user_id,
    nickname: row.nickname,
    faceURL: row.face_url,
    ex: row.ex,
    createdAt: row.created_at,
    appManagerLevel: row.app_manager_level,
    globalRecvMsgOpt: row.global_recv_msg_opt,
  };
}

/** Only what is to be changed. */
function toColumns({ nickname, faceURL, ex, globalRecvMsgOpt }: UserChanges): Partial<UserRow> {
  return {
    ...(nickname === null ? {} : { nickname }),
    ...(faceURL === null ? {} : { face_url: faceURL }),
    ...(ex === null ? {} : { ex }),
    ...(globalRecvMsgOpt === null ? {} : { global_recv_msg_opt: globalRecvMsgOpt }),
  };
}
