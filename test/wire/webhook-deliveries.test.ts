/** What could not be told, as admins see and mend it (docs/webhooks.md). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import drop from '../../src/http/routes/webhooks/drop.ts';
import list from '../../src/http/routes/webhooks/list.ts';
import parked from '../../src/http/routes/webhooks/parked.ts';
import replay from '../../src/http/routes/webhooks/replay.ts';
import { as } from './group-scenes.ts';
import { HookWorld } from './hook-world.ts';
import { testEndpoint } from './scenario.ts';

let on: HookWorld;
before(async () => {
  on = await HookWorld.open(['afterDeleteFriend: { enable: true, timeout: 3 }']);
});
after(() => on[Symbol.asyncDispose]());

/** As if each had failed too often. */
function park(...bodies: readonly object[]): void {
  using database = new DatabaseSync(join(on.world.dataDir, 'tessera.db'));
  const insert = database.prepare(
    `INSERT INTO deliveries (topic, item_key, delivery_id, payload, created_at, attempts, failure, parked_at)
      VALUES ('webhooks', 'user a', ?, ?, 5, 20, 'not reached (ECONNREFUSED)', 9)`,
  );
  for (const [index, body] of bodies.entries()) {
    insert.run(`id ${index}`, JSON.stringify({ name: 'afterDeleteFriend', operationID: 'op', body }));
  }
}

const parkedOf = async (body: object = {}) => (await on.done('/webhooks/parked', body)).parked ?? [];
const ids = async (body?: object): Promise<number[]> => (await parkedOf(body)).map(({ id }: { id: number }) => id);

test('O1 what was given up is listed, told again with its ID and marked, or forgotten', async () => {
  park({ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 });
  const { hooks, ...counts } = await on.done('/webhooks/list', {});
  assert.deepEqual(hooks, [
    {
      ...{ name: 'afterDeleteFriend', command: 'callbackAfterDeleteFriendCommand' },
      ...{ timeoutMs: 3000, failedContinue: false },
    },
  ]);
  assert.deepEqual(counts, { waiting: 0, parked: 4, oldestAt: 0 });
  const [first, second, third] = await ids();
  assert.deepEqual((await parkedOf({ limit: 1 }))[0], {
    ...{ id: first, command: 'callbackAfterDeleteFriendCommand', key: 'user a', deliveryID: 'id 0' },
    ...{ failure: 'not reached (ECONNREFUSED)', attempts: 20, createdAt: 5, parkedAt: 9 },
  });
  assert.deepEqual(await ids({ after: first, limit: 2 }), [second, third]);

  assert.deepEqual(await on.done('/webhooks/drop', { ids: [first, 99_999] }), { count: 1 });
  assert.deepEqual(await on.done('/webhooks/replay', { ids: [third] }), { count: 1 });
  assert.deepEqual(await on.done('/webhooks/replay', { ids: [] }), { count: 2 });
  const heard = await on.receiver.since(0, 3);
  assert.deepEqual(heard.map(({ body }) => body.n).sort(), [1, 2, 3]);
  for (const { headers, body } of heard) {
    assert.equal(headers['webhook-id'], `id ${body.n}`);
    assert.equal(headers['webhook-replayed'], 'true');
  }
  await on.settled();
  assert.deepEqual(await ids(), []);
  park({}, {});
  assert.deepEqual(await on.done('/webhooks/drop', { ids: [] }), { count: 2 });
});

const user = { name: 'a user is 1002', token: as('alice'), body: {}, expect: { errCode: 1002 } };
const tooMany = { ids: Array.from({ length: 1001 }, (_, index) => index) };

testEndpoint(list, [
  {
    name: 'nothing is on',
    body: {},
    expect: { errCode: 0, data: { hooks: null, waiting: 0, parked: 0, oldestAt: 0 } },
  },
  user,
]);
testEndpoint(parked, [
  { name: 'nothing was given up', body: {}, expect: { errCode: 0, data: { parked: null } } },
  { name: 'a page of more than 1000 is 1001', body: { limit: 1001 }, expect: { errCode: 1001 } },
  { name: 'a page of less than none is 1001', body: { limit: -1 }, expect: { errCode: 1001 } },
  user,
]);
testEndpoint(replay, [
  { name: 'what is not parked is passed over', body: { ids: [7] }, expect: { errCode: 0, data: { count: 0 } } },
  { name: 'more than 1000 are 1001', body: tooMany, expect: { errCode: 1001 } },
  user,
]);
testEndpoint(drop, [
  { name: 'what is not parked is passed over', body: {}, expect: { errCode: 0, data: { count: 0 } } },
  { name: 'more than 1000 are 1001', body: tooMany, expect: { errCode: 1001 } },
  user,
]);
