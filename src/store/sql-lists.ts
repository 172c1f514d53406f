/** Lists in SQL: looked up as one parameter, so that a query keeps one text and one plan; written in bounded pieces. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Dialect } from '../database/database.ts';
import { giveWay } from '../kernel/time-slices.ts';

/** Rows of one multi-row INSERT: both engines limit a statement's parameters (SQLite to 32 766). */
const rowsPerInsert = 500;

/** `column` is one of `values`, of which there may be any number; an index on the column is used. */
export function isOneOf(dialect: Dialect, column: string, values: readonly string[]): RawBuilder<SqlBool> {
  return dialect === 'postgres'
    ? sql<SqlBool>`${sql.ref(column)} = ANY(${values}::text[])`
    : sql<SqlBool>`${sql.ref(column)} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

/** Rows of texts as a table `k`, numbered by its column `n`: any number of them in one text of the query. */
export function textTable(
  dialect: Dialect,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): RawBuilder<unknown> {
  if (dialect === 'postgres') {
    const values = columns.map((_, index) => sql`${rows.map((row) => row[index])}::text[]`);
    return sql`unnest(${sql.join(values)}) WITH ORDINALITY AS k (${sql.join(columns.map((name) => sql.id(name)))}, n)`;
  }
  const values = columns.map((name, index) => sql`value ->> ${sql.lit(index)} AS ${sql.id(name)}`);
  return sql`(SELECT key AS n, ${sql.join(values)} FROM json_each(${JSON.stringify(rows)})) AS k`;
}

/** Cuts rows into pieces that fit one INSERT, in order. */
export function* insertPieces<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += rowsPerInsert) yield rows.slice(start, start + rowsPerInsert);
}

/** How much of what is long is written at once. */
export interface PieceWeight<Row> {
  readonly weigh: (row: Row) => number;
  /** Of a piece of more than one row. */
  readonly most: number;
}

/** {@link insertPieces}, smaller ones of heavy rows, between which others have their turn. */
export async function* piecesInTurns<Row>(
  rows: readonly Row[],
  weight?: PieceWeight<Row>,
): AsyncGenerator<readonly Row[]> {
  let isFirst = true;
  for (const whole of insertPieces(rows)) {
    for (const piece of weight === undefined ? [whole] : lighterPieces(whole, weight)) {
      if (!isFirst) await nextTurn();
      isFirst = false;
      yield piece;
    }
  }
}

function lighterPieces<Row>(rows: readonly Row[], { weigh, most }: PieceWeight<Row>): readonly (readonly Row[])[] {
  const pieces: Row[][] = [];
  let sum = 0;
  for (const row of rows) {
    const weight = weigh(row);
    sum += weight;
    const piece = pieces.at(-1);
    if (piece !== undefined && sum <= most) {
      piece.push(row);
    } else {
      pieces.push([row]);
      sum = weight;
    }
  }
  return pieces;
}

/** Looks up items in pieces that both engines take; between them others have their turn. */
export function inChunks<Item, Row>(items: readonly Item[], query: (chunk: Item[]) => Promise<Row[]>): Promise<Row[]> {
  return chunked(items, query, giveWay);
}

/** {@link inChunks} in a transaction, for which others wait: it does not line up with those who read. */
export function inChunksWithin<Item, Row>(
  items: readonly Item[],
  query: (chunk: Item[]) => Promise<Row[]>,
): Promise<Row[]> {
  return chunked(items, query, nextTurn);
}

async function chunked<Item, Row>(
  items: readonly Item[],
  query: (chunk: Item[]) => Promise<Row[]>,
  pause: () => Promise<void>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let start = 0; start < items.length; start += chunkSize) {
    if (start > 0) await pause();
    for (const row of await query(items.slice(start, start + chunkSize))) rows.push(row);
  }
  return rows;
}

/**
 * All rows of a user, who may have tens of thousands of conversations, in order of their IDs; between pages others have
 * their turn.
 * @param query a page of at most `limit` rows after an ID
 */
export async function inPages<Row extends { readonly conversation_id: string }>(
  query: (after: string, limit: number) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await query(rows.at(-1)?.conversation_id ?? '', chunkSize);
    for (const row of page) rows.push(row);
    if (page.length < chunkSize) return rows;
    await giveWay();
  }
}

/** Parameters per statement, which both engines take without complaint, and rows of a page: one or two ms. */
const chunkSize = 250;
