/** What admins have set at run time, for a command that only looks: read-only, beside a server, also where none ever ran. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config/config.ts';
import { opening } from '../kernel/start-error.ts';

/** JSON by key; nothing while they are disabled. @throws StartError if the database cannot be read */
export async function readStoredSettings({ databaseUrl, dataDir }: Config): Promise<ReadonlyMap<string, string>> {
  const rows =
    databaseUrl === ''
      ? inSqlite(join(dataDir, 'tessera.db'))
      : await opening('TESSERA_DATABASE_URL: cannot use PostgreSQL', inPostgres(databaseUrl));
  return new Map(rows.map(({ name, value }) => [String(name), String(value)]));
}

const select = 'SELECT name, value FROM settings WHERE EXISTS (SELECT 1 FROM settings_state WHERE is_enabled = 1)';

type Row = Readonly<Record<string, unknown>>;

function inSqlite(path: string): readonly Row[] {
  if (!existsSync(path)) return [];
  using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'settings_state'").get();
  return table === undefined ? [] : database.prepare(select).all();
}

async function inPostgres(url: string): Promise<readonly Row[]> {
  const { PostgresConnections } = await import('../database/postgres-connections.ts');
  const connections = new PostgresConnections(url, { max: 1, statementTimeoutMs: 15_000, onIdleFailure: () => {} });
  try {
    const [table] = await connections.query<{ exists: boolean }>(
      "SELECT to_regclass('settings_state') IS NOT NULL AS exists",
    );
    return table?.exists === true ? await connections.query<Row>(select, []) : [];
  } finally {
    await connections.end();
  }
}
