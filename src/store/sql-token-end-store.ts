/** What ended tokens before their time, in the durable database. See {@link TokenEndStore}. */
import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Schema } from '../database/schema.ts';
import type { StatementCache } from '../database/statement-cache.ts';
import { giveWay } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { type Cutoffs, type CutoffsButOne, noCutoffsButOne } from '../tokens/cutoffs.ts';
import { hasEnded } from '../tokens/ended-record.ts';
import { type LoginFollower, type Renewal, renewalsAmong } from '../tokens/login-follower.ts';
import {
  type KeptCutoff,
  type KeptCutoffButOne,
  type KnownEnds,
  type TokenEnd,
  type TokenEndStore,
  unknownPlatform,
} from '../tokens/token-end-store.ts';
import type { TokenEndReason, TokenKey } from '../tokens/token-store.ts';
import { deleteEnded } from './ended-rows.ts';
import { insertPieces, isOneOf, textTable } from './sql-lists.ts';

export class SqlTokenEndStore implements TokenEndStore {
  readonly #db: Database;
  readonly #follower: LoginFollower;
  /**
   * Whether tokens may be known by their names alone, which have ended for good whatever else is known of them later. As
   * good as never, and nearly every login writes an end.
   */
  #hasNamed: boolean | undefined;

  constructor(db: Database, follower: LoginFollower) {
    this.#db = db;
    this.#follower = follower;
  }

  async record(ends: readonly TokenEnd[], also?: Parameters<TokenEndStore['record']>[1]): Promise<void> {
    // One statement may not touch a row twice, and the last word on a token is the one that counts.
    const last = [...new Map(ends.map((end) => [`${end.userID}\0${end.jti}`, end])).values()];
    const rows = last.map(toRow);
    await this.#db.transaction(async (tx) => {
      const written =
        this.#db.dialect === 'sqlite'
          ? this.#recordInSqlite(this.#db.sqlite.within(tx), rows)
          : await this.#recordInPostgres(tx, rows);
      await this.#tellFollower(tx, last);
      await also?.(tx, written.map(toEnd));
    });
  }

  #recordInSqlite(connection: StatementCache, rows: readonly EndRow[]): readonly EndRow[] {
    this.#hasNamed ??= connection.prepare(`${findNamed} LIMIT 1`).get() !== undefined;
    if (rows.some(({ platform_id }) => platform_id === unknownPlatform)) this.#hasNamed = true;
    if (!this.#hasNamed) return recordRows(connection, rows);
    const named = connection.prepare(`${findNamed} AND user_id = ? AND jti = ?`);
    return recordRows(
      connection,
      rows.filter(({ user_id, jti }) => named.get(user_id, jti) === undefined),
    );
  }

  async #recordInPostgres(tx: Transaction, rows: readonly EndRow[]): Promise<readonly EndRow[]> {
    const written: EndRow[] = [];
    for (const piece of insertPieces(rows)) {
      written.push(
        ...(await this.#db
          .executor(tx)
          .insertInto('token_ends')
          .values(piece)
          .onConflict((conflict) =>
            conflict
              .columns(['user_id', 'jti'])
              .doUpdateSet((eb) => ({
                state: eb.ref('excluded.state'),
                reason: eb.ref('excluded.reason'),
                accepted_until: eb.ref('excluded.accepted_until'),
              }))
              .where('token_ends.state', '=', 'superseded'),
          )
          .returningAll()
          .execute()),
      );
    }
    return written;
  }

  async #tellFollower(tx: Transaction, ends: readonly TokenEnd[]): Promise<void> {
    const ended = ends.filter(hasEnded);
    let renewals = renewalsAmong(ends);
    while (renewals.length > 0) {
      await this.#follower.renewLogins(tx, renewals);
      // What became of the later token may be here before this, written by another node.
      const later = await this.#endsOfSuccessors(tx, renewals);
      ended.push(...later.filter(hasEnded));
      renewals = renewalsAmong(later);
    }
    if (ended.length > 0) await this.#follower.endLogins(tx, ended);
  }

  async #endsOfSuccessors(tx: Transaction, renewals: readonly Renewal[]): Promise<readonly TokenEnd[]> {
    if (this.#db.dialect === 'sqlite') {
      const statement = this.#db.sqlite.within(tx).prepare(findEndByExpiry.sqliteText);
      const endsOf = ({ userID, successor: { jti, expiresAt } }: Renewal) =>
        statement.all(userID, jti, expiresAt) as unknown as readonly EndRow[];
      return renewals.flatMap(endsOf).map(toEnd);
    }
    const names = renewals.map(({ userID, successor }) => [userID, successor.jti]);
    const { rows } = await sql<EndRow>`SELECT e.* FROM token_ends AS e
      JOIN ${textTable('postgres', ['user_id', 'jti'], names)} ON e.user_id = k.user_id AND e.jti = k.jti`.execute(
      this.#db.executor(tx),
    );
    return rows.map(toEnd);
  }

  async cutOff(
    { userID, platformID, notBefore, keepUntil }: KeptCutoff,
    also?: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const moved = await this.#db
        .executor(tx)
        .insertInto('token_end_cutoffs')
        .values({ user_id: userID, platform_id: platformID, not_before: notBefore, keep_until: keepUntil })
        .onConflict((conflict) =>
          conflict
            .columns(['user_id', 'platform_id'])
            .doUpdateSet((eb) => ({
              not_before: eb.ref('excluded.not_before'),
              keep_until: eb.ref('excluded.keep_until'),
            }))
            .whereRef('token_end_cutoffs.not_before', '<', sql.ref('excluded.not_before')),
        )
        .returning('user_id')
        .execute();
      if (moved.length === 0) return;
      await this.#follower.cutOffLogins(tx, { userID, platformID, notBefore });
      await also?.(tx);
    });
  }

  async cutOffButOne({ userID, platformID, notBefore, keepUntil, spares }: KeptCutoffButOne): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const moved = await this.#db
        .executor(tx)
        .insertInto('token_end_cutoffs_but_one')
        .values({ user_id: userID, platform_id: platformID, not_before: notBefore, keep_until: keepUntil, spares })
        .onConflict((conflict) =>
          conflict
            .columns(['user_id', 'platform_id'])
            .doUpdateSet((eb) => ({
              not_before: eb.ref('excluded.not_before'),
              keep_until: eb.ref('excluded.keep_until'),
              spares: eb.ref('excluded.spares'),
            }))
            .whereRef('token_end_cutoffs_but_one.not_before', '<', sql.ref('excluded.not_before')),
        )
        .returning('user_id')
        .execute();
      if (moved.length > 0) await this.#follower.cutOffLogins(tx, { userID, platformID, notBefore, spares });
    });
  }

  async find({ userID, jti, expiresAt }: TokenKey): Promise<KnownEnds> {
    const [rows, cutoffs] = await Promise.all([
      this.#db.dialect === 'sqlite'
        ? runHot<EndRow>(this.#db, findEndByExpiry, [userID, jti, expiresAt])
        : runHot<EndRow>(this.#db, findEnd, [userID, jti]),
      this.#findCutoffs(userID),
    ]);
    const row = rows.find(({ state }) => state !== 'superseded') ?? rows[0];
    return { end: row === undefined ? undefined : toEnd(row), ...cutoffs };
  }

  async findByNames(userID: string, jtis: readonly string[], now: number): Promise<readonly TokenEnd[]> {
    const named = this.#db.reader
      .selectFrom('token_ends')
      .selectAll()
      .where('user_id', '=', userID)
      .where(isOneOf(this.#db.dialect, 'jti', jtis));
    if (this.#db.dialect === 'postgres') {
      return (await named.where('expires_at', '>', now).execute()).map(toEnd);
    }
    // There is no index of names: a window of the key after another, and others in between.
    const found: TokenEnd[] = [];
    for (let from: number | undefined = now; from !== undefined; ) {
      const until = await this.#endOfWindow(from);
      const window = named.where('expires_at', '>', from);
      const rows = await (until === undefined ? window : window.where('expires_at', '<=', until)).execute();
      found.push(...rows.map(toEnd));
      from = until;
      if (from !== undefined) await giveWay();
    }
    return found;
  }

  /** @returns the expiry with which a window of the key ends that begins after another; undefined for the last one */
  async #endOfWindow(from: number): Promise<number | undefined> {
    const last = await this.#db.reader
      .selectFrom('token_ends')
      .select('expires_at')
      .where('expires_at', '>', from)
      .orderBy('expires_at')
      .limit(1)
      .offset(windowLength)
      .executeTakeFirst();
    return last?.expires_at;
  }

  async countUnknown(userID: string, now: number): Promise<number> {
    const { count } = await this.#db.reader
      .selectFrom('token_ends')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('user_id', '=', userID)
      .where('platform_id', '=', sql.lit(unknownPlatform))
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async everyonesCutoffs(): Promise<Cutoffs> {
    return (await this.#findCutoffs('')).cutoffs;
  }

  async ends(after: TokenKey | undefined, now: number, limit: number): Promise<readonly TokenEnd[]> {
    const key = sql.join(this.#endKey.map((name) => sql.ref(name)));
    const place = after && { expires_at: after.expiresAt, user_id: after.userID, jti: after.jti };
    const isLater =
      place === undefined ? sql`TRUE` : sql`(${key}) > (${sql.join(this.#endKey.map((name) => place[name]))})`;
    const { rows } = await sql<EndRow>`SELECT * FROM token_ends
      WHERE expires_at > ${now} AND ${isLater} ORDER BY ${key} LIMIT ${limit}`.execute(this.#db.reader);
    return rows.map(toEnd);
  }

  async cutoffs(after: CutoffPlace | undefined, now: number, limit: number): Promise<readonly KeptCutoff[]> {
    return (await this.#cutoffsOf('token_end_cutoffs', after, now, limit)).map(toCutoff);
  }

  async cutoffsButOne(
    after: CutoffPlace | undefined,
    now: number,
    limit: number,
  ): Promise<readonly KeptCutoffButOne[]> {
    const rows = await this.#cutoffsOf('token_end_cutoffs_but_one', after, now, limit);
    return rows.map((row) => ({ ...toCutoff(row), spares: row.spares }));
  }

  async #cutoffsOf<Table extends keyof CutoffRows>(
    table: Table,
    after: CutoffPlace | undefined,
    now: number,
    limit: number,
  ): Promise<readonly CutoffRows[Table][]> {
    const isLater =
      after === undefined ? sql`TRUE` : sql`(user_id, platform_id) > (${after.userID}, ${after.platformID})`;
    const { rows } = await sql<CutoffRows[Table]>`SELECT * FROM ${sql.table(table)}
      WHERE keep_until > ${now} AND ${isLater} ORDER BY user_id, platform_id LIMIT ${limit}`.execute(this.#db.reader);
    return rows;
  }

  async sweep(now: number): Promise<number> {
    for (const table of ['token_end_cutoffs', 'token_end_cutoffs_but_one'] as const) {
      await deleteEnded(this.#db, { table, key: ['user_id', 'platform_id'], end: 'keep_until' }, now);
    }
    return deleteEnded(this.#db, { table: 'token_ends', key: this.#endKey, end: 'expires_at' }, now);
  }

  /** See migration 040. */
  get #endKey() {
    return this.#db.dialect === 'sqlite' ? (['expires_at', 'user_id', 'jti'] as const) : (['user_id', 'jti'] as const);
  }

  async #findCutoffs(userID: string): Promise<Omit<KnownEnds, 'end'>> {
    const rows = await runHot<CutoffRow>(this.#db, findCutoffs, [userID]);
    const [plain, butOne] = [rows.filter(({ spares }) => spares === ''), rows.filter(({ spares }) => spares !== '')];
    return {
      cutoffs: new Map(plain.map(({ platform_id, not_before }) => [platform_id, not_before])),
      cutoffsButOne: butOne.length === 0 ? noCutoffsButOne : new Map(butOne.map(toCutoffButOne)),
    };
  }
}

type EndRow = Selectable<Schema['token_ends']>;
type CutoffPlace = Pick<KeptCutoff, 'userID' | 'platformID'>;
type CutoffRows = {
  readonly [Table in 'token_end_cutoffs' | 'token_end_cutoffs_but_one']: Selectable<Schema[Table]>;
};
type CutoffRow = Pick<Selectable<Schema['token_end_cutoffs_but_one']>, 'platform_id' | 'not_before' | 'spares'>;

/** Where Redis may evict, every token that is verified is looked up. */
const findEnd = hotQuery('SELECT * FROM token_ends WHERE user_id = $1 AND jti = $2');
/** A token of which only the name was known when it was ended may have another end; before this version, both. */
const findEndByExpiry = hotQuery(`SELECT * FROM token_ends WHERE user_id = $1 AND jti = $2 AND expires_at = $3
  UNION ALL SELECT * FROM token_ends WHERE user_id = $1 AND jti = $2 AND platform_id = ${unknownPlatform}`);
const findCutoffs = hotQuery(`SELECT platform_id, not_before, '' AS spares FROM token_end_cutoffs WHERE user_id = $1
  UNION ALL SELECT platform_id, not_before, spares FROM token_end_cutoffs_but_one WHERE user_id = $1`);

const findNamed = `SELECT 1 FROM token_ends WHERE platform_id = ${unknownPlatform}`;

/** @returns those that are new */
function recordRows(connection: StatementCache, rows: readonly EndRow[]): readonly EndRow[] {
  const statement = connection.prepare(recordEnd);
  return rows.filter((row) => {
    const { user_id, jti, platform_id, state, reason, issued_at, expires_at, accepted_until } = row;
    const { key_mark, login_at, successor, successor_expires_at } = row;
    const { changes } = statement.run(
      ...[user_id, jti, platform_id, state, reason, issued_at, expires_at, accepted_until],
      ...[key_mark, login_at, successor, successor_expires_at],
    );
    return Number(changes) > 0;
  });
}

const recordEnd = `INSERT INTO token_ends
  (user_id, jti, platform_id, state, reason, issued_at, expires_at, accepted_until,
    key_mark, login_at, successor, successor_expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (expires_at, user_id, jti) DO UPDATE
  SET state = excluded.state, reason = excluded.reason, accepted_until = excluded.accepted_until
  WHERE token_ends.state = 'superseded'`;

/** Rows of the key that are walked at once: a millisecond. */
const windowLength = 5000;

function toRow(end: TokenEnd): EndRow {
  return {
    user_id: end.userID,
    jti: end.jti,
    platform_id: end.platformID,
    state: end.state,
    reason: end.reason,
    issued_at: end.issuedAt,
    expires_at: end.expiresAt,
    accepted_until: end.acceptedUntil,
    key_mark: end.keyMark ?? '',
    login_at: end.loginAt ?? 0,
    successor: end.successor?.jti ?? '',
    successor_expires_at: end.successor?.expiresAt ?? 0,
  };
}

function toCutoff(row: Selectable<Schema['token_end_cutoffs']>): KeptCutoff {
  return { userID: row.user_id, platformID: row.platform_id, notBefore: row.not_before, keepUntil: row.keep_until };
}

function toCutoffButOne({ platform_id, not_before, spares }: CutoffRow): [number, MapValue<CutoffsButOne>] {
  return [platform_id, { notBefore: not_before, spares }];
}

type MapValue<T> = T extends ReadonlyMap<number, infer Value> ? Value : never;

function toEnd(row: EndRow): TokenEnd {
  return {
    userID: row.user_id,
    jti: row.jti,
    platformID: row.platform_id,
    state: row.state as TokenEnd['state'],
    reason: row.reason as TokenEndReason | '',
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    acceptedUntil: row.accepted_until,
    ...(row.key_mark === '' ? {} : { keyMark: row.key_mark }),
    ...(row.login_at === 0 ? {} : { loginAt: row.login_at }),
    ...(row.successor === '' ? {} : { successor: { jti: row.successor, expiresAt: row.successor_expires_at } }),
  };
}
