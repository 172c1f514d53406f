/** Push tokens in SQL, for both dialects. */
import { CompiledQuery, type Kysely, type Selectable, sql } from 'kysely';
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
    const executor = this.#db.executor(tx);
    if (userID === '') {
      // Of any number of devices: only noted, so that it succeeds as fast as it has to.
      const cutoff = { platform_id: platformID, not_before: notBefore };
      await executor
        .insertInto('push_cutoffs')
        .values(cutoff)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    }
    let rows = executor.deleteFrom('push_tokens').where('user_id', '=', userID).where(beganBefore(notBefore));
    if (platformID !== allPlatforms) rows = rows.where('platform_id', '=', platformID);
    if (spares !== undefined) rows = rows.where('jti', '!=', spares);
    await rows.execute();
  }

  async deleteCutOff(): Promise<boolean> {
    // Mostly there is none: then nobody who writes waits for it.
    if ((await runHot(this.#db, anyCutoff, [])).length === 0) return false;
    const isShared = this.#db.dialect === 'postgres';
    return this.#db.transaction(async (tx) => {
      const executor = this.#db.executor(tx);
      // Locked, and passed over by other nodes: each of them has a window of its own, or none for now.
      const cutoff = await executor
        .selectFrom('push_cutoffs')
        .selectAll()
        .orderBy('platform_id')
        .orderBy('not_before')
        .limit(1)
        .$if(isShared, (query) => query.forUpdate().skipLocked())
        .executeTakeFirst();
      if (cutoff === undefined) return false;
      const { platform_id, not_before } = cutoff;
      const last = await deleteWindow(executor, cutoff);
      await (last === undefined
        ? executor.deleteFrom('push_cutoffs').where((row) => row.and({ platform_id, not_before }))
        : executor
            .updateTable('push_cutoffs')
            .set({ done_user_id: last.user_id, done_platform_id: last.platform_id })
            .where((row) => row.and({ platform_id, not_before }))
      ).execute();
      return true;
    });
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
        .where(sql<boolean>`${sql.raw(isSpared)}`)
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

/** When the login of a device began, as far as it is known. */
const began = 'CASE login_at WHEN 0 THEN registered_at ELSE login_at END';

function beganBefore(notBefore: number) {
  return sql<boolean>`${sql.raw(began)} < ${notBefore}`;
}

/** Not of a device that a cutoff of everybody means, and that is still there until its turn comes. */
const isSpared = `NOT EXISTS (SELECT 1 FROM push_cutoffs AS c
  WHERE c.platform_id IN (${allPlatforms}, push_tokens.platform_id) AND c.not_before > ${began})`;

const ofOne = hotQuery(`SELECT * FROM push_tokens WHERE user_id = $1 AND (expires_at = 0 OR expires_at > $2)
  AND ${isSpared} ORDER BY platform_id`);

const anyCutoff = hotQuery('SELECT 1 FROM push_cutoffs LIMIT 1');

type CutoffRow = Selectable<Schema['push_cutoffs']>;

/** Deletes what the cutoff means among the next devices. @returns the key of the last of those; undefined after all */
async function deleteWindow(executor: Kysely<Schema>, cutoff: CutoffRow): Promise<DeviceKey | undefined> {
  const key = sql`(user_id, platform_id)`;
  const isLater = sql<boolean>`${key} > (${cutoff.done_user_id}, ${cutoff.done_platform_id})`;
  const last = await executor
    .selectFrom('push_tokens')
    .select(['user_id', 'platform_id'])
    .where(isLater)
    .orderBy('user_id')
    .orderBy('platform_id')
    .offset(windowLength - 1)
    .limit(1)
    .executeTakeFirst();
  let window = executor.deleteFrom('push_tokens').where(isLater).where(beganBefore(cutoff.not_before));
  if (last !== undefined) window = window.where(sql<boolean>`${key} <= (${last.user_id}, ${last.platform_id})`);
  if (cutoff.platform_id !== allPlatforms) window = window.where('platform_id', '=', cutoff.platform_id);
  await window.execute();
  return last;
}

type DeviceKey = Pick<PushTokenRow, 'user_id' | 'platform_id'>;

/** Devices that are looked at in one transaction: for some ms nobody else writes on SQLite. */
const windowLength = 250;

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
