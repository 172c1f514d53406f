/**
 * Which tokens the database says have ended, for an import that only looks: read-only, beside a server, also where none
 * ever ran. A Redis that has forgotten would take them in again as if they were good (T4).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config/config.ts';
import { opening } from '../kernel/start-error.ts';
import type { TokenRecord } from '../tokens/token-store.ts';

export type KeptEnd = Pick<TokenRecord, 'state' | 'reason' | 'acceptedUntil'>;

export interface KeptEnds extends AsyncDisposable {
  /** Undefined if the database knows of none. */
  of(userID: string, jti: string): Promise<KeptEnd | undefined>;
}

/** @throws StartError if the database cannot be read */
export async function openKeptEnds(config: Config): Promise<KeptEnds> {
  if (config.databaseUrl === '') return inSqlite(join(config.dataDir, 'tessera.db'));
  return opening('TESSERA_DATABASE_URL: cannot use PostgreSQL', inPostgres(config.databaseUrl));
}

interface Row {
  readonly state: KeptEnd['state'];
  readonly reason: KeptEnd['reason'];
  readonly accepted_until: number | string;
}

const found = 'SELECT state, reason, accepted_until FROM token_ends WHERE user_id = $1 AND jti = $2';

function inSqlite(path: string): KeptEnds {
  if (!existsSync(path)) return none(async () => {});
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  const close = async () => database.close();
  const hasTable = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'token_ends'").get() !== undefined;
  if (!hasTable) return none(close);
  const select = database.prepare(found.replaceAll('$', '?'));
  return {
    of: async (userID, jti) => toEnd(select.get(userID, jti) as Row | undefined),
    [Symbol.asyncDispose]: close,
  };
}

async function inPostgres(url: string): Promise<KeptEnds> {
  const { PostgresConnections } = await import('../database/postgres-connections.ts');
  const connections = new PostgresConnections(url, { max: 4, statementTimeoutMs: 15_000, onIdleFailure: () => {} });
  const close = () => connections.end();
  try {
    const [table] = await connections.query<{ exists: boolean }>(
      "SELECT to_regclass('token_ends') IS NOT NULL AS exists",
    );
    if (table?.exists !== true) return none(close);
    // A first import, ahead of any server of ours, need not ask a million times.
    const [any] = await connections.query('SELECT 1 FROM token_ends LIMIT 1');
    if (any === undefined) return none(close);
    return {
      of: async (userID, jti) => toEnd((await connections.query<Row>(found, [userID, jti]))[0]),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function none(close: () => Promise<void>): KeptEnds {
  return { of: async () => undefined, [Symbol.asyncDispose]: close };
}

function toEnd(row: Row | undefined): KeptEnd | undefined {
  return row && { state: row.state, reason: row.reason, acceptedUntil: Number(row.accepted_until) };
}
