/** Runs one contract suite on every database that Tessera supports. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Database } from '../../src/database/database.ts';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { openSqlite } from '../../src/database/sqlite-database.ts';
import { copyMigratedSqlite } from '../support/migrated-databases.ts';
import '../support/reads-within.ts';
import { emptyPostgresUrlForSuite, postgresUrlForSuite } from '../support/test-services.ts';

export interface Databases {
  readonly db: Database;
  /** The same data as another node sees it; where only one node is possible, the same as `db`. */
  readonly peer: Database;
  /** A database without data, as on a first start. */
  openEmpty(): Promise<Database>;
}

export type ContractSuite = (t: TestContext, databases: Databases) => Promise<void>;

export function testOnEveryDatabase(subject: string, suite: ContractSuite): void {
  test(`${subject} on SQLite`, async (t) => suite(t, await sqliteDatabases(t)));
  test(`${subject} on PostgreSQL`, async (t) => {
    const url = await postgresUrlForSuite(t);
    if (url !== undefined) await suite(t, await postgresDatabases(t, url));
  });
}

async function sqliteDatabases(t: TestContext): Promise<Databases> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-contract-'));
  const opened = closedAfter(t);
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'data.sqlite');
  await copyMigratedSqlite(path);
  const db = opened(await openSqlite(path, observer));
  return {
    db,
    peer: db,
    openEmpty: async () => opened(await openSqlite(join(directory, 'empty.sqlite'), observer)),
  };
}

async function postgresDatabases(t: TestContext, url: string): Promise<Databases> {
  const opened = closedAfter(t);
  return {
    db: opened(await openPostgres(url, observer)),
    peer: opened(await openPostgres(url, observer)),
    openEmpty: async () => {
      const emptyUrl = await emptyPostgresUrlForSuite(t);
      if (emptyUrl === undefined) throw new Error('PostgreSQL went away');
      return opened(await openPostgres(emptyUrl, observer));
    },
  };
}

/** Remembers to close what is opened. Hooks run in order of registration: call it before what removes the files. */
function closedAfter(t: TestContext) {
  const open: Database[] = [];
  t.after(async () => {
    for (const database of open) await database[Symbol.asyncDispose]();
  });
  return (database: Database): Database => {
    open.push(database);
    return database;
  };
}

function failSuite(error: unknown): void {
  throw error;
}

/** None of it happens to a database that is well. */
const observer = {
  onEffectFailure: failSuite,
  onConnectionLost: failSuite,
  onFailing: failSuite,
  onRecovered: () => {},
};
