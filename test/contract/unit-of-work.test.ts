import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { longestTransactionMs } from '../../src/database/sql-transaction.ts';
import { openSqlite } from '../../src/database/sqlite-database.ts';
import type { Transaction } from '../../src/kernel/unit-of-work.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { unitOfWorkSuite } from './unit-of-work.suite.ts';

testOnEveryDatabase('UnitOfWork', unitOfWorkSuite);

test('an effect that fails is reported, and stops neither the others nor the caller', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-work-'));
  const url = await postgresUrlForSuite(t);
  const failures: unknown[] = [];
  const observer = { ...quiet, onEffectFailure: (error: unknown) => void failures.push(error) };
  const databases = [
    await openSqlite(join(directory, 'data.sqlite'), observer),
    ...(url === undefined ? [] : [await openPostgres(url, observer)]),
  ];
  t.after(async () => {
    for (const db of databases) await db[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  for (const db of databases) {
    failures.length = 0;
    const seen: string[] = [];
    const result = await db.transaction(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('at once');
      });
      tx.afterCommit(() => Promise.reject(new Error('later')));
      tx.afterCommit(() => void seen.push('last'));
      return 1;
    });
    assert.deepEqual([result, seen], [1, ['last']]);
    assert.deepEqual(failures.map(String), ['Error: at once', 'Error: later']);
  }
});

test('O1 a transaction that does not come to its end is undone, refused and told of, and the next ones go on', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-work-'));
  const url = await postgresUrlForSuite(t);
  const told: string[] = [];
  const observer = {
    ...quiet,
    onOverdue: () => void told.push('overdue'),
    onFailing: (error: unknown) => void told.push(`failing: ${(error as Error).message}`),
    onRecovered: () => void told.push('recovered'),
  };
  const databases = [
    await openSqlite(join(directory, 'data.sqlite'), observer),
    ...(url === undefined ? [] : [await openPostgres(url, observer)]),
  ];
  t.after(async () => {
    for (const db of databases) await db[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const db of databases) {
    told.length = 0;
    const addWith = (executor: ReturnType<typeof db.executor>, id: string) =>
      executor.insertInto('read_seqs').values({ user_id: id, conversation_id: 'c', read_seq: 1 }).execute();
    const add = (tx: Transaction, id: string) => addWith(db.executor(tx), id);
    const [begun, isNearlyOver, hasWritten, goesOn, isLate] = gates();
    const stuck = db.transaction(async (tx) => {
      tx.afterCommit(() => void told.push('effect'));
      const held = db.executor(tx);
      await add(tx, 'stuck');
      begun.resolve();
      await isNearlyOver.promise;
      await addWith(held, 'in time');
      hasWritten.resolve();
      await goesOn.promise;
      await assert.rejects(async () => addWith(held, 'held'), TypeError).catch(isLate.reject);
      await Promise.try(() => add(tx, 'late')).then(() => isLate.resolve(), isLate.reject);
    });
    const refused = assert.rejects(stuck, { message: 'a transaction did not come to its end and was undone' });
    await begun.promise;
    const next = () => db.transaction((tx) => add(tx, 'next'));
    // On PostgreSQL it would not wait, and its own time would run.
    const waiting = db.dialect === 'sqlite' ? next() : undefined;
    t.mock.timers.tick(longestTransactionMs - 1);
    isNearlyOver.resolve();
    await hasWritten.promise;
    t.mock.timers.tick(1);
    await refused;
    await (waiting ?? next());
    goesOn.resolve();
    await assert.rejects(isLate.promise, TypeError);
    const rows = await db.executor().selectFrom('read_seqs').select('user_id').execute();
    assert.deepEqual(
      rows.map(({ user_id }) => user_id),
      ['next'],
    );
    assert.deepEqual(told.toSorted(), [
      'failing: a transaction did not come to its end and was undone',
      'overdue',
      'recovered',
    ]);
  }
});

type Gate = PromiseWithResolvers<void>;

function gates(): [Gate, Gate, Gate, Gate, Gate] {
  const gate = () => Promise.withResolvers<void>();
  return [gate(), gate(), gate(), gate(), gate()];
}

test('a unit of work that PostgreSQL wants to have again runs again, and its effects once', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const db = await openPostgres(url, quiet);
  t.after(() => db[Symbol.asyncDispose]());
  const lines: string[] = [];
  let runs = 0;
  await db.transaction(async (tx) => {
    runs += 1;
    const run = runs;
    tx.afterCommit(() => void lines.push(`effect of run ${run}`));
    const executor = db.executor(tx);
    await executor.insertInto('read_seqs').values({ user_id: 'again', conversation_id: 'c', read_seq: run }).execute();
    if (run < 3) await sql`DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`.execute(executor);
  });
  assert.deepEqual(lines, ['effect of run 3']);
  const rows = await db.executor().selectFrom('read_seqs').select('read_seq').execute();
  assert.deepEqual(rows, [{ read_seq: 3 }]);
});

test('M1: every commit of the embedded database waits for the disk', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-sync-'));
  const db = await openSqlite(join(directory, 'data.sqlite'), quiet);
  t.after(async () => {
    await db[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  const settings = await db.sqlite.write((connection) => [
    connection.prepare('PRAGMA synchronous').get()?.synchronous,
    connection.prepare('PRAGMA journal_mode').get()?.journal_mode,
  ]);
  // 2 is FULL: in WAL mode the log is synced at each commit. 1, NORMAL, syncs it at checkpoints only.
  assert.deepEqual(settings, [2, 'wal']);
});

const quiet = { onEffectFailure: () => {}, onConnectionLost: () => {}, onFailing: () => {}, onRecovered: () => {} };
