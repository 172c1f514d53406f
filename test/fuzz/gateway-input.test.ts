/**
 * Mutated frames, bytes and queries against a live gateway: nothing but the protocol's answers, no unexpected error in
 * the log, and a client beside it that notices nothing. FUZZ_SEED repeats a run, FUZZ_ROUNDS makes it longer.
 */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GetMaxSeqReq } from '../../src/protocol/gen/openim.ts';
import { type SocketClient, urlOf } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { Mutator } from './support/mutator.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const rounds = Number(process.env.FUZZ_ROUNDS ?? 200);

const request = Buffer.from(
  JSON.stringify({
    reqIdentifier: 1001,
    msgIncr: 'k3z',
    sendID: 'alice',
    operationID: 'op2',
    data: Buffer.from(GetMaxSeqReq.encode({ userID: 'alice' }).finish()).toString('base64'),
  }),
);

async function start(t: TestContext): Promise<{ gateway: TestGateway; bystander: SocketClient }> {
  t.diagnostic(`FUZZ_SEED=${seed} FUZZ_ROUNDS=${rounds}`);
  const gateway = await startTestGateway(t, {
    handlers: { 1001: async (_call, data) => GetMaxSeqReq.encode(GetMaxSeqReq.decode(data)).finish() },
  });
  gateway.authority.displaces = () => [];
  return { gateway, bystander: await gateway.connect('bob') };
}

async function assertUnharmed(gateway: TestGateway, bystander: SocketClient): Promise<void> {
  assert.equal((await bystander.request(1001)).errCode, 0);
  const unexpected = gateway.log.filter(
    (line) => !line.includes('socket request failed') && !line.includes('no such path here'),
  );
  assert.deepEqual(unexpected, []);
}

for (const compression of ['', 'gzip']) {
  test(`O1: mutated frames ${compression} are answered, or end their connection and no other`, async (t) => {
    const { gateway, bystander } = await start(t);
    const mutator = new Mutator(seed);
    const originals = [request, Buffer.from('{"type":"ping","body":"abc"}')];
    let client = await gateway.connect('alice', { query: { compression } });
    for (let round = 0; round < rounds; round++) {
      const mutated = mutator.mutate(originals[mutator.below(2)]!);
      // Mutations inside the compressed bytes are mostly caught by their checksum; those inside are caught by us.
      const isInside = mutator.below(2) === 0;
      const frame = compression === '' ? mutated : isInside ? gzipSync(mutated) : mutator.mutate(gzipSync(request));
      client.ws.send(frame, { binary: mutator.below(3) > 0 });
      await Promise.race([client.roundTrip(), client.closed]);
      if (client.ws.readyState !== client.ws.OPEN) client = await gateway.connect('alice', { query: { compression } });
    }
    await assertUnharmed(gateway, bystander);
  });
}

test('O1: mutated bytes of WebSocket frames end their connection and no other', async (t) => {
  const { gateway, bystander } = await start(t);
  const mutator = new Mutator(seed);
  for (let round = 0; round < rounds; round++) {
    const socket = await upgradedTcp(gateway);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.end(mutator.mutate(Buffer.concat([masked(0x82, request), masked(0x89, Buffer.from('p'))])));
    await closed;
  }
  await assertUnharmed(gateway, bystander);
});

test('O1: mutated requests get an HTTP answer or none, and harm nobody', async (t) => {
  const { gateway, bystander } = await start(t);
  const mutator = new Mutator(seed);
  for (let round = 0; round < rounds; round++) {
    const socket = connectTcp(gateway.port, '127.0.0.1');
    socket.on('error', () => {});
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.end(mutator.mutate(upgradeRequest(gateway, round % 2 === 0 ? { isMsgResp: 'true' } : {})));
    await closed;
    const answer = Buffer.concat(chunks).toString('latin1');
    assert.match(answer, /^(HTTP\/1\.1 (101|200|4\d\d|431|500) |$)/);
  }
  await assertUnharmed(gateway, bystander);
});

function masked(firstByte: number, payload: Buffer): Buffer {
  const head = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
  const mask = [1, 2, 3, 4];
  return Buffer.from([firstByte, ...head, ...mask, ...payload.map((byte, i) => byte ^ mask[i % 4]!)]);
}

function upgradeRequest(gateway: TestGateway, query: Record<string, string>): Buffer {
  const token = gateway.authority.issue('alice');
  const { search } = new URL(urlOf({ port: gateway.port, query: { token, ...query } }));
  return Buffer.from(
    `GET /${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
}

/** Resolves when the 101 has come. */
function upgradedTcp(gateway: TestGateway): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connectTcp(gateway.port, '127.0.0.1', () => socket.write(upgradeRequest(gateway, {})));
    socket.on('error', () => {});
    socket.once('data', () => resolve(socket));
    socket.resume();
  });
}
