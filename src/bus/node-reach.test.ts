import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryNetwork } from '../../test/support/memory-network.ts';
import type { MessageRef } from '../log/message-store.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { newMsgData } from '../protocol/message.ts';
import { ReachedUsers } from '../push/reached-users.ts';
import { NodeReach } from './node-reach.ts';

const message = { logID: 'sg_g', recvID: '', groupID: 'g', seq: 1, id: 'm' };
const body = Buffer.from(MsgData.encode(newMsgData({ serverMsgID: 'm', seq: 1 })).finish());
const delivery = { audience: { group: 'g' }, conversationID: 'sg_g', logID: 'sg_g', seq: 1, body, operationID: 'op' };

/** Nodes A, B and C, of which members of the group are on those that a test says. */
function open(t: TestContext, on: readonly string[], inDatabase: readonly string[] = []) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const network = new MemoryNetwork();
  const clock = { ms: 0 };
  const lookedFor: [string, MessageRef][] = [];
  const nodes = ['A', 'B', 'C'].map((nodeID) => {
    const here = new ReachedUsers({ limits: { maxPushResults: 1000 }, now: () => clock.ms });
    const whereabouts = {
      find: async (users: Iterable<string>, groups: Iterable<string>) => ({
        ofUsers: new Map(Array.from(users, (userID) => [userID, on])),
        ofGroups: new Map(Array.from(groups, (groupID) => [groupID, on])),
      }),
    };
    const lookFor = async (ref: MessageRef) => {
      lookedFor.push([nodeID, ref]);
      here.note(delivery, new Set(inDatabase));
    };
    const channel = network.join(nodeID);
    const reach = new NodeReach({ channel, whereabouts, here, lookFor, monotonicMs: () => clock.ms });
    return { here, reach };
  });
  const [a, b, c] = nodes;
  assert.ok(a && b && c);
  return { network, clock, lookedFor, a, b, c };
}

async function turns(count = 6): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

test('what the nodes where somebody is have delivered counts together, as soon as all of them have said so', async (t) => {
  const { a, b, c } = open(t, ['A', 'B', 'C']);
  a.here.note(delivery, new Set(['ann']));
  const reached = a.reach.reachedBy(message, 3000);
  await turns();
  b.here.note(delivery, new Set(['ben', 'bo']));
  c.here.note(delivery, new Set());
  await turns();
  assert.deepEqual(await reached, new Set(['ann', 'ben', 'bo']));
});

test('a node that is asked for what has not come there looks for it, and says whom it then reaches: one path, not two', async (t) => {
  const { a, b, c, lookedFor } = open(t, ['A', 'B', 'C'], ['ben']);
  a.here.note(delivery, new Set(['ann']));
  const reached = a.reach.reachedBy(message, 3000);
  await turns();
  t.mock.timers.tick(249);
  // Late is not lost.
  c.here.note(delivery, new Set(['cyd']));
  await turns();
  t.mock.timers.tick(1);
  await turns();
  assert.deepEqual(lookedFor, [['B', { logID: 'sg_g', seq: 1 }]]);
  assert.deepEqual(await reached, new Set(['ann', 'ben', 'cyd']));
  await turns();
  assert.deepEqual(await b.reach.reachedBy(message, 3000), new Set(['ann', 'ben', 'cyd']));
});

test('a node that does not answer in time, or has died, has not delivered it', async (t) => {
  for (const fault of ['silent', 'dead']) {
    await t.test(fault, async (t) => {
      const { a, b, network } = open(t, ['B', 'C']);
      b.here.note(delivery, new Set(['ben']));
      network.lost = (from) => from === 'C';
      const reached = a.reach.reachedBy(message, 3000);
      await turns();
      if (fault === 'dead') network.bury('C');
      else t.mock.timers.tick(3000);
      assert.deepEqual(await reached, new Set(['ben']));
    });
  }
});

test('nobody is asked where nobody is; a node of which more is expected than it knows does not say', async (t) => {
  const nowhere = open(t, []);
  assert.deepEqual(await nowhere.a.reach.reachedBy(message, 3000), new Set());
  nowhere.a.here.note(delivery, new Set(['ann']));
  assert.deepEqual(await nowhere.a.reach.reachedBy(message, 3000), new Set(['ann']), 'who has just come');
  t.mock.timers.reset();
  const { a } = open(t, ['A']);
  assert.equal(await a.reach.reachedBy(message, 0), undefined);
});

test('what is not stored is known by its ID, of a user too', async (t) => {
  const { a, b } = open(t, ['B']);
  b.here.note({ ...delivery, seq: 0 }, new Set(['ben']));
  const single = { logID: 'si_a_ben', recvID: 'ben', groupID: '', seq: 0, id: 'm' };
  const reached = a.reach.reachedBy(single, 0);
  await turns();
  assert.deepEqual(await reached, new Set(['ben']));
});

test('Redis lost means unknown, and so it is for a while when it is back', async (t) => {
  const { a, network, clock } = open(t, ['B']);
  const unknown = { message: /nobody knows/ };
  const asking = assert.rejects(a.reach.reachedBy(message, 3000), unknown);
  await turns();
  network.cut('A', true);
  await asking;
  await assert.rejects(a.reach.reachedBy(message, 3000), unknown);
  network.cut('A', false);
  await assert.rejects(a.reach.reachedBy(message, 3000), unknown);
  clock.ms += 6000;
  const reached = a.reach.reachedBy(message, 3000);
  await turns();
  t.mock.timers.tick(3000);
  assert.deepEqual(await reached, new Set());
});
