/** Push tokens in SQL, for both dialects. */
import { CompiledQuery, type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Schema } from '../database/schema.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { ApnsEnvironment, LoggedOutDevice, PushToken } from '../push/push-token.ts';
import type { PushTokenStore } from '../push/push-token-store.ts';
import { allPlatforms } from '../tokens/cutoffs.ts';
import type { LoginCutoff, LoginName, Renewal } from '../tokens/login-follower.ts';
import { inChunks, isOneOf, textTable } from './sql-lists.ts';

type PushTokenRow = Selectable<Schema['push_tokens']>;

export class SqlPushTokenStore implements PushTokenStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async put(tx: Transaction, token: PushToken): Promise<void> {
    const executor = this.#db.executor(tx);
    // The device has changed hands: it is not to show what is written to its former owner.
    await executor
      .deleteFrom('push_tokens')
      .where('token', '=', token.token)
      .where('provider', '=', token.provider)
      .execute();
    await executor
      .insertInto('push_tokens')
      .values(toRow(token))
      .onConflict((conflict) =>
        conflict.columns(['user_id', 'platform_id']).doUpdateSet((row) => ({
          provider: row.ref('excluded.provider'),
          token: row.ref('excluded.token'),
          topic: row.ref('excluded.topic'),
          environment: row.ref('excluded.environment'),
          jti: row.ref('excluded.jti'),
          login_at: row.ref('excluded.login_at'),
          registered_at: row.ref('excluded.registered_at'),
          expires_at: row.ref('excluded.expires_at'),
        })),
      )
      .execute();
  }

  remove(devices: readonly LoggedOutDevice[]): Promise<void> {
    return this.#change(async (tx) => {
      for (const { userID, platformID, loggedOutAt } of devices) {
        const ofPlatform = tx
          .deleteFrom('push_tokens')
          .where('user_id', '=', userID)
          .where('platform_id', '=', platformID);
        await ofPlatform.where('registered_at', '<=', loggedOutAt).execute();
      }
    });
  }

  async endLogins(tx: Transaction, logins: readonly LoginName[]): Promise<void> {
    if (this.#db.dialect === 'sqlite') {
      const statement = this.#db.sqlite.within(tx).prepare(endInSqlite);
      for (const { userID, jti } of logins) statement.run(userID, jti);
      return;
    }
    const executor = this.#db.executor(tx);
    const userIDs = [...new Set(logins.map(({ userID }) => userID))];
    // All of a user, and locked: one whose login goes on under another token just now is not overlooked.
    const { rows: held } = await executor.executeQuery<LoginRow>(CompiledQuery.raw(heldInPostgres, [userIDs]));
    const names = new Set(logins.map(({ userID, jti }) => `${userID} ${jti}`));
    const ended = held.filter(({ user_id, jti }) => names.has(`${user_id} ${jti}`));
    if (ended.length === 0) return;
    const keys = textTable(
      'postgres',
      ['user_id', 'jti'],
      ended.map(({ user_id, jti }) => [user_id, jti]),
    );
    await sql`DELETE FROM push_tokens AS p USING ${keys} WHERE p.user_id = k.user_id AND p.jti = k.jti`.execute(
      executor,
    );
  }

  async renewLogins(tx: Transaction, renewals: readonly Renewal[]): Promise<void> {
    if (this.#db.dialect === 'sqlite') {
      const statement = this.#db.sqlite.within(tx).prepare(renewInSqlite);
      for (const { userID, jti, successor } of renewals) statement.run(successor.jti, userID, jti);
      return;
    }
    const rows = renewals.map(({ userID, jti, successor }) => [userID, jti, successor.jti]);
    await sql`UPDATE push_tokens AS p SET jti = k.successor
      FROM ${textTable('postgres', ['user_id', 'jti', 'successor'], rows)}
      WHERE p.user_id = k.user_id AND p.jti = k.jti`.execute(this.#db.executor(tx));
  }

  async cutOffLogins(tx: Transaction, { userID, platformID, notBefore, spares }: LoginCutoff): Promise<void> {
    const began = sql<number>`CASE login_at WHEN 0 THEN registered_at ELSE login_at END`;
    let rows = this.#db.executor(tx).deleteFrom('push_tokens').where(began, '<', notBefore);
    if (userID !== '') rows = rows.where('user_id', '=', userID);
    if (platformID !== allPlatforms) rows = rows.where('platform_id', '=', platformID);
    if (spares !== undefined) rows = rows.where('jti', '!=', spares);
    await rows.execute();
  }

  removeDead(tokens: readonly PushToken[]): Promise<void> {
    return this.#change(async (tx) => {
      for (const { userID, platformID, token, registeredAt } of tokens) {
        const ofDevice = tx.deleteFrom('push_tokens').where('user_id', '=', userID);
        await ofDevice
          .where('platform_id', '=', platformID)
          .where('token', '=', token)
          .where('registered_at', '=', registeredAt)
          .execute();
      }
    });
  }

  async of(userIDs: readonly string[], now: number): Promise<readonly PushToken[]> {
    const [userID] = userIDs;
    // Of most messages.
    if (userID !== undefined && userIDs.length === 1) {
      return (await runHot<PushTokenRow>(this.#db, ofOne, [userID, now])).map(fromRow);
    }
    const rows = await inChunks(userIDs, (chunk) =>
      this.#db.reader
        .selectFrom('push_tokens')
        .selectAll()
        .where(isOneOf(this.#db.dialect, 'user_id', chunk))
        .where((row) => row.or([row('expires_at', '=', 0), row('expires_at', '>', now)]))
        .orderBy('user_id')
        .orderBy('platform_id')
        .execute(),
    );
    return rows.map(fromRow);
  }

  #change(work: (tx: ReturnType<Database['executor']>) => Promise<void>): Promise<void> {
    return this.#db.transaction((tx) => work(this.#db.executor(tx)));
  }
}

const ofOne = hotQuery(`SELECT * FROM push_tokens WHERE user_id = $1 AND (expires_at = 0 OR expires_at > $2)
  ORDER BY platform_id`);

type LoginRow = Pick<PushTokenRow, 'user_id' | 'jti'>;

/** With every login that ends another one, and most have no device. */
const endInSqlite = 'DELETE FROM push_tokens WHERE user_id = ? AND jti = ?';
const heldInPostgres = `SELECT user_id, jti FROM push_tokens WHERE user_id = ANY($1::text[])
  ORDER BY user_id, platform_id FOR UPDATE`;
const renewInSqlite = 'UPDATE push_tokens SET jti = ? WHERE user_id = ? AND jti = ?';

function toRow(token: PushToken): PushTokenRow {
  return {
    user_id: token.userID,
    platform_id: token.platformID,
    provider: token.provider,
    token: token.token,
    topic: token.topic,
    environment: token.environment,
    jti: token.jti,
    login_at: token.loginAt,
    registered_at: token.registeredAt,
    expires_at: token.expiresAt,
  };
}

function fromRow(row: PushTokenRow): PushToken {
  return {
    userID: row.user_id,
    platformID: row.platform_id,
    provider: row.provider as PushProviderName,
    token: row.token,
    topic: row.topic,
    environment: row.environment as ApnsEnvironment,
    jti: row.jti,
    loginAt: row.login_at,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
  };
}
