/** Push tokens in SQL, for both dialects. */
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Schema } from '../database/schema.ts';
import { AskedTogether } from '../kernel/asked-together.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import type { ApnsEnvironment, PushToken } from '../push/push-token.ts';
import type { PushTokenStore } from '../push/push-token-store.ts';
import { inChunks, isOneOf } from './sql-lists.ts';

type PushTokenRow = Selectable<Schema['push_tokens']>;

export class SqlPushTokenStore implements PushTokenStore {
  readonly #db: Database;
  /** By user: the logins that have registered devices. */
  readonly #logins = new AskedTogether((userIDs: readonly string[]) => this.#askLogins(userIDs));

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
          registered_at: row.ref('excluded.registered_at'),
          expires_at: row.ref('excluded.expires_at'),
        })),
      )
      .execute();
  }

  remove(userID: string, platformID: number): Promise<void> {
    return this.#change(async (tx) => {
      await tx.deleteFrom('push_tokens').where('user_id', '=', userID).where('platform_id', '=', platformID).execute();
    });
  }

  async removeOfLogins(userID: string, jtis: readonly string[]): Promise<void> {
    // With every login that ends another one, and most have no device.
    const held = await this.#logins.ask(userID);
    if (!held.some((jti) => jtis.includes(jti))) return;
    await this.#change(async (tx) => {
      const isOfLogin = isOneOf(this.#db.dialect, 'jti', jtis);
      await tx.deleteFrom('push_tokens').where('user_id', '=', userID).where(isOfLogin).execute();
    });
  }

  async #askLogins(userIDs: readonly string[]): Promise<readonly (readonly string[])[]> {
    const rows =
      this.#db.dialect === 'sqlite'
        ? this.#db.sqlite.read.prepare(loginsInSqlite).all(JSON.stringify(userIDs))
        : await this.#db.connections.query<LoginRow & UserRow>(loginsInPostgres, [userIDs]);
    if (rows.length === 0) return userIDs.map(() => []);
    const byUser = Map.groupBy(rows as unknown as readonly (LoginRow & UserRow)[], ({ user_id }) => user_id);
    return userIDs.map((userID) => byUser.get(userID)?.map(({ jti }) => jti) ?? []);
  }

  removeBefore(userID: string, platformID: number, before: number, spares?: string): Promise<void> {
    return this.#change(async (tx) => {
      let rows = tx.deleteFrom('push_tokens').where('registered_at', '<', before);
      if (userID !== '') rows = rows.where('user_id', '=', userID);
      if (platformID !== 0) rows = rows.where('platform_id', '=', platformID);
      if (spares !== undefined) rows = rows.where('jti', '!=', spares);
      await rows.execute();
    });
  }

  follow(userID: string, jti: string, successor: string): Promise<void> {
    return this.#change(async (tx) => {
      const rows = tx.updateTable('push_tokens').where('user_id', '=', userID).where('jti', '=', jti);
      await rows.set({ jti: successor }).execute();
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

type LoginRow = Pick<PushTokenRow, 'jti'>;
type UserRow = Pick<PushTokenRow, 'user_id'>;

const loginsInSqlite = 'SELECT user_id, jti FROM push_tokens WHERE user_id IN (SELECT value FROM json_each(?))';
const loginsInPostgres = 'SELECT user_id, jti FROM push_tokens WHERE user_id = ANY($1::text[])';

function toRow(token: PushToken): PushTokenRow {
  return {
    user_id: token.userID,
    platform_id: token.platformID,
    provider: token.provider,
    token: token.token,
    topic: token.topic,
    environment: token.environment,
    jti: token.jti,
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
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
  };
}
