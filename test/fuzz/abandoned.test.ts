/**
 * Clients that go away at every moment of what they do: whatever was counted for them is given back to the last byte
 * and place. Each limit is set so that what one of them left behind would show.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { GetMaxSeqReq, SubUserOnlineStatus } from '../../src/protocol/gen/openim.ts';
import { connect, dial, SocketClient, urlOf } from '../support/socket-client.ts';
import { within } from '../support/within.ts';
import { envelopeOf } from '../wire/raw-http.ts';
import { World } from '../wire/world.ts';
import { Mutator } from './support/mutator.ts';

const seed = Number(process.env.TESSERA_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const dice = new Mutator(seed);
const roomBytes = 1024 * 1024;
const places = 24;
let world: World;

before(async () => {
  world = await World.open({
    TESSERA_MAX_BODY_BYTES_IN_FLIGHT: String(roomBytes),
    TESSERA_MAX_BODY_BYTES_IN_FLIGHT_PER_USER: String(roomBytes),
    TESSERA_MAX_ADMIN_BODY_BYTES: String(roomBytes),
    TESSERA_MAX_CONNECTIONS: String(places),
    TESSERA_MAX_SOCKETS_PER_TOKEN: '100',
    // While anything is held, nothing more is read.
    TESSERA_MAX_INBOUND_BYTES: '1',
    TESSERA_MAX_INBOUND_BYTES_PER_USER: '1',
    TESSERA_MAX_SUBSCRIPTIONS_PER_USER: '100',
  });
});
after(() => world[Symbol.asyncDispose]());

test(`O2 the room for bodies is whole again when all who have left are gone (seed ${seed})`, async () => {
  for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 6 }, abandonCall));
  const body = Buffer.alloc(roomBytes, ' ');
  body.write('{}');
  // What is 429 as long as one byte of another is counted.
  const reply = await world.post('/user/user_register', body, world.token('admin'));
  assert.deepEqual([reply.status, envelopeOf(reply).errDlt], [200, 'users is empty']);
});

test(`O2 places, bytes and subscriptions are whole again when all sockets are gone (seed ${seed})`, async () => {
  for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 6 }, abandonSocket));
  await within('all sockets to be gone', noneLeft());

  const own = await connect({ port: world.wsPort, query: { platformID: '1', token: world.token('user') } });
  const others = Array.from({ length: 100 }, (_, index) => `u${index}`);
  const subscribe = SubUserOnlineStatus.encode({ subscribeUserID: others, unsubscribeUserID: [] }).finish();
  assert.equal((await own.request(2005, subscribe)).errCode, 0);
  const newestSeqs = GetMaxSeqReq.encode({ userID: 'alice' }).finish();
  for (let i = 0; i < 3; i++) own.send(1001, newestSeqs);
  for (let i = 0; i < 3; i++) assert.equal((await own.nextReply()).errCode, 0);

  const query = { platformID: '1', token: world.token('user') };
  const crowd = await Promise.all(Array.from({ length: places - 1 }, () => connect({ port: world.wsPort, query })));
  assert.ok(!((await dial({ port: world.wsPort, query })) instanceof SocketClient), 'one more is refused');
  for (const client of [own, ...crowd]) client.ws.terminate();
});

/** A call, or several on one connection, that its client abandons somewhere between the first byte and the answer. */
async function abandonCall(): Promise<void> {
  const socket = await open(world.apiPort);
  const requests = Array.from({ length: 1 + dice.below(4) }, () => {
    const userIDs = Array.from({ length: 1 + dice.below(3000) }, () => 'alice');
    const body = JSON.stringify({ userIDs });
    const token = dice.pick([world.token('user'), world.token('admin'), world.token('user'), 'broken']);
    const path = dice.pick(['/user/get_users_info', '/user/get_users_info', '/auth/parse_token', '/nothing']);
    const zip = dice.below(2) === 0 ? 'Accept-Encoding: gzip\r\n' : '';
    return `POST ${path} HTTP/1.1\r\nHost: x\r\n${zip}operationID: o\r\ntoken: ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }).join('');
  if (dice.below(2) === 0) socket.pause();
  socket.write(requests.slice(0, dice.below(3) === 0 ? undefined : dice.below(requests.length)));
  await leave(socket);
}

/** A socket that its client abandons in its handshake, in a frame, or with requests under way. */
async function abandonSocket(): Promise<void> {
  const query = { platformID: '1', token: dice.pick([world.token('user'), world.token('user'), 'broken']) };
  const { pathname, search } = new URL(urlOf({ port: world.wsPort, query }));
  const socket = await open(world.wsPort);
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n';
  const isWhole = dice.below(4) > 0;
  const head = `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\n${dice.below(8) === 0 ? '' : upgrade}\r\n`;
  socket.write(isWhole ? head : head.slice(0, dice.below(head.length)));
  const frames = Buffer.concat(Array.from({ length: 1 + dice.below(20) }, frame));
  // At once, or when the handshake is over.
  if (isWhole && dice.below(4) > 0) await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  if (!socket.destroyed) socket.write(dice.below(2) === 0 ? frames : frames.subarray(0, dice.below(frames.length)));
  await leave(socket);
}

/** Masked with zeros; one in many ends the connection. */
function frame(): Buffer {
  const newestSeqs = GetMaxSeqReq.encode({ userID: 'alice' }).finish();
  const subscribe = SubUserOnlineStatus.encode({
    subscribeUserID: ['bob', `u${dice.below(9)}`],
    unsubscribeUserID: [],
  });
  const [reqIdentifier, data] = dice.pick([
    [1001, newestSeqs],
    [2005, subscribe.finish()],
    [dice.pick([1001, 1002, 2004, 2005]), new Uint8Array([0xff])],
    [dice.pick([1001, 1001, 2003, 4711]), newestSeqs],
  ] as const);
  const sendID = dice.below(20) === 0 ? 'bob' : 'alice';
  const more = { msgIncr: 'i', operationID: 'o', data: Buffer.from(data).toString('base64') };
  const text = Buffer.from(JSON.stringify({ reqIdentifier, sendID, ...more }));
  return Buffer.concat([Buffer.from([0x82, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]), text]);
}

/** Some turns of the event loop later, with or without a word. */
async function leave(socket: Socket): Promise<void> {
  for (let turns = dice.below(30); turns > 0; turns--) await new Promise(setImmediate);
  const closed = once(socket, 'close');
  if (socket.destroyed) return;
  if (dice.below(2) === 0) socket.destroy();
  else socket.resetAndDestroy();
  await closed;
}

async function open(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Asks the server itself; each answer gives it some turns. */
async function noneLeft(): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`http://127.0.0.1:${world.apiPort}/metrics`)).text();
    const open = [...metrics.matchAll(/^tessera_gateway_connections\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
    assert.ok(open.length > 0);
    if (open.every((count) => count === 0)) return;
  }
}
