/** The bounds that hold for every request, on both doors: settings that only narrow those of the protocol's words. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DelUserPushTokenReq,
  GetMaxSeqReq,
  GetSeqMessageReq,
  SetAppBackgroundStatusReq,
  SubUserOnlineStatus,
} from '../../src/protocol/gen/openim.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

let world: World;
let socket: SocketClient;

before(async () => {
  world = await World.open({ TESSERA_MAX_ID_BYTES: '64', TESSERA_MAX_LIST_ITEMS: '100' });
  const token = await world.issue('alice', 5);
  socket = await connect({ port: world.wsPort, query: { sendID: 'alice', token } });
});
after(() => world[Symbol.asyncDispose]());

const usersInfo = async (userIDs: readonly string[]) =>
  envelopeOf(await world.post('/user/get_users_info', { userIDs }, world.token('user')));

async function ask(reqIdentifier: number, data: Uint8Array): Promise<number> {
  return (await socket.request(reqIdentifier, data)).errCode;
}

const newestSeqs = (userID: string) => ask(1001, GetMaxSeqReq.encode({ userID }).finish());
const subscribe = (subscribeUserID: string[]) =>
  ask(2005, SubUserOnlineStatus.encode({ subscribeUserID, unsubscribeUserID: [] }).finish());
const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}`);

test('limit maxIdBytes: an ID of as many bytes is taken, over REST and over a socket', async () => {
  assert.equal((await usersInfo(['ä'.repeat(32)])).errCode, 0);
  assert.equal(await newestSeqs('x'.repeat(64)), 1002);
  assert.equal(await subscribe(['x'.repeat(64)]), 0);
});

test('limit maxIdBytes: one byte more is 1001 before anything is done with it', async () => {
  assert.deepEqual(await usersInfo(['ok', `${'ä'.repeat(32)}x`]), {
    errCode: 1001,
    errMsg: 'ArgsError',
    errDlt: 'userIDs[1] is over 64 bytes',
  });
  assert.equal(await newestSeqs('x'.repeat(65)), 1001);
  assert.equal(await subscribe(['x'.repeat(65)]), 1001);
});

test('limit maxIdBytes: one byte more is 1001 in 2003 and 2004 too', async () => {
  const [narrow, wide] = ['x'.repeat(64), 'x'.repeat(65)];
  const setBackground = (userID: string) =>
    ask(2004, SetAppBackgroundStatusReq.encode({ userID, isBackground: false }).finish());
  assert.deepEqual([await setBackground(narrow), await setBackground(wide)], [0, 1001]);
  const token = await world.issue('bob', 5);
  const leaving = await connect({ port: world.wsPort, query: { sendID: 'bob', token } });
  const logout = DelUserPushTokenReq.encode({ userID: wide, platformID: 5 }).finish();
  assert.equal((await leaving.request(2003, logout)).errCode, 1001);
});

test('limit maxListItems: a list, and an object, of as many is taken', async () => {
  assert.equal((await usersInfo(names(100))).errCode, 0);
  assert.equal(await subscribe(names(100)), 0);
  const body = Object.fromEntries(names(100).map((name) => [name, 1]));
  assert.equal(envelopeOf(await world.post('/auth/list_tokens', body, world.token('user'))).errCode, 0);
});

test('limit maxListItems: one more is 1001, and none of it is walked', async () => {
  assert.equal((await usersInfo(names(101))).errDlt, 'userIDs must be a list of at most 100');
  assert.equal(await subscribe(names(101)), 1001);
  const body = Object.fromEntries(names(101).map((name) => [name, 1]));
  const { errDlt } = envelopeOf(await world.post('/auth/list_tokens', body, world.token('user')));
  assert.equal(errDlt, 'body must be an object of at most 100 keys');
});

const pull = (seqs: readonly number[][]) =>
  ask(
    1005,
    GetSeqMessageReq.encode({
      userID: 'alice',
      conversations: seqs.map((list) => ({ conversationID: 'c', seqs: list })),
      order: 0,
    }).finish(),
  );
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('limit maxListItems: protobuf lists of as many numbers together are taken', async () => {
  assert.equal(await pull([numbers(50), numbers(50)]), 0);
});

test('limit maxListItems: far more in lists that are each short enough are 1001 before they are decoded', async () => {
  assert.equal(await pull(Array(10).fill(numbers(100))), 1001);
  const parts = Buffer.alloc(3000, Buffer.from([0xf8, 0x01, 0x00]));
  assert.equal(await ask(1001, parts), 1001);
});

test('O1 an operationID over 256 bytes is 1001: it goes into logs, the trail of tokens and pushes', async () => {
  const send = (operationID: string) =>
    world.send({
      path: '/user/get_users_info',
      headers: { operationID, token: world.token('user') },
      body: '{"userIDs":["a"]}',
    });
  assert.equal(envelopeOf(await send('o'.repeat(256))).errCode, 0);
  assert.equal(envelopeOf(await send('o'.repeat(257))).errDlt, 'operationID is over 256 bytes');
});
