/** Order and loss in a group, in short; the long form is bench/storm.ts. */
import assert from 'node:assert/strict';
import { seededRandom } from '../contract/support/token-nodes.ts';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { groupStorm } from '../support/group-storm.ts';

const plan = {
  members: 24,
  senders: 6,
  messagesPerSender: 20,
  slowReaders: 2,
  pushesPerCut: 150,
  kills: 1,
};

testOnEveryDeployment('M1 to M4: a group in a storm', {}, async (_t, { server, backEnd }) => {
  const random = seededRandom(7);
  const { faults, acknowledged, kills, connections } = await groupStorm(
    server,
    backEnd,
    plan,
    () => random(1000) / 1000,
  );
  assert.deepEqual(faults.slice(0, 10), []);
  assert.deepEqual([acknowledged, kills], [plan.senders * plan.messagesPerSender, plan.kills]);
  assert.ok(connections > 2 * plan.members, `${connections} connections`);
});
