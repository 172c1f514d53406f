/** No message and no reply is larger than a client can read: conversations-messages.md 8.3. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { limits } from '../../src/config/limits.ts';
import {
  GetConversationsHasReadAndMaxSeqReq,
  GetConversationsHasReadAndMaxSeqResp,
  GetLastMessageReq,
  GetLastMessageResp,
  GetMaxSeqReq,
  GetMaxSeqResp,
  GetSeqMessageReq,
  GetSeqMessageResp,
  MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
} from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connectGo, type GoReply } from '../support/go-client.ts';
import { createConversations } from '../support/many-conversations.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { World } from './world.ts';

const maxFrame = limits.maxReplyFrameBytes.default;
const maxMessage = limits.maxMessageBytes.default;

test('a message of the largest size', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const alice = await connectGo({
    port: world.wsPort,
    query: { sendID: 'alice', platformID: '2', token: await world.issue('alice', 2) },
  });
  t.after(() => alice.ws.terminate());

  await t.test('limit maxMessageBytes: a message of exactly so many bytes, unpacked, is sent', async () => {
    assert.equal((await sendOfSize(alice, maxMessage)).errCode, 0);
  });

  await t.test(
    'limit maxMessageBytes: one byte more is 1001 and stores nothing, whatever gzip made of it',
    async () => {
      const reply = await sendOfSize(alice, maxMessage + 1);
      assert.equal(reply.errCode, 1001);
      const { maxSeqs } = await world.call('/msg/newest_seq', { userID: 'bob' });
      assert.deepEqual(maxSeqs, { si_alice_bob: 1 });
    },
  );

  await t.test('limit maxMessageBytes: one byte more is 1001 over REST too', async () => {
    const body = {
      sendID: 'alice',
      recvID: 'bob',
      contentType: 101,
      sessionType: 1,
      content: { content: 'x'.repeat(maxMessage) },
    };
    const reply = await world.post('/msg/send_msg', body, world.token('admin'));
    assert.equal(JSON.parse(reply.body.toString()).errCode, 1001);
  });
});

/** Of so many bytes when encoded, to bob. */
async function sendOfSize(client: Awaited<ReturnType<typeof connectGo>>, bytes: number): Promise<GoReply> {
  const message = (length: number) =>
    MsgData.encode(
      newMsgData({
        sendID: 'alice',
        recvID: 'bob',
        sessionType: 1,
        msgFrom: 100,
        contentType: 101,
        clientMsgID: 'c'.repeat(32),
        content: Buffer.from(JSON.stringify({ content: 'x'.repeat(length) })),
      }),
    ).finish();
  const encoded = message(bytes - message(bytes).length + bytes);
  assert.equal(encoded.length, bytes);
  client.send(1003, encoded);
  for (let reply = await client.nextReply(); ; reply = await client.nextReply()) {
    if (reply.reqIdentifier === 1003) return reply;
  }
}

test('replies to a user of whom strangers have filled the account', async (t) => {
  const strangers = 30;
  const { world, bob, chats } = await fill(t, strangers, 3);

  await t.test('limit maxReplyFrameBytes: what fits is given whole', async () => {
    const few = chats.slice(0, 5);
    const { frame, data } = await ask(bob, 1002, pull(few, 1));
    assert.ok(frame <= maxFrame, `${frame} bytes`);
    const { msgs } = PullMessageBySeqsResp.decode(data);
    for (const chat of few) assert.deepEqual(sizes(msgs.get(chat)?.Msgs), [largeText]);
  });

  await t.test('limit maxReplyFrameBytes: of more than fits, every chat has its newest message, in short', async () => {
    const { frame, data } = await ask(bob, 1002, pull(chats, 10));
    assert.ok(frame <= maxFrame, `${frame} bytes`);
    const { msgs } = PullMessageBySeqsResp.decode(data);
    assert.deepEqual([...msgs.keys()].sort(), chats.toSorted());
    for (const { Msgs } of msgs.values()) {
      const last = Msgs.at(-1);
      assert.deepEqual([last?.seq, last?.status, last?.contentType], [3, 2, 101]);
      assert.ok(JSON.parse(Buffer.from(last?.content ?? '').toString()).content.length > 100);
    }
    assert.ok([...msgs.values()].some(({ Msgs }) => sizes(Msgs).at(-1) === largeText));
  });

  await t.test('limit maxReplyFrameBytes: 1007 has them all too, of more than fits', async () => {
    const { frame, data } = await ask(
      bob,
      1007,
      GetLastMessageReq.encode({ userID: 'bob', conversationIDs: chats }).finish(),
    );
    assert.ok(frame <= maxFrame, `${frame} bytes`);
    assert.equal(GetLastMessageResp.decode(data).msgs.size, chats.length);
  });

  await t.test('limit maxReplyFrameBytes: of one chat with more the oldest messages are left out', async () => {
    for (let count = 0; count < 12; count += 1) await sendLarge(world, 'stranger0');
    const { frame, data } = await ask(bob, 1002, pull(['si_bob_stranger0'], 15));
    assert.ok(frame <= maxFrame, `${frame} bytes`);
    const seqs =
      PullMessageBySeqsResp.decode(data)
        .msgs.get('si_bob_stranger0')
        ?.Msgs.map(({ seq }) => seq) ?? [];
    assert.deepEqual(seqs, [7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  for (const [order, kept] of [
    [1, [15, 14, 13, 12, 11, 10, 9, 8, 7]],
    [0, [9, 8, 7, 6, 5, 4, 3, 2, 1]],
  ] as const) {
    await t.test(
      `limit maxReplyFrameBytes: of more 1005 in order ${order} keeps what a client goes on from`,
      async () => {
        const seqs = Array.from({ length: 15 }, (_, index) => 15 - index);
        const conversations = [{ conversationID: 'si_bob_stranger0', seqs }];
        const request = GetSeqMessageReq.encode({ userID: 'bob', conversations, order }).finish();
        const { frame, data } = await ask(bob, 1005, request);
        assert.ok(frame <= maxFrame, `${frame} bytes`);
        const { Msgs, isEnd } = GetSeqMessageResp.decode(data).msgs.get('si_bob_stranger0') ?? {};
        assert.deepEqual([Msgs?.map(({ seq }) => seq), isEnd], [kept, false]);
      },
    );
  }

  await t.test('a chat list over REST has every conversation, and is bounded', async () => {
    const reply = await world.post('/jssdk/get_active_conversations', { count: 500 }, world.token('other'));
    assert.ok(reply.body.length < 2 * maxFrame, `${reply.body.length} bytes`);
    assert.equal(JSON.parse(reply.body.toString()).data.conversations.length, strangers);
  });
});

test('the newest seqs of more conversations than a reply has room for are those of the last active', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const bob = await socket(t, world, 'bob');
  const long = (index: number) => `${String(index).padStart(5, '0')}${'x'.repeat(200)}`;
  const count = 4000;
  const all = Array.from({ length: count }, (_, index) => long(index));
  createConversations(world.dataDir, 'bob', all);

  const seqs = await ask(bob, 1001, GetMaxSeqReq.encode({ userID: 'bob' }).finish());
  const { maxSeqs } = GetMaxSeqResp.decode(seqs.data);
  const request = { userID: 'bob', conversationIDs: [], returnPinned: true };
  const read = await ask(bob, 1006, GetConversationsHasReadAndMaxSeqReq.encode(request).finish());
  const positions = GetConversationsHasReadAndMaxSeqResp.decode(read.data);
  for (const [{ frame }, { size }] of [
    [seqs, maxSeqs],
    [read, positions.seqs],
  ] as const) {
    assert.ok(frame <= maxFrame, `${frame} bytes`);
    assert.ok(size > 1000 && size < count, `${size} conversations`);
  }
  for (const kept of [maxSeqs, positions.seqs]) {
    assert.ok(kept.has(`si_bob_${long(count - 1)}`));
    assert.ok(!kept.has(`si_bob_${long(0)}`));
  }
});

/** Characters of text that gzip makes nothing of. */
const largeText = 80_000;

async function fill(t: TestContext, strangers: number, messages: number) {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const users = Array.from({ length: strangers }, (_, index) => `stranger${index}`);
  await world.register(...users);
  for (const user of users) for (let count = 0; count < messages; count += 1) await sendLarge(world, user);
  return { world, bob: await socket(t, world, 'bob'), chats: users.map((user) => `si_bob_${user}`) };
}

async function sendLarge(world: World, sendID: string): Promise<void> {
  await world.call('/msg/send_msg', {
    sendID,
    recvID: 'bob',
    contentType: 101,
    sessionType: 1,
    content: { content: randomBytes(largeText / 2).toString('hex') },
  });
}

async function socket(t: TestContext, world: World, userID: string): Promise<SocketClient> {
  const client = await connect({ port: world.wsPort, query: { sendID: userID, token: await world.issue(userID, 5) } });
  t.after(() => client.ws.terminate());
  return client;
}

/** Takes the reply, leaving out pushes. @returns its payload, and the bytes of its frame in the larger codec */
async function ask(client: SocketClient, reqIdentifier: number, request: Uint8Array) {
  client.send(reqIdentifier, request);
  for (let frame = await client.nextBinary(); ; frame = await client.nextBinary()) {
    const reply = JSON.parse(frame.toString());
    if (reply.reqIdentifier !== reqIdentifier) continue;
    assert.equal(reply.errCode, 0, reply.errMsg);
    return { frame: frame.length, data: Buffer.from(reply.data, 'base64') };
  }
}

function pull(chats: readonly string[], num: number): Uint8Array {
  const seqRanges = chats.map((conversationID) => ({ conversationID, begin: 0, end: 99, num }));
  return PullMessageBySeqsReq.encode({ userID: 'bob', seqRanges, order: 0 }).finish();
}

function sizes(messages: readonly MsgData[] = []): number[] {
  return messages.map(({ content }) => JSON.parse(Buffer.from(content).toString()).content.length);
}
