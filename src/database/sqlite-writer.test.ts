import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { SqliteWriter } from './sqlite-writer.ts';
import { StatementCache } from './statement-cache.ts';

test('transactions that wait at the same time share a commit, and none is answered before it', async (t) => {
  stopTime(t);
  const { writer, log, insert } = open();
  await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      await writer.run(() => insert(name));
      log.push(`${name} is answered`);
    }),
  );
  assert.deepEqual(log, ['begin', 'a', 'b', 'c', 'commit', 'a is answered', 'b is answered', 'c is answered']);
});

test('what the next few turns of the event loop ask for joins the commit', async (t) => {
  stopTime(t);
  const { writer, log, insert } = open();
  const running = [writer.run(() => insert('a'))];
  for (const id of ['b', 'c', 'd']) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    running.push(writer.run(() => insert(id)));
  }
  await Promise.all(running);
  assert.deepEqual(log, ['begin', 'a', 'b', 'c', 'd', 'commit']);
});

test('a large one is run first, but overtakes nobody who was left out of a commit', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { writer, log, insert } = open();
  const fill = (name: string) => () => {
    insert(name);
    now += 100;
  };
  await Promise.all([
    writer.run(() => insert('a')),
    writer.run(() => insert('b')),
    writer.run(fill('large'), true),
    writer.run(fill('larger'), true),
  ]);
  assert.deepEqual(log, ['begin', 'large', 'commit', 'begin', 'a', 'b', 'larger', 'commit']);
});

test('one that fails is undone by itself, and the others of its commit hold', async (t) => {
  stopTime(t);
  const { writer, log, insert, rows } = open();
  const outcomes = await Promise.allSettled([
    writer.run(() => insert('a')),
    writer.run(async () => {
      insert('b');
      await Promise.resolve();
      throw new Error('no');
    }),
    writer.run(() => insert('c')),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual([rows(), log.filter((line) => line === 'commit').length], [['a', 'c'], 1]);
});

test('if the commit fails, so do all that would have shared it, and the next ones are tried', async () => {
  const { writer, insert, rows, failNextCommit, failures, overs } = open();
  failNextCommit();
  const outcomes = await Promise.allSettled(['a', 'b'].map((name) => writer.run(() => insert(name))));
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ['the disk broke', 'the disk broke'],
  );
  await writer.run(() => insert('c'));
  assert.deepEqual([rows(), failures.length, overs], [['c'], 1, [false, true]]);
});

test('it tells of each transaction that is over whether it was committed, which one of a lost file was', async () => {
  const { writer, insert, overs, breakFile } = open();
  const fail = (errcode?: number) => async () => {
    throw Object.assign(new Error('no'), { errcode });
  };
  await Promise.allSettled([writer.run(fail())]);
  const full = 13;
  await Promise.allSettled([writer.run(() => insert('a')), writer.run(fail(full))]);
  breakFile();
  await Promise.allSettled([writer.run(() => insert('b'))]);
  assert.deepEqual(overs, [false, false, true]);
});

test('if not even the rollback succeeds, nobody is told success, and it is tried again before the next one', async () => {
  const { writer, insert, rows, failNextCommit, failNextRollback, failures } = open();
  failNextCommit();
  failNextRollback();
  await assert.rejects(
    writer.run(() => insert('a')),
    /the disk broke/,
  );
  await writer.run(() => insert('b'));
  assert.deepEqual([rows(), failures.length], [['b'], 1]);
});

/** On a busy machine a commit may be full before all that wait have been run. */
function stopTime(t: TestContext): void {
  t.mock.method(performance, 'now', () => 0);
}

function open() {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE names (name text)');
  const log: string[] = [];
  const failsNext = new Set<string>();
  const connection = new (class extends StatementCache {
    override prepare(sql: string) {
      if (sql.startsWith('BEGIN')) log.push('begin');
      if (failsNext.delete(sql)) throw new Error('the disk broke');
      if (sql === 'COMMIT') log.push('commit');
      return super.prepare(sql);
    }
  })(database);
  const failures: unknown[] = [];
  const overs: boolean[] = [];
  const file = { check: () => {} };
  const health = { failed: (error: unknown) => void failures.push(error), succeeded: () => {} };
  return {
    writer: new SqliteWriter({
      connection,
      file,
      health,
      patienceMs: 1000,
      onOver: (isCommitted) => void overs.push(isCommitted),
    }),
    overs,
    breakFile: () => {
      file.check = () => {
        throw new Error('lost');
      };
    },
    log,
    failures,
    failNextCommit: () => failsNext.add('COMMIT'),
    failNextRollback: () => failsNext.add('ROLLBACK'),
    insert: (name: string) => {
      log.push(name);
      database.prepare('INSERT INTO names VALUES (?)').run(name);
    },
    rows: () =>
      database
        .prepare('SELECT name FROM names ORDER BY name')
        .all()
        .map(({ name }) => name),
  };
}
