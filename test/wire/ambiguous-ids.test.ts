/** User IDs hold `_`, which also joins them into conversation IDs: no pair of users meets another in one of them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  GetConversationsHasReadAndMaxSeqReq,
  GetConversationsHasReadAndMaxSeqResp,
  GetLastMessageReq,
  GetLastMessageResp,
  GetMaxSeqReq,
  GetMaxSeqResp,
  MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
  PushMessages,
} from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { World } from './world.ts';

const shared = 'si_ann_lee_bob';

test('two pairs of users whose IDs join to the same', async (t) => {
  const world = await open(t, 'ann', 'lee_bob', 'ann_lee');
  const [ann, leeBob, annLee, bob] = await sockets(t, world, 'ann', 'lee_bob', 'ann_lee', 'bob');
  await say(ann, 'lee_bob', 'first pair');
  await say(annLee, 'bob', 'second pair');
  await say(bob, 'ann_lee', 'and back');

  await t.test('M4: each hears its own, under the ID that its clients compute', async () => {
    assert.deepEqual(await pushed(leeBob, 1), [[shared, 'first pair', 1]]);
    assert.deepEqual(await pushed(annLee, 2), [
      [shared, 'second pair', 1],
      [shared, 'and back', 2],
    ]);
  });

  await t.test('M5: each reads its own, by every request', async () => {
    for (const [client, texts] of [
      [ann, ['first pair']],
      [leeBob, ['first pair']],
      [annLee, ['second pair', 'and back']],
      [bob, ['second pair', 'and back']],
    ] as const) {
      assert.deepEqual((await pull(client, shared)).map(textOf), texts);
      assert.deepEqual(await newest(client), [[shared, texts.length]]);
      const last = GetLastMessageReq.encode({ userID: client.userID, conversationIDs: [shared] }).finish();
      const { msgs } = GetLastMessageResp.decode(await ask(client, 1007, last));
      assert.equal(textOf(msgs.get(shared)), texts.at(-1));
      const all = { userID: client.userID, conversationIDs: [], returnPinned: false };
      const { seqs } = GetConversationsHasReadAndMaxSeqResp.decode(
        await ask(client, 1006, GetConversationsHasReadAndMaxSeqReq.encode(all).finish()),
      );
      assert.equal(seqs.get(shared)?.maxSeq, texts.length);
    }
  });

  await t.test('M5: a reading of one pair marks and tells nothing of the other', async () => {
    await world.call('/msg/mark_conversation_as_read', { userID: 'lee_bob', conversationID: shared, hasReadSeq: 1 });
    assert.deepEqual(await notified(ann), [['n_ann_lee_bob', 'lee_bob', 2200]]);
    const isRead = async (client: SocketClient) => (await pull(client, shared)).map((message) => message.isRead);
    assert.deepEqual(await isRead(ann), [true]);
    assert.deepEqual(await isRead(annLee), [false, false]);
    assert.deepEqual(await pull(ann, 'n_ann_lee_bob').then((all) => all.length), 1);
    assert.deepEqual(await pull(annLee, 'n_ann_lee_bob'), []);
    assert.deepEqual(await newest(annLee), [[shared, 2]]);
  });
});

test("M5: what strangers do never reaches a user's own notifications, nor its chat with itself", async (t) => {
  const world = await open(t, 'app1_user7', 'app1', 'user7_app1_user7');
  const [victim, one, other] = await sockets(t, world, 'app1_user7', 'app1', 'user7_app1_user7');
  await say(one, 'user7_app1_user7', 'hi');
  const conversationID = 'si_app1_user7_app1_user7';
  await world.call('/msg/mark_conversation_as_read', { userID: 'user7_app1_user7', conversationID, hasReadSeq: 1 });
  assert.deepEqual(await notified(one), [['n_app1_user7_app1_user7', 'user7_app1_user7', 2200]]);

  assert.deepEqual(await newest(victim), []);
  assert.deepEqual(await pull(victim, 'n_app1_user7_app1_user7'), []);
  await say(victim, 'app1_user7', 'note to self');
  assert.deepEqual((await pull(victim, conversationID)).map(textOf), ['note to self']);
  assert.deepEqual((await pull(other, conversationID)).map(textOf), ['hi']);
});

async function open(t: TestContext, ...userIDs: string[]): Promise<World> {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  await world.register(...userIDs);
  return world;
}

async function sockets<const Names extends readonly string[]>(t: TestContext, world: World, ...userIDs: Names) {
  const clients = userIDs.map(async (userID) => {
    const token = await world.issue(userID, 5);
    const client = await connect({ port: world.wsPort, query: { sendID: userID, token } });
    t.after(() => client.ws.terminate());
    return client;
  });
  return (await Promise.all(clients)) as { [Index in keyof Names]: SocketClient };
}

/** Pushes that came while something else was waited for, by client. */
const pushes = new WeakMap<SocketClient, Buffer[]>();

async function ask(client: SocketClient, reqIdentifier: number, request: Uint8Array): Promise<Buffer> {
  client.send(reqIdentifier, request);
  for (;;) {
    const reply = await client.nextReply();
    const data = Buffer.from(reply.data ?? '', 'base64');
    if (reply.reqIdentifier === 2001) keep(client, data);
    if (reply.reqIdentifier !== reqIdentifier) continue;
    assert.equal(reply.errCode, 0, reply.errMsg);
    return data;
  }
}

function keep(client: SocketClient, data: Buffer): void {
  pushes.set(client, [...(pushes.get(client) ?? []), data]);
}

async function say(client: SocketClient, recvID: string, content: string): Promise<void> {
  const message = newMsgData({
    sendID: client.userID,
    recvID,
    sessionType: 1,
    contentType: 101,
    content: Buffer.from(JSON.stringify({ content })),
  });
  await ask(client, 1003, MsgData.encode(message).finish());
}

/** The next `count` pushes, which earlier calls may have met already. */
async function take(client: SocketClient, count: number): Promise<PushMessages[]> {
  while ((pushes.get(client) ?? []).length < count) {
    const reply = await client.nextReply();
    if (reply.reqIdentifier === 2001) keep(client, Buffer.from(reply.data ?? '', 'base64'));
  }
  const kept = pushes.get(client) ?? [];
  pushes.set(client, kept.slice(count));
  return kept.slice(0, count).map((data) => PushMessages.decode(data));
}

async function pushed(client: SocketClient, count: number): Promise<[string, string, number][]> {
  const all = await take(client, count);
  return all.flatMap(({ msgs }) =>
    [...msgs].flatMap(([id, { Msgs }]) =>
      Msgs.map((message) => [id, textOf(message), message.seq] as [string, string, number]),
    ),
  );
}

/** The next notification, after whatever chat messages. */
async function notified(client: SocketClient): Promise<[string, string, number][]> {
  for (;;) {
    const [push] = await take(client, 1);
    const found = [...(push?.notificationMsgs ?? [])];
    if (found.length > 0) return found.flatMap(([id, { Msgs }]) => Msgs.map((m) => [id, m.sendID, m.contentType]));
  }
}

async function newest(client: SocketClient): Promise<[string, number][]> {
  const { maxSeqs } = GetMaxSeqResp.decode(
    await ask(client, 1001, GetMaxSeqReq.encode({ userID: client.userID }).finish()),
  );
  return [...maxSeqs];
}

async function pull(client: SocketClient, conversationID: string): Promise<MsgData[]> {
  const seqRanges = [{ conversationID, begin: 0, end: 99, num: 99 }];
  const request = PullMessageBySeqsReq.encode({ userID: client.userID, seqRanges, order: 0 }).finish();
  const { msgs, notificationMsgs } = PullMessageBySeqsResp.decode(await ask(client, 1002, request));
  return [...msgs.values(), ...notificationMsgs.values()].flatMap(({ Msgs }) => Msgs);
}

function textOf(message: MsgData | undefined): string {
  return JSON.parse(Buffer.from(message?.content ?? '{}').toString()).content;
}
