/** Indexes of a migration of the test's own, made while others write, also by processes that end half-way. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import pg from 'pg';
import { IndexBuilder, type LargeIndex } from '../../src/database/large-indexes.ts';
import { pgbouncerForSuite, postgresUrlForSuite } from '../support/test-services.ts';

const indexes: readonly LargeIndex[] = [
  { name: 'large_by_a', on: 'ON large (a)' },
  { name: 'large_by_b', on: 'ON large (b) WHERE b > 1' },
];
const pauseMs = 5;

test('Indexes of large tables', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const table = await Table.open(t, url);

  await t.test('two processes at once make each once, and keep no writer waiting', async () => {
    await table.makeAnew();
    // What has begun before may use the table without the index: it is waited for.
    await table.begin();
    const made: string[] = [];
    const observer = {
      pauseMs,
      onIndexed: ({ index }: { index: string }) => made.push(index),
      onIndexFailed: assert.ifError,
    };
    await using one = new IndexBuilder(url, indexes, observer);
    await using other = new IndexBuilder(url, indexes, observer);
    await table.until('half-way');
    await table.write();
    assert.deepEqual(made, []);
    await table.end();
    await Promise.all([one.done, other.done]);
    assert.deepEqual(made, ['large_by_a', 'large_by_b']);
    assert.deepEqual(await table.states(), { large_by_a: true, large_by_b: true });
  });

  await t.test('one that a crash of the database has left half-way is made anew', async () => {
    await table.makeAnew();
    await table.begin();
    const crashed = new IndexBuilder(url, indexes, { pauseMs: 60_000 });
    await table.until('half-way');
    const left = await table.oid('large_by_a');
    await table.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index`);
    await crashed[Symbol.asyncDispose]();
    await table.end();
    assert.deepEqual(await table.states(), { large_by_a: false });
    await using next = new IndexBuilder(url, indexes, { pauseMs, onIndexFailed: assert.ifError });
    await next.done;
    assert.deepEqual(await table.states(), { large_by_a: true, large_by_b: true });
    assert.notEqual(await table.oid('large_by_a'), left);
  });

  await t.test('one that PostgreSQL goes on with for a process that has died is waited for', async () => {
    await table.makeAnew();
    await table.begin();
    const dead = new IndexBuilder(url, indexes);
    await table.until('half-way');
    await dead[Symbol.asyncDispose]();
    const left = await table.oid('large_by_a');
    await using next = new IndexBuilder(url, indexes, { pauseMs, onIndexFailed: assert.ifError });
    await table.untilLookedAt();
    await table.end();
    await next.done;
    assert.deepEqual(await table.states(), { large_by_a: true, large_by_b: true });
    assert.equal(await table.oid('large_by_a'), left);
  });

  await t.test('through PgBouncer in transaction mode', async (t) => {
    const pooler = await pgbouncerForSuite(t, { mode: 'transaction', url });
    if (pooler === undefined) return;
    t.after(() => pooler.stop());
    await table.makeAnew();
    await table.begin();
    await using one = new IndexBuilder(pooler.url, indexes, { pauseMs });
    await using other = new IndexBuilder(pooler.url, indexes, { pauseMs });
    await table.until('half-way');
    await table.write();
    await table.end();
    await Promise.all([one.done, other.done]);
    assert.deepEqual(await table.states(), { large_by_a: true, large_by_b: true });
  });
});

class Table {
  readonly #client: pg.Client;
  readonly #reader: pg.Client;

  private constructor(client: pg.Client, reader: pg.Client) {
    this.#client = client;
    this.#reader = reader;
  }

  static async open(t: TestContext, url: string): Promise<Table> {
    const connect = async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      t.after(() => client.end());
      return client;
    };
    return new Table(await connect(), await connect());
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(text, [...values])).rows;
  }

  async makeAnew(): Promise<void> {
    await this.query('DROP TABLE IF EXISTS large');
    await this.query('CREATE TABLE large (a integer NOT NULL, b integer NOT NULL)');
    await this.query('INSERT INTO large SELECT n, n FROM generate_series(1, 100) n');
  }

  async write(): Promise<void> {
    await this.query('INSERT INTO large VALUES (1, 1)');
    await this.query('UPDATE large SET b = 2 WHERE a = 1');
  }

  /** Somebody writes, and does not end yet. */
  async begin(): Promise<void> {
    await this.#reader.query('BEGIN');
    await this.#reader.query('INSERT INTO large VALUES (0, 0)');
  }

  async end(): Promise<void> {
    await this.#reader.query('COMMIT');
  }

  /** The first of the indexes is there, and is not valid. */
  async until(_what: 'half-way'): Promise<void> {
    while ((await this.states()).large_by_a !== false) await passed(5);
  }

  /** Somebody has looked several times, each on a connection of its own; or has not waited. */
  async untilLookedAt(): Promise<void> {
    const lookers = `SELECT pid, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND (query LIKE '%pg_stat_progress_create_index%' OR query LIKE 'DROP INDEX%')`;
    const seen = new Set<number>();
    while (seen.size < 3) {
      for (const { pid, query } of await this.query<{ pid: number; query: string }>(lookers)) {
        assert.ok(!query.startsWith('DROP'), query);
        seen.add(pid);
      }
      await passed(1);
    }
  }

  /** By name, whether it is valid. */
  async states(): Promise<Record<string, boolean>> {
    const rows = await this.query<{ name: string; valid: boolean }>(
      `SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE i.indrelid = 'large'::regclass ORDER BY name`,
    );
    return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]));
  }

  async oid(name: string): Promise<number> {
    const [row] = await this.query<{ oid: number }>('SELECT $1::regclass::oid AS oid', [name]);
    return row?.oid ?? 0;
  }
}
