/** Looking for texts in SQL. */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Dialect } from '../database/database.ts';

/** `column` holds `part`, letter by letter: nothing in it is a pattern. */
export function holds(dialect: Dialect, column: string, part: string): RawBuilder<SqlBool> {
  return dialect === 'postgres'
    ? sql<SqlBool>`strpos(${sql.ref(column)}, ${part}) > 0`
    : sql<SqlBool>`instr(${sql.ref(column)}, ${part}) > 0`;
}

/** {@link holds} where upper and lower case of ASCII letters are the same; both engines know only those alike. */
export function holdsAnyCase(dialect: Dialect, column: string, part: string): RawBuilder<SqlBool> {
  const lowered = part.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return dialect === 'postgres'
    ? sql<SqlBool>`strpos(lower(${sql.ref(column)} COLLATE "C"), ${lowered}) > 0`
    : sql<SqlBool>`instr(lower(${sql.ref(column)}), ${lowered}) > 0`;
}
