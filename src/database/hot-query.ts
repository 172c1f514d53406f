/** Statements for the hot paths of either engine, from one SQL text with `$1`-style parameters. */
import type { SQLInputValue } from 'node:sqlite';
import { CompiledQuery } from 'kysely';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Database } from './database.ts';

export interface HotQuery {
  readonly text: string;
  /** The same with SQLite's numbered parameters. */
  readonly sqliteText: string;
}

export function hotQuery(text: string): HotQuery {
  return { text, sqliteText: text.replaceAll('$', '?') };
}

/**
 * Runs the query in the transaction, or outside any without one; columns come as the engine gives them, integers as
 * numbers.
 */
export async function runHot<Row extends object>(
  db: Database,
  query: HotQuery,
  values: readonly (string | number | null | number[])[],
  tx?: Transaction,
): Promise<Row[]> {
  if (db.dialect === 'sqlite') {
    const connection = tx === undefined ? db.sqlite.read : db.sqlite.within(tx);
    return connection.prepare(query.sqliteText).all(...(values as SQLInputValue[])) as Row[];
  }
  if (tx === undefined) return db.connections.query<Row>(query.text, values);
  return (await db.executor(tx).executeQuery<Row>(CompiledQuery.raw(query.text, [...values]))).rows;
}
