/** One process writes to a database: which one is decided by PostgreSQL, and held against those that have not noticed. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresDatabase } from '../../src/database/database.ts';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { PostgresGuard } from '../../src/database/postgres-guard.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import { emptyPostgresUrlForSuite, postgresUrlForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';

test('a guard whose session is ended takes it again, and goes on writing', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const first = await place.start();
  await place.endGuardSession();
  assert.equal(await first.retaken(), false);
  await first.write('after');
  await first.db.ping();
  await assert.rejects(PostgresGuard.take(place.url, silent), { name: 'StartError', message: /another Tessera runs/ });
});

test('nodes that start together migrate once, and share the guard', async (t) => {
  const url = await emptyPostgresUrlForSuite(t);
  if (url === undefined) return;
  const observer = { onEffectFailure() {}, onConnectionLost() {}, onFailing() {}, onRecovered() {} };
  let migrations = 0;
  const open = async () => {
    await using opened = new AsyncDisposableStack();
    const guard = opened.use(await PostgresGuard.take(url, silent, true));
    opened.use(await openPostgres(url, { ...observer, guard, onMigrated: () => migrations++, maxConnections: 2 }));
    const stack = opened.move();
    t.after(() => stack.disposeAsync());
  };
  await Promise.all([open(), open(), open(), open()]);
  assert.equal(migrations, 1);
});

test('M2: who has lost the guard without noticing writes nothing more, until it has it again', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const first = await place.start();
  await first.write('a');
  const taking = place.start();
  await place.someoneWaits();
  await place.endGuardSession();
  const second = await taking;
  await second.write('b');

  const name = 'GuardLost';
  await assert.rejects(first.write('c'), { name });
  await assert.rejects(
    first.db.write((connection) => connection.query(`INSERT INTO read_seqs VALUES ('d', 'c', 1)`)),
    { name },
  );
  await assert.rejects(first.db.ping(), { name });
  await second.db.ping();

  await second.stop();
  assert.equal(await first.retaken(), true);
  await first.write('e');
  await first.db.ping();
  assert.deepEqual(await place.written(), ['a', 'b', 'e']);
});

test('M2: a transaction under way ends before another process becomes the guard', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const first = await place.start();
  const order: string[] = [];
  const taking = place.start().then((second) => {
    order.push('taken');
    return second;
  });
  await first.db.write(async (connection) => {
    await place.someoneWaits();
    await place.endGuardSession();
    await place.someoneWaits('fence');
    await connection.query(`INSERT INTO read_seqs VALUES ('under way', 'c', 1)`);
    order.push('written');
  });
  await (await taking).write('second');
  assert.deepEqual(order, ['written', 'taken']);
});

test('a guard says again and again that it lives, takes itself again when nobody answers, and is silent once it closes', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const timers = t.mock.method(globalThis, 'setTimeout');
  const beats = () => timers.mock.calls.filter(({ arguments: [, delayMs] }) => delayMs === 3000);
  const beatNow = () => beats().at(-1)?.arguments[0]();
  const ways: ((answer: () => Promise<unknown>) => Promise<unknown>)[] = [];
  const query = pg.Client.prototype.query as (...args: unknown[]) => Promise<unknown>;
  t.mock.method(pg.Client.prototype, 'query', async function (this: pg.Client, ...args: unknown[]) {
    const way = args[0] === 'SELECT 1' ? ways.shift() : undefined;
    const answer = () => query.apply(this, args);
    return way === undefined ? answer() : way(answer);
  });

  const lost: unknown[] = [];
  const retaken = Promise.withResolvers<boolean>();
  const guard = await PostgresGuard.take(url, { onLost: (error) => lost.push(error), onRetaken: retaken.resolve });
  assert.equal(beats().length, 1);
  beatNow();
  await untilTrue('the next heartbeat is planned', async () => beats().length === 2);
  assert.deepEqual(lost, []);

  const silence = new Error('no answer');
  ways.push(() => Promise.reject(silence));
  beatNow();
  await within('the guard is taken again', retaken.promise);
  assert.deepEqual([lost, beats().length], [[silence], 3]);

  const last = Promise.withResolvers<void>();
  const isAnswered = Promise.withResolvers<void>();
  ways.push(async (answer) => {
    await answer();
    isAnswered.resolve();
    await last.promise;
  });
  beatNow();
  await within('the last answer', isAnswered.promise);
  const closing = guard[Symbol.asyncDispose]();
  last.resolve();
  await closing;
  await nextTurn();
  assert.equal(beats().length, 3, 'a further one would keep the process');
});

interface Node {
  readonly db: PostgresDatabase;
  write(userID: string): Promise<unknown>;
  /** @returns whether another had been the guard meanwhile */
  retaken(): Promise<boolean>;
  stop(): Promise<void>;
}

async function openPlace(t: TestContext) {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return undefined;
  const administrator = new pg.Client({ connectionString: url });
  await administrator.connect();
  const nodes: Node[] = [];
  t.after(async () => {
    for (const node of [...nodes]) await node.stop();
    await administrator.end();
  });
  const inThisDatabase = 'database = (SELECT oid FROM pg_database WHERE datname = current_database())';
  return {
    url,
    start: async (): Promise<Node> => {
      const retaken = Promise.withResolvers<boolean>();
      const guard = await PostgresGuard.take(url, { onLost: () => {}, onRetaken: retaken.resolve });
      const db = await openPostgres(url, { ...quiet, guard });
      const node: Node = {
        db,
        write: (userID) =>
          db.transaction((tx) =>
            db
              .executor(tx)
              .insertInto('read_seqs')
              .values({ user_id: userID, conversation_id: 'c', read_seq: 1 })
              .execute(),
          ),
        retaken: () => retaken.promise,
        stop: async () => {
          if (!nodes.includes(node)) return;
          nodes.splice(nodes.indexOf(node), 1);
          await db[Symbol.asyncDispose]();
          await guard[Symbol.asyncDispose]();
        },
      };
      nodes.push(node);
      return node;
    },
    /** As an administrator, an idle limit or a failover would. */
    endGuardSession: () =>
      administrator.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock' AND ${inThisDatabase}`,
      ),
    /** Resolves when a session waits for the guard, or for the fence. */
    someoneWaits: async (lock: keyof typeof lockKeys = 'guard') => {
      const signal = AbortSignal.timeout(20_000);
      const waiting = `SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND NOT granted AND objid = ${lockKeys[lock] % 2 ** 32} AND ${inThisDatabase}`;
      while ((await administrator.query(waiting)).rowCount === 0) signal.throwIfAborted();
    },
    written: async () => {
      const { rows } = await administrator.query<{ user_id: string }>('SELECT user_id FROM read_seqs ORDER BY 1');
      return rows.map((row) => row.user_id);
    },
  };
}

/** As PostgreSQL knows them: another version of the program must use the same ones. */
const lockKeys = { guard: 7_355_437_201, fence: 7_355_437_202 };

const silent = { onLost: () => {}, onRetaken: () => {} };

const quiet = { onEffectFailure: () => {}, onConnectionLost: () => {}, onFailing: () => {}, onRecovered: () => {} };
