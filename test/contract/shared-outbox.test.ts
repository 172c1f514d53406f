/** The outbox of two nodes on one database: one works off a key at a time, in order, and nothing stays behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../src/database/postgres-database.ts';
import type { OutboxEntry, OutboxRow } from '../../src/notices/outbox-store.ts';
import { SharedOutbox } from '../../src/notices/shared-outbox.ts';
import { PostgresOutboxClaims } from '../../src/store/postgres-outbox-claims.ts';
import { SqlOutboxStore } from '../../src/store/sql-outbox-store.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';

test('an outbox that nodes share', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const failSuite = (error: unknown) => {
    throw error;
  };
  const db = await openPostgres(url, {
    onEffectFailure: failSuite,
    onConnectionLost: failSuite,
    onFailing: failSuite,
    onRecovered: () => {},
  });
  t.after(() => db[Symbol.asyncDispose]());
  const store = new PostgresOutboxClaims(db, new SqlOutboxStore(db));
  const entry = (payload: string, key: string): OutboxEntry => ({ topic: 'notices', key, payload });
  const rowsLeft = async () => (await new SqlOutboxStore(db).oldest(100)).map(({ payload }) => payload);

  /** A node that writes down what it begins and ends. */
  function openNode(log: string[], handle: (row: OutboxRow) => Promise<void> = async () => {}) {
    const work = async (row: OutboxRow) => {
      log.push(`begin ${row.payload}`);
      await handle(row);
      log.push(`end ${row.payload}`);
    };
    return new SharedOutbox({
      store,
      handlers: { notices: work, 'friend-profiles': work, 'group-profiles': work },
      now: Date.now,
      observer: { waiting: () => {}, failed: () => {}, claimed: () => {}, lost: () => log.push('lost') },
      limits: { holdMs: 60_000, lookMs: 60_000, firstRetryMs: 5 },
    });
  }
  const commit = (node: SharedOutbox, ...entries: OutboxEntry[]) => db.transaction((tx) => node.add(tx, entries));

  await t.test('rows of one key never overlap and keep their order, whichever node has written them', async () => {
    const log: string[] = [];
    const slowly = () => new Promise<void>((resolve) => setTimeout(resolve, 2));
    const nodes = [openNode(log, slowly), openNode(log, slowly)] as const;
    for (let round = 0; round < 20; round++) {
      await commit(
        round % 2 === 0 ? nodes[0] : nodes[1],
        entry(`${round}`, 'key'),
        entry(`other ${round}`, `key ${round}`),
      );
    }
    for (const node of nodes) await node.close(60_000);
    const ofKey = log.filter((line) => !line.includes('other'));
    assert.deepEqual(ofKey, Array.from({ length: 20 }, (_, round) => [`begin ${round}`, `end ${round}`]).flat());
    assert.equal(log.length, 80);
    assert.deepEqual(await rowsLeft(), []);
  });

  await t.test('what a node leaves behind is found by another, and what it removes late stays', async () => {
    const stands = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const [log, otherLog] = [[] as string[], [] as string[]];
    const stopped = openNode(log, async () => {
      began.resolve();
      await stands.promise;
    });
    await commit(stopped, entry('first', 'k'));
    await began.promise;
    await commit(stopped, entry('second', 'k'));
    await db.connections.query('UPDATE outbox_claims SET held_until = 0');
    await db.connections.query('UPDATE outbox SET created_at = 0');
    const other = openNode(otherLog);
    await other.resume();
    await within('the second row', untilLogged(otherLog, 'end second'));
    assert.deepEqual(otherLog, ['begin first', 'end first', 'begin second', 'end second']);
    await commit(other, entry('third', 'k'));
    await within('the third row', untilLogged(otherLog, 'end third'));
    stands.resolve();
    for (const node of [stopped, other]) await node.close(60_000);
    assert.deepEqual(log, ['begin first', 'end first', 'lost']);
    assert.deepEqual(await rowsLeft(), []);
  });

  await t.test(
    'what a row causes in the database happens once, though a node has stood still in the midst of it',
    async () => {
      const log: string[] = [];
      const [stands, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const take = (name: string) => (row: OutboxRow) =>
        db.transaction(async (tx) => {
          if (await store.take(tx, row)) tx.afterCommit(() => void log.push(name));
        });
      const [first, second] = [
        openNode([], async (row) => {
          stands.resolve();
          await goesOn.promise;
          await take('first')(row);
        }),
        openNode([], take('second')),
      ];
      await commit(first, entry('row', 'k'));
      await stands.promise;
      await db.connections.query('UPDATE outbox_claims SET held_until = 0');
      await db.connections.query('UPDATE outbox SET created_at = 0');
      await second.resume();
      await within('the other node', untilLogged(log, 'second'));
      goesOn.resolve();
      for (const node of [first, second]) await node.close(60_000);
      assert.deepEqual(log, ['second']);
    },
  );

  await t.test('a claim that has ended removes nothing and holds nothing', async () => {
    await db.transaction((tx) => store.add(tx, [entry('row', 'k')], 1));
    const [row] = (await store.claim(['k'], 'old', 60_000, 10)).get('k') ?? [];
    assert.ok(row);
    assert.equal((await store.claim(['k'], 'new', 60_000, 10)).size, 0, 'it is held');
    await db.connections.query('UPDATE outbox_claims SET held_until = 0');
    await store.hold('old', 60_000);
    assert.deepEqual(
      [...(await store.claim(['k', 'none'], 'new', 60_000, 10))],
      [
        ['k', [row]],
        ['none', []],
      ],
    );
    assert.equal(await store.release('k', 'old', [row.id]), false);
    assert.deepEqual(await rowsLeft(), ['row']);
    assert.equal(await store.release('k', 'new', [row.id]), true);
    assert.deepEqual(await rowsLeft(), []);
  });
});

async function untilLogged(log: readonly string[], line: string): Promise<void> {
  while (!log.includes(line)) await new Promise((resolve) => setTimeout(resolve, 5));
}
