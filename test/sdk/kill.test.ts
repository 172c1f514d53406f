/**
 * What an acknowledgement is worth: the server is killed in the middle of everything, three times. On PostgreSQL too:
 * test/faults/group-storm.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploy } from '../support/deployments.ts';
import { MessageSender } from '../support/message-sender.ts';

const senders = ['kill_a', 'kill_b', 'kill_c', 'kill_d'];
const perSender = 250;
const total = senders.length * perSender;

test('1000 messages and three kills', async (t) => {
  const { server, backEnd } = await deploy(t);
  await backEnd.register('kill_receiver', ...senders);
  // After how many acknowledgements to kill: at any point, but never before anything has happened in between.
  const killAfter = [0, 1, 2].map((round) => 1 + Math.floor(((round + Math.random()) * (total - 1)) / 3));
  t.diagnostic(`kills after ${killAfter.join(', ')} acknowledgements`);

  let acknowledged = 0;
  let kills = 0;
  let recovery = Promise.resolve();
  const onAcknowledged = () => {
    acknowledged += 1;
    if (!killAfter.includes(acknowledged)) return;
    recovery = recovery.then(async () => {
      await server.kill();
      kills += 1;
      await server.start();
    });
  };
  const clients = await Promise.all(
    senders.map(
      async (userID) =>
        new MessageSender({
          server,
          userID,
          token: await backEnd.userToken(userID, 5),
          recvID: 'kill_receiver',
          onAcknowledged,
        }),
    ),
  );
  await Promise.all(clients.map((client) => client.sendAll(perSender)));
  await recovery;
  assert.equal(kills, killAfter.length);

  for (const [index, userID] of senders.entries()) {
    const stored = await pullAll(userID);
    await t.test(`M1: every acknowledged message of ${userID} is there, as it was acknowledged`, () => {
      const byID = new Map(stored.map((message) => [message.clientMsgID, message]));
      for (const { clientMsgID, serverMsgID, sendTime } of clients[index]!.acknowledged) {
        const message = byID.get(clientMsgID);
        assert.deepEqual([message?.serverMsgID, message?.sendTime], [serverMsgID, sendTime], clientMsgID);
      }
    });
    await t.test(`M2, M3: no seq of ${userID} is missing or doubled, and no message is stored twice`, () => {
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        Array.from({ length: perSender }, (_, seq) => seq + 1),
      );
      assert.equal(new Set(stored.map(({ clientMsgID }) => clientMsgID)).size, perSender);
    });
  }

  async function pullAll(
    userID: string,
  ): Promise<{ seq: number; clientMsgID: string; serverMsgID: string; sendTime: number }[]> {
    const conversationID = ['si', ...['kill_receiver', userID].sort()].join('_');
    const seqRanges = [{ conversationID, begin: 1, end: 100_000, num: 1000 }];
    const { msgs } = await backEnd.call('/msg/pull_msg_by_seq', { userID: 'kill_receiver', seqRanges, order: 0 });
    return msgs[conversationID].Msgs;
  }
});
