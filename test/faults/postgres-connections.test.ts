/** Any connection to PostgreSQL may die at any moment: nothing ends with it but the work that was using it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import type { PostgresDatabase } from '../../src/database/database.ts';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { BackEnd } from '../support/back-end.ts';
import { startPostgres } from '../support/services/postgres.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { postgresUrlForSuite, skipReason } from '../support/test-services.ts';

test('O1: a connection dies while it is idle, and the next statement gets another', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const pid = await pidOf(place.db);
  await place.terminate(pid);
  assert.notEqual(await pidOf(place.db), pid);
});

test('O1: a connection dies in use, between two statements: the transaction is run again on another', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const pids: number[] = [];
  await place.db.write(async (connection) => {
    const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    pids.push(rows[0]!.pid);
    if (pids.length === 1) await place.terminate(rows[0]!.pid);
    await connection.query(`INSERT INTO users VALUES ('between', '', '', '', 1, 0, 0)`);
  });
  assert.equal(new Set(pids).size, 2);
  assert.deepEqual(await place.db.connections.query(`SELECT user_id FROM users`), [{ user_id: 'between' }]);
});

test('O1: a connection dies in use, and nobody asks it anything any more', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const connection = await place.db.connections.connect();
  const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await place.terminate(rows[0]!.pid);
  connection.release();
  assert.notEqual(await pidOf(place.db), rows[0]!.pid);
});

test('O1: a connection dies in the midst of a statement, which fails; a unit of work is run again', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const connection = await place.db.connections.connect();
  const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const asleep = assert.rejects(connection.query('SELECT pg_sleep(60)'), { code: '57P01' });
  await place.terminate(rows[0]!.pid);
  await asleep;
  connection.release();

  let runs = 0;
  await place.db.transaction(async (tx) => {
    runs += 1;
    const executor = place.db.executor(tx);
    if (runs === 1) await place.terminate(await pidOf(place.db, executor));
    await executor.insertInto('read_seqs').values({ user_id: 'u', conversation_id: 'c', read_seq: 1 }).execute();
  });
  assert.equal(runs, 2);
});

test('of a brief transaction nothing is left that PostgreSQL has refused, and its caller hears why', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const { db } = place;
  const insert = (userID: string) => ({
    ...{ name: 'insert', values: [userID] },
    text: `INSERT INTO users VALUES ($1, '', '', '', 1, 0, 0)`,
  });
  const write = (first: string[], last: string[]) =>
    db.write({ first: first.map(insert), decide: () => ({ result: last.length, last: last.map(insert) }) });
  assert.equal(await write(['a'], ['b', 'c']), 2);
  await assert.rejects(write(['d'], ['e', 'b', 'f']), { code: '23505' });
  await assert.rejects(write(['a', 'd'], ['e']), { code: '23505' });
  const undecided = db.write({
    first: [insert('d')],
    decide: () => {
      throw new Error('undecided');
    },
  });
  await assert.rejects(undecided, /undecided/);
  const rows = await db.connections.query<{ user_id: string }>('SELECT user_id FROM users ORDER BY user_id');
  assert.deepEqual(
    rows.map(({ user_id: id }) => id),
    ['a', 'b', 'c'],
  );
  const prepared = await db.connections.query('SELECT name FROM pg_prepared_statements');
  assert.deepEqual(prepared, [{ name: 'insert' }], 'parsed once, since there is no pooler');
});

test('a connection that only reads after a failover is given up, and so are those that are as old', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const { db } = place;
  const held = await Promise.all([1, 2, 3].map(() => db.connections.connect()));
  const old = await Promise.all(
    held.map(async (each) => (await each.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid),
  );
  for (const each of held) {
    // As a demoted primary would have it; the sessions that are opened from now on may write.
    await each.query('SET default_transaction_read_only = on');
    each.release();
  }
  const add = (userID: string) =>
    db.transaction((tx) =>
      db.executor(tx).insertInto('read_seqs').values({ user_id: userID, conversation_id: 'c', read_seq: 1 }).execute(),
    );
  await add('first');
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map(add));
  const known = await place.pids();
  assert.deepEqual(
    old.filter((pid) => known.includes(pid)),
    [],
  );
});

test('O1, M1: PostgreSQL restarts again and again under load, and the server lives', {
  skip: skipReason('postgres'),
}, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const server = await TesseraProcess.start({ env: { TESSERA_DATABASE_URL: postgres.url } });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice', 'bob');
  const { pid } = server;
  const acknowledged: string[] = [];
  let isOver = false;
  const senders = Array.from({ length: 6 }, async () => {
    const message = { sendID: 'alice', recvID: 'bob', content: { content: 'x' }, contentType: 101, sessionType: 1 };
    while (!isOver) {
      const { errCode, data } = await backEnd.post('/msg/send_msg', message);
      if (errCode === 0) acknowledged.push(data.serverMsgID);
    }
  });
  for (const signal of ['SIGINT', 'SIGKILL', 'SIGINT']) {
    const before = acknowledged.length;
    if (signal === 'SIGKILL') await postgres.kill();
    await postgres.restart();
    await until(() => acknowledged.length > before + 20);
  }
  isOver = true;
  await Promise.all(senders);
  process.kill(pid, 0);
  const reader = new pg.Client({ connectionString: postgres.url });
  await reader.connect();
  const { rows } = await reader.query<{ server_msg_id: string }>('SELECT server_msg_id FROM messages');
  await reader.end();
  const stored = new Set(rows.map((row) => row.server_msg_id));
  assert.deepEqual(
    acknowledged.filter((id) => !stored.has(id)),
    [],
  );
});

interface Place {
  readonly db: PostgresDatabase;
  /** Ends a session as an administrator does, and resolves when it is gone. */
  terminate(pid: number): Promise<void>;
  /** Sessions on the database but the administrator's. */
  pids(): Promise<number[]>;
}

async function openPlace(t: TestContext): Promise<Place | undefined> {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return undefined;
  const db = await openPostgres(url, silent);
  const administrator = new pg.Client({ connectionString: url });
  await administrator.connect();
  t.after(async () => {
    await db[Symbol.asyncDispose]();
    await administrator.end();
  });
  const pids = async () => {
    const { rows } = await administrator.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rows.map(({ pid }) => pid);
  };
  return {
    db,
    pids,
    terminate: async (pid) => {
      await administrator.query('SELECT pg_terminate_backend($1, 10000)', [pid]);
      // Its last word is on the way to this process: let it arrive before anything else happens.
      await until(async () => !(await pids()).includes(pid));
    },
  };
}

async function pidOf(db: PostgresDatabase, executor = db.executor()): Promise<number> {
  const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(executor);
  return rows[0]!.pid;
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  while (!(await isTrue())) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

const silent = { onEffectFailure: () => {}, onConnectionLost: () => {}, onFailing: () => {}, onRecovered: () => {} };
