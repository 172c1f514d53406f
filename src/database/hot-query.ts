/** Statements for the hot paths of either engine, from one SQL text with `$1`-style parameters. */
import type { SQLInputValue } from 'node:sqlite';
import type { Database } from './database.ts';

export interface HotQuery {
  readonly text: string;
  /** The same with SQLite's numbered parameters. */
  readonly sqliteText: string;
}

export function hotQuery(text: string): HotQuery {
  return { text, sqliteText: text.replaceAll('$', '?') };
}

/** Runs the query outside any transaction; columns come as the engine gives them, integers as numbers. */
export async function runHot<Row extends object>(
  db: Database,
  query: HotQuery,
  values: readonly (string | number)[],
): Promise<Row[]> {
  if (db.dialect === 'sqlite') {
    return db.sqlite.read.prepare(query.sqliteText).all(...(values as SQLInputValue[])) as Row[];
  }
  return db.connections.query<Row>(query.text, values);
}
