/** What may befall the file of the embedded database: another program's lock, deletion, a full disk. */
import assert from 'node:assert/strict';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { openSqlite } from '../../src/database/sqlite-database.ts';

test('O1: another program holds the lock: nothing else waits, and the write is stored when it lets go', async (t) => {
  const place = await openPlace(t);
  const other = place.otherProgram();
  other.exec('BEGIN IMMEDIATE');
  let isStored = false;
  const storing = place.add('waits').then(() => {
    isStored = true;
  });
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isStored, false);
  assert.deepEqual(await place.stored(), []);
  await place.db.ping();
  other.exec('ROLLBACK');
  await storing;
  assert.deepEqual(await place.stored(), ['waits']);
});

test('other programs may read meanwhile, and nobody waits for them', async (t) => {
  const place = await openPlace(t);
  const other = place.otherProgram();
  other.exec('BEGIN');
  assert.equal(other.prepare('SELECT count(*) AS n FROM read_seqs').get()?.n, 0);
  await place.add('beside');
  assert.equal(other.prepare('SELECT count(*) AS n FROM read_seqs').get()?.n, 0);
  other.exec('COMMIT');
  assert.equal(other.prepare('SELECT count(*) AS n FROM read_seqs').get()?.n, 1);
});

test('a lock that stays fails the writes that have waited, makes the node not ready, and is got over', async (t) => {
  const place = await openPlace(t, { patienceMs: 20 });
  const other = place.otherProgram();
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(place.add('too late'), /another program keeps the database locked/);
  await assert.rejects(place.db.ping(), /another program keeps the database locked/);
  other.exec('ROLLBACK');
  await place.recovered();
  await place.db.ping();
  await place.add('later');
  assert.deepEqual(await place.stored(), ['later']);
});

for (const suffix of ['', '-wal', '-shm']) {
  test(`M1: nothing is acknowledged once data.sqlite${suffix} is deleted under the server`, async (t) => {
    const place = await openPlace(t);
    await place.add('before');
    rmSync(place.path + suffix);
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(place.add));
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))], ['rejected']);
    await assert.rejects(place.add('d'), { name: 'DatabaseFileLost' });
    await assert.rejects(place.db.ping(), { name: 'DatabaseFileLost' });
    await assert.rejects(
      place.db.sqlite.write((connection) => connection.exec(`DELETE FROM read_seqs`)),
      { name: 'DatabaseFileLost' },
    );
  });
}

test('M1: a file that goes while a transaction is under way is noticed before it is acknowledged', async (t) => {
  const place = await openPlace(t);
  const storing = place.db.transaction(async (tx) => {
    await place.insert(tx, 'x');
    renameSync(place.path, `${place.path}.moved`);
    copyFileSync(`${place.path}.moved`, place.path);
  });
  await assert.rejects(storing, { name: 'DatabaseFileLost' });
  assert.equal(place.failures.length, 1);
});

test('a file that was moved away is missed without a write, and all is well when it is back', async (t) => {
  const place = await openPlace(t);
  renameSync(place.path, `${place.path}.moved`);
  await place.failing();
  await assert.rejects(place.db.ping(), { name: 'DatabaseFileLost' });
  renameSync(`${place.path}.moved`, place.path);
  await place.recovered();
  await place.db.ping();
  await place.add('after');
});

test('M1: a full disk fails writes with that cause, makes the node not ready, and is got over', async (t) => {
  const place = await openPlace(t);
  await place.add('before');
  const limitPages = (count: number) =>
    place.db.sqlite.write((connection) => {
      const { page_count } = connection.prepare('PRAGMA page_count').get() as { page_count: number };
      connection.exec(`PRAGMA max_page_count = ${page_count + count}`);
    });
  await limitPages(2);
  const big = (id: string) => place.add(id + 'x'.repeat(100_000));
  const outcomes = await Promise.allSettled([big('1'), big('2'), big('3')]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    Array.from({ length: 3 }, () => 'database or disk is full'),
  );
  assert.match(String(place.failures), /^Error: database or disk is full$/);
  await limitPages(1_000_000);
  await place.db.ping();
  await big('4');
  assert.equal((await place.stored()).length, 2);
});

async function openPlace(t: TestContext, options: { patienceMs?: number } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-faults-'));
  const path = join(directory, 'data.sqlite');
  const failures: unknown[] = [];
  const failing = Promise.withResolvers<unknown>();
  const recovered = Promise.withResolvers<unknown>();
  const db = await openSqlite(path, {
    ...options,
    onEffectFailure: () => {},
    onFailing: (error) => {
      failures.push(error);
      failing.resolve(error);
    },
    onRecovered: recovered.resolve,
  });
  const others: DatabaseSync[] = [];
  t.after(async () => {
    for (const other of others) other.close();
    await db[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  const insert = (tx: Parameters<Parameters<typeof db.transaction>[0]>[0], id: string) =>
    db.executor(tx).insertInto('read_seqs').values({ user_id: id, conversation_id: 'c', read_seq: 1 }).execute();
  return {
    db,
    path,
    failures,
    insert,
    failing: () => failing.promise,
    recovered: () => recovered.promise,
    otherProgram: () => {
      const other = new DatabaseSync(path);
      others.push(other);
      return other;
    },
    add: (id: string) => db.transaction((tx) => insert(tx, id)),
    stored: async () => (await db.reader.selectFrom('read_seqs').select('user_id').execute()).map((row) => row.user_id),
  };
}
