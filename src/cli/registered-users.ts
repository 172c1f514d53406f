/** Which users are registered, for commands that only look: read-only, beside a server, also where none ever ran. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config/config.ts';
import { opening } from '../kernel/start-error.ts';

export interface RegisteredUsers extends AsyncDisposable {
  /** Those of the IDs that are registered. */
  among(userIDs: readonly string[]): Promise<ReadonlySet<string>>;
}

/** @throws StartError if the database cannot be read */
export async function openRegisteredUsers(config: Config): Promise<RegisteredUsers> {
  if (config.databaseUrl === '') return inSqlite(join(config.dataDir, 'tessera.db'));
  return opening('TESSERA_DATABASE_URL: cannot use PostgreSQL', inPostgres(config.databaseUrl));
}

function inSqlite(path: string): RegisteredUsers {
  if (!existsSync(path)) return { among: async () => new Set(), [Symbol.asyncDispose]: async () => {} };
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  const select = database.prepare('SELECT user_id FROM users WHERE user_id IN (SELECT value FROM json_each(?))');
  return {
    among: async (userIDs) => new Set(select.all(JSON.stringify(userIDs)).map((row) => String(row.user_id))),
    [Symbol.asyncDispose]: async () => database.close(),
  };
}

async function inPostgres(url: string): Promise<RegisteredUsers> {
  const { PostgresConnections } = await import('../database/postgres-connections.ts');
  const connections = new PostgresConnections(url, { max: 1, statementTimeoutMs: 15_000, onIdleFailure: () => {} });
  try {
    const [table] = await connections.query<{ exists: boolean }>("SELECT to_regclass('users') IS NOT NULL AS exists");
    return {
      among: async (userIDs) => {
        if (table?.exists !== true) return new Set();
        const text = 'SELECT user_id FROM users WHERE user_id = ANY($1::text[])';
        const rows = await connections.query<{ user_id: string }>(text, [userIDs]);
        return new Set(rows.map(({ user_id }) => user_id));
      },
      [Symbol.asyncDispose]: () => connections.end(),
    };
  } catch (error) {
    await connections.end();
    throw error;
  }
}
