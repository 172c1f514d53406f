/** Reads a server's database beside it: for what no endpoint tells. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { TesseraProcess } from '../../test/support/tessera-process.ts';

/** Columns by name; what is a number in one engine is one in both. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the statement selects
export type Row = Readonly<Record<string, any>>;

export interface DatabaseReader extends AsyncDisposable {
  /** @param statement that both engines understand */
  rows(statement: string): Promise<readonly Row[]>;
  /** Gives `bytes`: the database without its write-ahead log. */
  readonly sizeStatement: string;
}

/** @param databaseUrl of PostgreSQL; undefined: the file of the server */
export async function openDatabase(
  server: Pick<TesseraProcess, 'dataDir'>,
  databaseUrl: string | undefined,
): Promise<DatabaseReader> {
  if (databaseUrl === undefined) {
    const db = new DatabaseSync(join(server.dataDir, 'data', 'tessera.db'), { readOnly: true });
    return {
      rows: async (statement) => db.prepare(statement).all(),
      sizeStatement: 'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
      [Symbol.asyncDispose]: async () => db.close(),
    };
  }
  const bigints = { getTypeParser: (oid: number) => (isNumber(oid) ? Number : pg.types.getTypeParser(oid)) };
  const client = new pg.Client({ connectionString: databaseUrl, types: bigints });
  await client.connect();
  return {
    rows: async (statement) => (await client.query(statement)).rows,
    sizeStatement: 'SELECT pg_database_size(current_database()) AS bytes',
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** bigint and numeric, which the driver gives as texts. */
function isNumber(oid: number): boolean {
  return oid === 20 || oid === 1700;
}
