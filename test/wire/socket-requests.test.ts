/** What the socket's requests do, and refuse: websocket.md 4, conversations-messages.md 3, 6 and 8.3. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
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
  PushMessages,
  SendMsgResp,
} from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connect, type JsonReply, type SocketClient } from '../support/socket-client.ts';
import { World } from './world.ts';

const chat = 'si_alice_bob';

test('1003: a message is acknowledged, stored and pushed', async (t) => {
  const { alice, bob } = await open(t);
  const sent = await send(alice, text('one', { clientMsgID: 'c1' }));
  const { serverMsgID, clientMsgID, sendTime } = SendMsgResp.decode(dataOf(sent));
  assert.equal(clientMsgID, 'c1');

  await t.test('the push names the operation, and holds what was acknowledged with seq 1 and status 2', async () => {
    const push = await bob.nextReply();
    assert.deepEqual([push.reqIdentifier, push.operationID, push.msgIncr], [2001, 'op', '']);
    const [message] = PushMessages.decode(dataOf(push)).msgs.get(chat)?.Msgs ?? [];
    assert.partialDeepStrictEqual(message, { serverMsgID, clientMsgID, sendTime, seq: 1, status: 2, isRead: false });
  });

  await t.test('the sender gets its echo after the reply', async () => {
    assert.equal((await alice.nextReply()).reqIdentifier, 2001);
  });

  await t.test('M3: a repeat gets the same acknowledgement and is not pushed again', async () => {
    const again = SendMsgResp.decode(dataOf(await send(alice, text('one', { clientMsgID: 'c1' }))));
    assert.partialDeepStrictEqual(again, { serverMsgID, clientMsgID, sendTime });
    await send(alice, text('two', { clientMsgID: 'c2' }));
    const [message] = PushMessages.decode(dataOf(await bob.nextReply())).msgs.get(chat)?.Msgs ?? [];
    assert.deepEqual([message?.clientMsgID, message?.seq], ['c2', 2]);
  });
});

test('1003: what the sender may not decide is decided for it', async (t) => {
  const { alice, bob } = await open(t);
  const forged = { sendTime: 1, seq: 77, status: 4, isRead: true, serverMsgID: 'mine', msgFrom: 200 };
  await send(alice, text('forged', { ...forged, clientMsgID: '', options: new Map([['isNotNotification', false]]) }));
  const [message] = PushMessages.decode(dataOf(await bob.nextReply())).msgs.get(chat)?.Msgs ?? [];
  assert.partialDeepStrictEqual(message, { seq: 1, status: 2, isRead: false, msgFrom: 100 });
  assert.notEqual(message?.serverMsgID, 'mine');
  assert.ok((message?.sendTime ?? 0) > 1, 'the send time is the server’s');
  assert.match(message?.clientMsgID ?? '', /^[0-9a-f]{32}$/);
});

test('1003: typing is pushed to the other side only and stored nowhere', async (t) => {
  const { alice, bob } = await open(t);
  await send(alice, text('yes', { contentType: 113, seq: 5 }));
  const [message] = PushMessages.decode(dataOf(await bob.nextReply())).msgs.get(chat)?.Msgs ?? [];
  assert.deepEqual([message?.contentType, message?.seq], [113, 0]);
  const { maxSeqs } = GetMaxSeqResp.decode(
    dataOf(await alice.request(1001, GetMaxSeqReq.encode({ userID: 'alice' }).finish())),
  );
  assert.equal(maxSeqs.size, 0);
  assert.deepEqual(alice.pending, []);
});

const refused: readonly { name: string; message: Partial<MsgData>; errCode: number }[] = [
  { name: 'M5: a message in the name of another is 1002', message: { sendID: 'bob', recvID: 'alice' }, errCode: 1002 },
  { name: 'M5: a read receipt cannot be forged: 1002', message: { contentType: 2200 }, errCode: 1002 },
  { name: 'M5: nor a revoke', message: { contentType: 2101 }, errCode: 1002 },
  { name: 'M5: nor an official message', message: { contentType: 1400, sessionType: 4 }, errCode: 1002 },
  { name: 'M5: nor any notification', message: { contentType: 5000 }, errCode: 1002 },
  { name: 'no sender is 1001', message: { sendID: '' }, errCode: 1001 },
  { name: 'no content is 1001', message: { content: Buffer.alloc(0) }, errCode: 1001 },
  { name: 'session type 4 with another content is 1001', message: { sessionType: 4 }, errCode: 1001 },
  { name: 'an unknown session type is 1001', message: { sessionType: 9 }, errCode: 1001 },
  { name: 'no receiver is 1001', message: { recvID: '' }, errCode: 1001 },
  { name: 'an unknown receiver is 1004', message: { recvID: 'nobody' }, errCode: 1004 },
  { name: 'an unknown group is 1004', message: { sessionType: 3, groupID: 'g' }, errCode: 1004 },
  { name: 'O1: an attachedInfo that would break the receiver is 1001', message: { attachedInfo: '{' }, errCode: 1001 },
  { name: 'O1: a clientMsgID that no index takes is 1001', message: { clientMsgID: 'x'.repeat(3000) }, errCode: 1001 },
  { name: 'content that is not JSON is 1001', message: { content: Buffer.from('hi') }, errCode: 1001 },
  {
    name: 'JSON that no client can read as that type is 1001',
    message: { contentType: 103, content: Buffer.from('{"duration":"3"}') },
    errCode: 1001,
  },
  { name: 'O1: a NUL is 1001', message: { clientMsgID: 'a\0b' }, errCode: 1001 },
];

test('1003: refused messages change nothing', async (t) => {
  const { alice, bob } = await open(t);
  for (const { name, message, errCode } of refused) {
    await t.test(name, async () => {
      const reply = await send(alice, text('refused', message));
      assert.deepEqual([reply.errCode, reply.data], [errCode, null]);
    });
  }
  await t.test(
    'O1: what is not protobuf is 1001 of a message and 500 of a query, and the connection goes on',
    async () => {
      assert.equal((await alice.request(1003, Buffer.from([0x0a, 0xff]))).errCode, 1001);
      assert.equal((await alice.request(1001, Buffer.from([0x0a, 0xff]))).errCode, 500);
    },
  );
  await t.test('1004 is answered with 1001', async () => {
    assert.equal((await alice.request(1004)).errCode, 1001);
  });
  await send(alice, text('good'));
  const [message] = PushMessages.decode(dataOf(await bob.nextReply())).msgs.get(chat)?.Msgs ?? [];
  assert.deepEqual([message?.seq, textOf(message)], [1, 'good']);
});

test('reading back', async (t) => {
  const { world, alice, bob } = await open(t);
  for (const content of ['one', 'two', 'three']) await send(alice, text(content));
  for (let pushes = 0; pushes < 3; pushes += 1) await bob.nextReply();
  const asBob = async (reqIdentifier: number, data: Uint8Array) => bob.request(reqIdentifier, data);

  await t.test('1001: newest seqs; not of others', async () => {
    const own = await asBob(1001, GetMaxSeqReq.encode({ userID: 'bob' }).finish());
    assert.deepEqual([...GetMaxSeqResp.decode(dataOf(own)).maxSeqs], [[chat, 3]]);
    assert.equal((await asBob(1001, GetMaxSeqReq.encode({ userID: 'alice' }).finish())).errCode, 1002);
    assert.equal((await asBob(1001, GetMaxSeqReq.encode({ userID: '' }).finish())).errCode, 1001);
  });

  await t.test('1006: positions; M5: not of others', async () => {
    const request = { userID: 'bob', conversationIDs: [], returnPinned: false };
    const own = await asBob(1006, GetConversationsHasReadAndMaxSeqReq.encode(request).finish());
    const seqs = GetConversationsHasReadAndMaxSeqResp.decode(dataOf(own)).seqs.get(chat);
    assert.deepEqual([seqs?.maxSeq, seqs?.hasReadSeq], [3, 0]);
    const other = GetConversationsHasReadAndMaxSeqReq.encode({ ...request, userID: 'alice' }).finish();
    assert.equal((await asBob(1006, other)).errCode, 1002);
  });

  await t.test('1002: a range, spliced as it is stored', async () => {
    const reply = await asBob(1002, pullRange('bob', chat));
    const pulled = PullMessageBySeqsResp.decode(dataOf(reply)).msgs.get(chat);
    assert.deepEqual([pulled?.Msgs.map(textOf), pulled?.isEnd], [['one', 'two', 'three'], true]);
  });

  await t.test('1002: nothing to give is an answer that the JavaScript SDK can read', async () => {
    const reply = await asBob(1002, PullMessageBySeqsReq.encode({ userID: 'bob', seqRanges: [], order: 0 }).finish());
    assert.equal(reply.errCode, 0);
    assert.notEqual(reply.data, '');
    assert.equal(PullMessageBySeqsResp.decode(dataOf(reply)).msgs.size, 0);
  });

  await t.test('1005: seqs in the order asked; every conversation has its entry, also an empty one', async () => {
    const reply = await asBob(1005, pullSeqs('bob', { [chat]: [3, 1], si_bob_nobody: [1] }));
    const { msgs } = GetSeqMessageResp.decode(dataOf(reply));
    assert.deepEqual(msgs.get(chat)?.Msgs.map(textOf), ['three', 'one']);
    assert.deepEqual(msgs.get('si_bob_nobody')?.Msgs, []);
  });

  await t.test('1005: asking beyond the end says where the end is', async () => {
    const ascending = GetSeqMessageResp.decode(dataOf(await asBob(1005, pullSeqs('bob', { [chat]: [3, 4] }))));
    assert.partialDeepStrictEqual(ascending.msgs.get(chat), { isEnd: true, endSeq: 3 });
    const request = { userID: 'bob', conversations: [{ conversationID: chat, seqs: [1] }], order: 1 as const };
    const inside = GetSeqMessageResp.decode(dataOf(await asBob(1005, GetSeqMessageReq.encode(request).finish())));
    assert.partialDeepStrictEqual(inside.msgs.get(chat), { isEnd: false, endSeq: 0 });
  });

  await t.test('O1: 1002: a range of notifications without end costs no more than what is in it', async () => {
    await world.call('/msg/mark_conversation_as_read', { userID: 'bob', conversationID: chat, hasReadSeq: 1 });
    for (const told of [alice, bob]) assert.equal((await told.nextReply()).reqIdentifier, 2001);
    const seqRanges = [{ conversationID: 'n_alice_bob', begin: 1, end: 1e15, num: 1e15 }];
    const request = PullMessageBySeqsReq.encode({ userID: 'bob', seqRanges, order: 0 }).finish();
    const { notificationMsgs } = PullMessageBySeqsResp.decode(dataOf(await asBob(1002, request)));
    assert.deepEqual(
      notificationMsgs.get('n_alice_bob')?.Msgs.map(({ seq }) => seq),
      [1],
    );
  });

  await t.test('1002: defect of OpenIM: there is no seq 0, also for a client that begins there', async () => {
    const pulled = PullMessageBySeqsResp.decode(dataOf(await asBob(1002, pullRange('bob', chat)))).msgs.get(chat);
    assert.deepEqual(
      pulled?.Msgs.map(({ seq }) => seq),
      [1, 2, 3],
    );
  });

  await t.test('1007: the newest message of each conversation that has one', async () => {
    const reply = await asBob(1007, lastMessages('bob', [chat, 'n_alice_bob', 'n_bob_bob', 'si_bob_nobody', chat]));
    const { msgs } = GetLastMessageResp.decode(dataOf(reply));
    assert.deepEqual([...msgs.keys()].sort(), ['n_alice_bob', chat]);
    assert.partialDeepStrictEqual(msgs.get(chat), { seq: 3, sendID: 'alice', status: 2 });
    assert.equal(textOf(msgs.get(chat)), 'three');
    assert.equal(msgs.get('n_alice_bob')?.contentType, 2200);
  });

  await t.test('1007: nothing asked for is an empty answer', async () => {
    assert.deepEqual([...GetLastMessageResp.decode(dataOf(await asBob(1007, lastMessages('bob', [])))).msgs], []);
  });

  await t.test('M5: 1007 is answered for oneself and for admins: 1002; no user is 1001', async () => {
    assert.equal((await asBob(1007, lastMessages('alice', [chat]))).errCode, 1002);
    assert.equal((await asBob(1007, lastMessages('', [chat]))).errCode, 1001);
    const admin = await connect({
      port: world.wsPort,
      query: { sendID: 'imAdmin', platformID: '10', token: world.token('admin') },
    });
    const { msgs } = GetLastMessageResp.decode(dataOf(await admin.request(1007, lastMessages('bob', [chat]))));
    assert.equal(textOf(msgs.get(chat)), 'three');
    admin.ws.terminate();
  });

  await t.test('O1: 1007: more conversations than a client can mean are 1001', async () => {
    const many = Array.from({ length: 2001 }, (_, index) => `si_${index}`);
    assert.equal((await asBob(1007, lastMessages('bob', many))).errCode, 1001);
  });

  await t.test('M5: who is not in a conversation reads nothing of it, neither its notifications', async () => {
    await world.call('/msg/mark_conversation_as_read', { userID: 'bob', conversationID: chat, hasReadSeq: 3 });
    const carol = await client(t, world, 'carol');
    for (const id of [chat, 'n_alice_bob']) {
      const range = PullMessageBySeqsResp.decode(dataOf(await carol.request(1002, pullRange('carol', id))));
      assert.deepEqual([range.msgs.size, range.notificationMsgs.size], [0, 0]);
      const list = GetSeqMessageResp.decode(dataOf(await carol.request(1005, pullSeqs('carol', { [id]: [1, 2, 3] }))));
      assert.deepEqual(
        [...list.msgs.values(), ...list.notificationMsgs.values()].flatMap(({ Msgs }) => Msgs),
        [],
      );
      const last = GetLastMessageResp.decode(dataOf(await carol.request(1007, lastMessages('carol', [id]))));
      assert.deepEqual([...last.msgs], []);
    }
    assert.equal((await carol.request(1002, pullRange('bob', chat))).errCode, 1002);
    assert.equal((await carol.request(1005, pullSeqs('bob', { [chat]: [1] }))).errCode, 1002);
  });
});

interface Opened {
  readonly world: World;
  readonly alice: SocketClient;
  readonly bob: SocketClient;
}

async function open(t: TestContext): Promise<Opened> {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  return { world, alice: await client(t, world, 'alice'), bob: await client(t, world, 'bob') };
}

async function client(t: TestContext, world: World, userID: string): Promise<SocketClient> {
  const token = await world.issue(userID, 5);
  const socket = await connect({ port: world.wsPort, query: { sendID: userID, token } });
  t.after(() => socket.ws.terminate());
  return socket;
}

/** Sends and takes the reply, leaving pushes of earlier messages for later. */
async function send(socket: SocketClient, message: MsgData): Promise<JsonReply> {
  socket.send(1003, MsgData.encode(message).finish());
  for (let reply = await socket.nextReply(); ; reply = await socket.nextReply()) {
    if (reply.reqIdentifier === 1003) return reply;
  }
}

/** From alice to bob unless `fields` say otherwise. */
function text(content: string, fields: Partial<MsgData> = {}): MsgData {
  return newMsgData({
    sendID: 'alice',
    recvID: 'bob',
    sessionType: 1,
    msgFrom: 100,
    contentType: 101,
    clientMsgID: content,
    content: Buffer.from(JSON.stringify({ content })),
    ...fields,
  });
}

function textOf(message: MsgData | undefined): string {
  return JSON.parse(Buffer.from(message?.content ?? []).toString()).content;
}

function pullRange(userID: string, conversationID: string): Uint8Array {
  const seqRanges = [{ conversationID, begin: 0, end: 9, num: 9 }];
  return PullMessageBySeqsReq.encode({ userID, seqRanges, order: 0 }).finish();
}

function pullSeqs(userID: string, seqs: Readonly<Record<string, number[]>>): Uint8Array {
  const conversations = Object.entries(seqs).map(([conversationID, list]) => ({ conversationID, seqs: list }));
  return GetSeqMessageReq.encode({ userID, conversations, order: 0 }).finish();
}

function lastMessages(userID: string, conversationIDs: string[]): Uint8Array {
  return GetLastMessageReq.encode({ userID, conversationIDs }).finish();
}

function dataOf(reply: JsonReply): Buffer {
  assert.equal(reply.errCode, 0, reply.errMsg);
  return Buffer.from(reply.data ?? '', 'base64');
}
