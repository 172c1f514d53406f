/** Who was told to be online, and telling it from two nodes that see one another late. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { OnlineConnection } from '../../src/presence/presence.ts';
import { SqlToldOnlineStore } from '../../src/store/sql-told-online-store.ts';
import { OnlineWebhooks } from '../../src/webhooks/online-webhooks.ts';
import type { Told } from '../../src/webhooks/webhooks.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';

const at = (userID: string, platformID: number, connID = `${userID}${platformID}`) => ({ userID, platformID, connID });
const byUser = (rows: readonly ReturnType<typeof at>[]) => rows.map(({ connID }) => connID).sort();

testOnEveryDatabase('ToldOnlineStore', async (t, databases) => {
  await t.test('what was told is told once, and is forgotten once', () => once(databases));
  await t.test('F36 the last that is told of a user is true, and nothing is told twice in a row', (sub) =>
    flapping(sub, databases),
  );
});

async function once({ db, peer }: Databases): Promise<void> {
  const [one, other] = [new SqlToldOnlineStore(db), new SqlToldOnlineStore(peer)];
  const add = (rows: readonly ReturnType<typeof at>[]) => peer.transaction((tx) => other.add(tx, rows));
  assert.deepEqual(byUser(await db.transaction((tx) => one.add(tx, [at('a', 1), at('b', 1)]))), ['a1', 'b1']);
  assert.deepEqual(byUser(await add([at('b', 1, 'later'), at('b', 2), at('c', 1)])), ['b2', 'c1']);
  assert.deepEqual(await add([]), []);
  assert.deepEqual(byUser(await other.of(['b', 'c', 'nobody'])), ['b1', 'b2', 'c1']);
  assert.deepEqual(await one.userIDs('a', 1), ['b']);
  assert.deepEqual(await one.userIDs('b', 9), ['c']);
  const remove = () => db.transaction((tx) => one.remove(tx, [at('b', 1), at('c', 1), at('c', 2)]));
  assert.deepEqual(byUser(await remove()), ['b1', 'c1']);
  assert.deepEqual(await remove(), []);
}

async function flapping(t: TestContext, { db, peer }: Databases): Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const heard: string[] = [];
  const truth = new Map<string, OnlineConnection>();
  /** What a node sees of who is connected with the other one is old. */
  const nodes = [db, peer].map((database) => {
    const seen = new Map<string, OnlineConnection>();
    const online = new OnlineWebhooks({
      webhooks: {
        tell: async (tx, name, ...told: readonly Told[]) =>
          tx.afterCommit(() => {
            heard.push(...told.map(() => name));
          }),
      },
      presence: { connectionsOf: async (userIDs) => userIDs.map(() => [...seen.values()]) },
      store: new SqlToldOnlineStore(database),
      unitOfWork: database,
      newID: () => 'id',
      now: () => 1,
      onHeldUp: (error) => assert.fail(String(error)),
    });
    return { seen, online };
  });
  let seed = 7;
  const random = (end: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % end;
  };
  for (let step = 0; step < 40; step += 1) {
    const index = random(2);
    const [mine, others] = index === 0 ? nodes : nodes.toReversed();
    assert.ok(mine && others);
    const connection = { ...at('flap', 1, `of ${index}`), jti: 'j', isBackground: false };
    const isOpen = truth.delete(connection.connID);
    if (!isOpen) truth.set(connection.connID, connection);
    for (const seen of random(2) === 0 ? [mine.seen] : [mine.seen, others.seen]) {
      if (isOpen) seen.delete(connection.connID);
      else seen.set(connection.connID, connection);
    }
    mine.online.note(connection);
    if (random(3) === 0) await mine.online.lost([]);
  }
  for (const { seen } of nodes) {
    seen.clear();
    for (const [connID, connection] of truth) seen.set(connID, connection);
  }
  for (let looks = 0; looks < 3; looks += 1) {
    for (const { online } of nodes) await online.lost([]);
    t.mock.timers.tick(1000);
  }
  for (const { online } of nodes) await online[Symbol.asyncDispose]();
  assert.ok(heard.length > 1);
  assert.ok(heard.every((name, index) => name === (index % 2 === 0 ? 'afterUserOnline' : 'afterUserOffline')));
  assert.equal(heard.length % 2 === 1, truth.size > 0);
}

test('F36 who could not be looked at is looked at again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const heldUp: unknown[] = [];
  let isAway = true;
  const told: string[] = [];
  const online = new OnlineWebhooks({
    webhooks: { tell: async (_tx, name, ...rows) => void told.push(...rows.map(() => name)) },
    presence: {
      connectionsOf: async () => {
        if (isAway) throw new Error('nobody knows');
        return [[{ ...at('a', 1), jti: 'j', isBackground: true }]];
      },
    },
    store: {
      of: async () => [],
      add: async (_tx, rows) => rows,
      remove: async (_tx, rows) => rows,
      userIDs: async () => [],
    },
    unitOfWork: { transaction: (work) => work({ afterCommit: () => {} }) },
    newID: () => 'id',
    now: () => 1,
    onHeldUp: (error) => heldUp.push(error),
  });
  await assert.rejects(online.lost([at('a', 1)]), /not told yet/);
  assert.equal(heldUp.length, 1);
  isAway = false;
  t.mock.timers.tick(1000);
  await online.lost([]);
  assert.deepEqual(told, ['afterUserOnline']);
  await online[Symbol.asyncDispose]();
});
