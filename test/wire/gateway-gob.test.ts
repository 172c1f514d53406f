/** Clients of the Go core at the whole server: gob in gzip both ways, with real tokens and messages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  DelUserPushTokenReq,
  GetConversationsHasReadAndMaxSeqReq,
  GetConversationsHasReadAndMaxSeqResp,
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
import { connectGo, decodeGoReply, encodeGoRequest, type GoClient, type GoReply } from '../support/go-client.ts';
import { connect, type DialOptions } from '../support/socket-client.ts';
import { World } from './world.ts';

const handshakeSuccess = '{"errCode":0,"errMsg":"","errDlt":""}';

let world: World;
before(async () => {
  world = await World.open();
});
after(() => world[Symbol.asyncDispose]());

describe('handshake', () => {
  /** `v` stands for all parameters; what is beside it is not looked at. */
  const packed = (sendResponse: boolean) => (token: string) => {
    const fields = { userID: 'alice', platformID: 2, operationID: 'op', compression: 'gzip', background: false };
    return { v: Buffer.from(JSON.stringify({ ...fields, token, sendResponse })).toString('base64url') };
  };
  const forms: readonly [string, boolean, (token: string) => Query, Headers?][] = [
    ['parameters, gzip by query', false, () => ({ compression: 'gzip' })],
    ['parameters, gzip by query', true, () => ({ compression: 'gzip', isMsgResp: 'true' })],
    ['parameters, gzip by header', false, () => ({ compression: undefined }), { compression: 'gzip' }],
    ['parameters, gzip by header', true, () => ({ compression: '', isMsgResp: '1' }), { compression: 'gzip' }],
    ['v, gzip in it', false, packed(false)],
    ['v, gzip in it', true, packed(true)],
  ];
  for (const [form, wantsReply, query, headers = {}] of forms) {
    test(`${form}, ${wantsReply ? 'with' : 'without'} a text reply: what follows is gob in gzip`, async (t) => {
      const token = await world.issue('alice', 2);
      const all = { compression: undefined, token, platformID: '2', ...query(token) };
      const alice = await connectGo({ port: world.wsPort, query: all, headers });
      t.after(() => alice.ws.terminate());
      if (wantsReply) assert.equal(await alice.nextText(), handshakeSuccess);
      const reply = await alice.request(1001, maxSeqsOf('alice'), { msgIncr: 'alice_1', operationID: 'op-1' });
      assert.deepEqual({ ...reply, data: reply.data.length }, { ...success(1001, 'alice_1', 'op-1'), data: 0 });
    });
  }

  test('without gzip, frames are gob as it is', async (t) => {
    const alice = await clientOf(t, 'alice', 2, { query: { compression: undefined } });
    const request = { reqIdentifier: 1001, sendID: 'alice', operationID: 'op', msgIncr: 'i' };
    alice.ws.send(encodeGoRequest({ ...request, data: maxSeqsOf('alice') }));
    assert.equal(decodeGoReply(await alice.nextBinary()).errCode, 0);
  });

  test('the login of an unmodified wasm SDK, as it was recorded', async (t) => {
    const { handshake, firstClientFrame } = JSON.parse(
      readFileSync(new URL('../fixtures/gob/go-core-wasm-3.8.5-login.json', import.meta.url), 'utf8'),
    );
    await world.register('u1');
    const query = Object.fromEntries(new URL(handshake.url, 'ws://any').searchParams);
    const u1 = await clientOf(t, 'u1', 5, { query: { ...query, token: await world.issue('u1', 5) } });
    assert.equal(await u1.nextText(), handshake.firstFrameExpectedByClient.data);
    u1.ws.send(Buffer.from(firstClientFrame.gzipHex, 'hex'));
    const { ReqIdentifier, MsgIncr, OperationID } = firstClientFrame.decoded;
    const { data: _, ...envelope } = await u1.nextReply();
    assert.deepEqual(envelope, success(ReqIdentifier, MsgIncr, OperationID));
  });
});

test('a chat between Go clients', async (t) => {
  await world.register('gina', 'hugo');
  const chat = 'si_gina_hugo';
  const [gina, hugo] = [await clientOf(t, 'gina'), await clientOf(t, 'hugo')];
  const browser = await connect({
    port: world.wsPort,
    query: { sendID: 'hugo', token: await world.issue('hugo', 5), platformID: '5' },
  });
  t.after(() => browser.ws.terminate());
  let serverMsgID = '';

  await t.test('1003: a message is acknowledged', async () => {
    gina.send(1003, MsgData.encode(textFrom('gina', 'hugo')).finish(), { msgIncr: 'gina_1', operationID: 'op-1' });
    const frames = [await gina.nextReply(), await gina.nextReply()];
    const reply = frames.find(({ reqIdentifier }) => reqIdentifier === 1003);
    assert.partialDeepStrictEqual(reply, success(1003, 'gina_1', 'op-1'));
    const acknowledged = SendMsgResp.decode(dataOf(reply));
    assert.equal(acknowledged.clientMsgID, 'c1');
    serverMsgID = acknowledged.serverMsgID;
    assert.ok(frames.some(({ reqIdentifier }) => reqIdentifier === 2001));
  });

  await t.test('2001: it is pushed, to clients of either codec', async () => {
    const push = await hugo.nextReply();
    assert.partialDeepStrictEqual(push, success(2001, '', 'op-1'));
    const json = await browser.nextReply();
    assert.deepEqual(Buffer.from(json.data ?? '', 'base64'), Buffer.from(push.data));
    const [message] = PushMessages.decode(push.data).msgs.get(chat)?.Msgs ?? [];
    assert.partialDeepStrictEqual(message, { serverMsgID, sendID: 'gina', seq: 1 });
  });

  await t.test('1001: newest seqs', async () => {
    const { maxSeqs } = GetMaxSeqResp.decode(dataOf(await hugo.request(1001, maxSeqsOf('hugo'))));
    assert.deepEqual([...maxSeqs], [[chat, 1]]);
  });

  await t.test('1002: a range of seqs', async () => {
    const seqRanges = [{ conversationID: chat, begin: 0, end: 1, num: 1 }];
    const request = PullMessageBySeqsReq.encode({ userID: 'hugo', seqRanges, order: 0 }).finish();
    const { msgs } = PullMessageBySeqsResp.decode(dataOf(await hugo.request(1002, request)));
    assert.deepEqual(
      msgs.get(chat)?.Msgs.map(({ clientMsgID }) => clientMsgID),
      ['c1'],
    );
  });

  await t.test('1005: a list of seqs', async () => {
    const conversations = [{ conversationID: chat, seqs: [1] }];
    const request = GetSeqMessageReq.encode({ userID: 'hugo', conversations, order: 0 }).finish();
    const { msgs } = GetSeqMessageResp.decode(dataOf(await hugo.request(1005, request)));
    assert.deepEqual(
      msgs.get(chat)?.Msgs.map(({ clientMsgID }) => clientMsgID),
      ['c1'],
    );
  });

  await t.test('1006: read positions', async () => {
    const request = { userID: 'hugo', conversationIDs: [], returnPinned: false };
    const reply = await hugo.request(1006, GetConversationsHasReadAndMaxSeqReq.encode(request).finish());
    const { seqs } = GetConversationsHasReadAndMaxSeqResp.decode(dataOf(reply));
    assert.partialDeepStrictEqual(seqs.get(chat), { maxSeq: 1, hasReadSeq: 0 });
  });

  await t.test('an error is answered with its code and no data, and the connection goes on', async () => {
    const forged = MsgData.encode(textFrom('gina', 'hugo')).finish();
    const reply = await hugo.request(1003, forged, { msgIncr: 'hugo_9', operationID: 'op-9' });
    const { errMsg, data, ...rest } = reply;
    assert.deepEqual([errMsg, data.length], ['NoPermissionError', 0]);
    assert.deepEqual({ ...rest, errMsg: '' }, { ...success(1003, 'hugo_9', 'op-9'), errCode: 1002 });
  });

  await t.test('a request without data is an empty message: its userID is what is missing', async () => {
    assert.equal((await hugo.request(1001)).errCode, 1001);
  });

  await t.test('2003: logout is answered, then the connection is closed', async () => {
    const request = DelUserPushTokenReq.encode({ userID: 'hugo', platformID: 1 }).finish();
    assert.equal((await hugo.request(2003, request)).errCode, 0);
    assert.equal((await hugo.closed).code, 1000);
  });
});

test('2002: a kick says nothing more, and then the connection is closed', async (t) => {
  const alice = await clientOf(t, 'alice', 3);
  await world.call('/auth/force_logout', { userID: 'alice', platformID: 3 });
  const { data, ...envelope } = await alice.nextReply();
  assert.deepEqual(envelope, success(2002, '', ''));
  assert.equal(data.length, 0);
  await alice.closed;
});

describe('frames that end the connection without a reply', () => {
  const request = {
    reqIdentifier: 1001,
    sendID: 'bob',
    operationID: 'op',
    msgIncr: 'i',
    data: maxSeqsOf('bob'),
  };
  const good = encodeGoRequest(request);
  const rows: readonly [string, Buffer, number][] = [
    ['a bomb of 40 MB', gzipSync(Buffer.alloc(40_000_000)), 1002],
    ['a bomb that begins as a request', gzipSync(Buffer.concat([good, Buffer.alloc(40_000_000)])), 1002],
    ['a request that claims a gigabyte of data', gzipSync(withLargerData(good)), 1002],
    ['gzip that is cut off', gzipSync(good).subarray(0, -4), 1002],
    ['gob that is cut off', gzipSync(good.subarray(0, -4)), 1002],
    ['gob that is not gzipped', good, 1002],
    ['JSON', gzipSync(JSON.stringify({ ...request, data: '' })), 1002],
    ['the sendID of another user', gzipSync(encodeGoRequest({ ...request, sendID: 'alice' })), 1008],
    ['an unknown reqIdentifier', gzipSync(encodeGoRequest({ ...request, reqIdentifier: 3001 })), 1008],
  ];
  for (const [what, frame, code] of rows) {
    test(`O1: ${what} closes with ${code}, and others are served`, async (t) => {
      const [bob, carol] = [await clientOf(t, 'bob', 3), await clientOf(t, 'carol', 3)];
      assert.ok(frame.length <= 51_200);
      bob.ws.send(frame);
      assert.equal((await bob.closed).code, code);
      assert.equal(bob.pending.length, 0);
      assert.equal((await carol.request(1001, maxSeqsOf('carol'))).errCode, 0);
    });
  }
});

describe('text frames', () => {
  test('a native client gets none, for it stops reading at one', async (t) => {
    const [alice, bob] = [await clientOf(t, 'alice', 4), await clientOf(t, 'bob', 4)];
    await alice.request(1001, maxSeqsOf('alice'));
    bob.send(1003, MsgData.encode(textFrom('bob', 'alice')).finish());
    assert.equal((await alice.nextReply()).reqIdentifier, 2001);
    await world.call('/auth/force_logout', { userID: 'alice', platformID: 4 });
    assert.equal((await alice.nextReply()).reqIdentifier, 2002);
    await alice.closed;
    assert.equal(alice.pending.length, 0);
  });

  test('the ping of a newer wasm core is answered in text, uncompressed, with its body', async (t) => {
    const alice = await clientOf(t, 'alice', 5, { query: { isMsgResp: 'true' } });
    assert.equal(await alice.nextText(), handshakeSuccess);
    alice.ws.send('{"type":"ping","body":"operation"}');
    assert.equal(await alice.nextText(), '{"type":"pong","body":"operation"}');
    alice.ws.send('{"type":"ping"}');
    assert.equal(await alice.nextText(), '{"type":"pong","body":null}');
  });

  test('the ping of a native core is answered with its payload', async (t) => {
    const alice = await clientOf(t, 'alice', 4);
    const pong = new Promise((resolve) => alice.ws.once('pong', resolve));
    alice.ws.ping('operation');
    assert.equal(String(await pong), 'operation');
    assert.equal(alice.pending.length, 0);
  });

  test('O1: a request in a text frame ends the connection', async (t) => {
    const alice = await clientOf(t, 'alice', 4);
    alice.ws.send(JSON.stringify({ reqIdentifier: 1001, sendID: 'alice' }));
    assert.equal((await alice.closed).code, 1002);
    assert.equal(alice.pending.length, 0);
  });
});

type Query = NonNullable<DialOptions['query']>;
type Headers = NonNullable<DialOptions['headers']>;

/** A connection that ends with the test. */
async function clientOf(
  t: TestContext,
  userID: string,
  platformID = 1,
  options: Omit<DialOptions, 'port'> = {},
): Promise<GoClient> {
  const token = options.query?.token ?? (await world.issue(userID, platformID));
  const query = { sendID: userID, platformID: String(platformID), ...options.query, token };
  const client = await connectGo({ port: world.wsPort, ...options, query });
  t.after(() => client.ws.terminate());
  return client;
}

/** What a reply or push without an error has beside its data. */
function success(reqIdentifier: number, msgIncr: string, operationID: string): Omit<GoReply, 'data'> {
  return { reqIdentifier, msgIncr, operationID, errCode: 0, errMsg: '' };
}

function dataOf(reply: GoReply | undefined): Uint8Array {
  assert.equal(reply?.errCode, 0, reply?.errMsg);
  return reply.data;
}

function maxSeqsOf(userID: string): Uint8Array {
  return GetMaxSeqReq.encode({ userID }).finish();
}

function textFrom(sendID: string, recvID: string): MsgData {
  return newMsgData({
    sendID,
    recvID,
    sessionType: 1,
    msgFrom: 100,
    contentType: 101,
    clientMsgID: 'c1',
    content: Buffer.from('{"content":"hi"}'),
  });
}

/** The same frame, but that the length of its data is said to be a gigabyte. */
function withLargerData(frame: Buffer): Buffer {
  const data = maxSeqsOf('bob');
  const start = frame.length - 1 - data.length;
  return Buffer.concat([frame.subarray(0, start - 1), Buffer.from('fc40000000', 'hex'), frame.subarray(start)]);
}
