/** Counting rows by the day on which they came. */
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../database/schema.ts';

/**
 * How many rows were created on each day of UTC, by its number since 1970; days without any are left out.
 * @param from Unix ms, included
 * @param until Unix ms, not included
 */
export async function countByDay(
  reader: Kysely<Schema>,
  table: 'users' | 'groups',
  from: number,
  until: number,
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await sql<{ day: number; total: number }>`
    SELECT created_at / ${sql.lit(dayMs)} AS day, count(*) AS total FROM ${sql.table(table)}
    WHERE created_at >= ${from} AND created_at < ${until} GROUP BY 1 ORDER BY 1`.execute(reader);
  return new Map(rows.map(({ day, total }) => [Number(day), Number(total)]));
}

const dayMs = 86_400_000;
