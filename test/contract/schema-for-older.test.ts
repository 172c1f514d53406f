/**
 * Programs as old as the schema allows serve on it beside today's: what they read and write must be there, and nothing may
 * be asked of rows that they do not know of. Whoever takes that away raises `oldestKnown` to the first that does without.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { oldestKnown } from '../../src/database/migrate.ts';
import { emptyPostgresUrlForSuite } from '../support/test-services.ts';

const migrations = join(import.meta.dirname, '../../src/database/migrations');

test('T1, M1: the oldest program that the schema names finds in it all that it knows', async (t) => {
  const url = await emptyPostgresUrlForSuite(t);
  if (url === undefined) return;
  await using db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }),
  });
  const steps = readdirSync(migrations).toSorted();
  const isOlder = (step: string) => Number.parseInt(step, 10) <= oldestKnown;
  for (const step of steps.filter(isOlder)) await migrate(db, step);
  const known = await shapeOf(db);
  for (const step of steps.filter((each) => !isOlder(each))) await migrate(db, step);
  assert.deepEqual(lacking(known, await shapeOf(db)), []);

  for (const [change, fault] of [
    ['ALTER TABLE users DROP COLUMN ex', 'users.ex is gone'],
    ['ALTER TABLE users ALTER COLUMN app_manager_level TYPE text', 'users.app_manager_level was integer and is text'],
    ['ALTER TABLE users ADD COLUMN age integer NOT NULL', 'users.age is asked for'],
    ['ALTER TABLE conversations ALTER COLUMN ex DROP DEFAULT', 'conversations.ex is asked for'],
    ['CREATE UNIQUE INDEX one_face ON users (face_url)', 'users has a new rule: one_face'],
    ['ALTER TABLE users ADD CONSTRAINT named CHECK (nickname <> $$$$)', 'users has a new rule: named'],
    ['DROP INDEX messages_by_client_msg_id', 'messages has lost a rule: messages_by_client_msg_id'],
    ['DROP TABLE blacks', 'blacks is gone'],
  ] as const) {
    await t.test(`otherwise it is said: ${change}`, async () => {
      const tx = await db.startTransaction().execute();
      await sql.raw(change).execute(tx);
      const faults = lacking(known, await shapeOf(tx));
      await tx.rollback().execute();
      assert.deepEqual(faults, [fault]);
    });
  }
});

async function migrate(db: Kysely<unknown>, step: string): Promise<void> {
  const { up } = await import(join(migrations, step));
  await up(db, 'postgres');
}

/** Of each table. */
interface Shape {
  readonly columns: ReadonlyMap<string, Column>;
  /** What rows must be, by name: other columns than the key are the program's own. */
  readonly rules: ReadonlyMap<string, string>;
}

interface Column {
  readonly type: string;
  /** A row that does not name it is refused. */
  readonly isAskedFor: boolean;
}

async function shapeOf(db: Kysely<unknown>): Promise<ReadonlyMap<string, Shape>> {
  const tables = new Map<string, { columns: Map<string, Column>; rules: Map<string, string> }>();
  const of = (table: string) => {
    const shape = tables.get(table) ?? { columns: new Map(), rules: new Map() };
    tables.set(table, shape);
    return shape;
  };
  const columns = await sql<{ table: string; name: string; type: string; isAskedFor: boolean }>`
    SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS "isAskedFor"
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`.execute(db);
  for (const { table, name, type, isAskedFor } of columns.rows) of(table).columns.set(name, { type, isAskedFor });
  const rules = await sql<{ table: string; name: string; definition: string }>`
    SELECT i.indrelid::regclass::text AS table, i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT r.conrelid::regclass::text, r.conname, pg_get_constraintdef(r.oid)
    FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid
    WHERE r.contype IN ('c', 'f', 'x') AND c.relnamespace = 'public'::regnamespace`.execute(db);
  for (const { table, name, definition } of rules.rows) of(table).rules.set(name, definition);
  return tables;
}

/** What the one who knows the first shape misses in the second. */
function lacking(known: ReadonlyMap<string, Shape>, is: ReadonlyMap<string, Shape>): string[] {
  return [...known].flatMap(([table, before]) => {
    const after = is.get(table);
    if (after === undefined) return [`${table} is gone`];
    const columns = [...before.columns].flatMap(([name, { type }]) => {
      const column = after.columns.get(name);
      if (column === undefined) return [`${table}.${name} is gone`];
      return column.type === type ? [] : [`${table}.${name} was ${type} and is ${column.type}`];
    });
    const asked = [...after.columns].filter(
      ([name, { isAskedFor }]) => isAskedFor && !before.columns.get(name)?.isAskedFor,
    );
    // A rule that is another one now is both.
    const isIn = (shape: Shape, [name, definition]: readonly [string, string]) => shape.rules.get(name) === definition;
    const added = [...after.rules].filter((rule) => !isIn(before, rule));
    const lost = [...before.rules].filter((rule) => !isIn(after, rule));
    return [
      ...columns,
      ...asked.map(([name]) => `${table}.${name} is asked for`),
      ...added.map(([name]) => `${table} has a new rule: ${name}`),
      ...lost.map(([name]) => `${table} has lost a rule: ${name}`),
    ];
  });
}
