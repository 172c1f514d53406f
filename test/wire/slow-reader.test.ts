/**
 * A client that stops reading while a great many messages are due to it, in the whole server: it costs a bounded amount,
 * is cut off, and misses nothing once it is back. SLOW_READER_MESSAGES changes how many.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CallContext } from '../../src/kernel/caller.ts';
import {
  GetMaxSeqReq,
  GetMaxSeqResp,
  type MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
  PushMessages,
} from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { World } from './world.ts';

const count = Number(process.env.SLOW_READER_MESSAGES ?? 50_000);
const waveSize = 1000;
const chat = 'si_alice_bob';
/** The limit of 8 MiB and what frames cost besides; far less than what is due: some 30 MB for 50 000 messages. */
const allowedBytes = 16_000_000;

test('O2, M4: who does not read costs little, is cut off, and has every message by pulling afterwards', async (t) => {
  await using world = await World.open();
  const reader = await device(world, 2);
  const deaf = await device(world, 3);
  deaf.client.ws.pause();

  await t.test('its memory is bounded while a device beside it gets everything in order', async () => {
    const before = memoryInUse();
    const pushed = new PushedSeqs(reader.client);
    let peak = 0;
    for (let wave = 0; wave < count / waveSize; wave++) {
      await sendWave(world, wave);
      await pushed.reached((wave + 1) * waveSize);
      if (wave % 10 === 0) peak = Math.max(peak, memoryInUse() - before);
    }
    t.diagnostic(`at most ${(peak / 1e6).toFixed(1)} MB more than before`);
    assert.ok(peak < allowedBytes, `${peak} bytes`);
  });

  await t.test('it has been cut off, and is offline', async () => {
    const { statusList } = await world.call('/user/get_users_status', { userIDs: ['bob'] });
    assert.deepEqual(statusList[0].platformIDs, [2]);
    const metrics = (await world.send({ method: 'GET', path: '/metrics' })).body.toString();
    assert.match(metrics, /^tessera_gateway_disconnects_total\{reason="slow_reader"\} 1$/m);
    deaf.client.ws.terminate();
  });

  await t.test('back again with the same token, it pulls them all', async () => {
    const again = await device(world, 3, deaf.token);
    const newest = await again.client.request(1001, GetMaxSeqReq.encode({ userID: 'bob' }).finish());
    assert.equal(GetMaxSeqResp.decode(dataOf(newest.data)).maxSeqs.get(chat), count);
    let expected = 0;
    while (expected < count) {
      for (const message of await pull(again.client, expected + 1, expected + waveSize)) {
        expected++;
        assert.deepEqual([message.seq, textOf(message)], [expected, `text ${expected}`]);
      }
    }
    again.client.ws.terminate();
  });
  reader.client.ws.terminate();
});

async function device(
  world: World,
  platformID: number,
  oldToken?: string,
): Promise<{ client: SocketClient; token: string }> {
  const token = oldToken ?? (await world.issue('bob', platformID));
  const query = { sendID: 'bob', token, platformID: String(platformID) };
  return { client: await connect({ port: world.wsPort, query }), token };
}

/** Straight into the domain, for sending over a socket would take most of the time. */
async function sendWave(world: World, wave: number): Promise<void> {
  const caller = { userID: 'alice', platformID: 1, isAdmin: false, jti: '', expiresAt: 9e15 };
  const call: CallContext = { caller, operationID: 'wave' };
  const sending = Array.from({ length: waveSize }, (_, i) => {
    const content = `text ${wave * waveSize + i + 1}`;
    return world.app.services.messenger.send(
      call,
      newMsgData({
        sendID: 'alice',
        recvID: 'bob',
        sessionType: 1,
        msgFrom: 100,
        contentType: 101,
        clientMsgID: content,
        content: Buffer.from(JSON.stringify({ content })),
      }),
    );
  });
  await Promise.all(sending);
}

/** Asserts that pushes come in the order of their seqs, without gaps. Keeps none of them. */
class PushedSeqs {
  #seq = 0;
  #awaited = 0;
  #arrival = Promise.withResolvers<void>();

  constructor({ ws }: SocketClient) {
    ws.removeAllListeners('message').on('message', (frame: Buffer) => this.#take(frame));
  }

  reached(seq: number): Promise<void> {
    this.#awaited = seq;
    this.#arrival = Promise.withResolvers();
    if (this.#seq >= seq) this.#arrival.resolve();
    return this.#arrival.promise;
  }

  #take(frame: Buffer): void {
    const { data } = JSON.parse(frame.toString());
    const seq = PushMessages.decode(dataOf(data)).msgs.get(chat)?.Msgs[0]?.seq;
    if (seq !== ++this.#seq) this.#arrival.reject(new Error(`seq ${seq} in place of ${this.#seq}`));
    if (this.#seq === this.#awaited) this.#arrival.resolve();
  }
}

async function pull(client: SocketClient, begin: number, end: number): Promise<readonly MsgData[]> {
  const seqRanges = [{ conversationID: chat, begin, end, num: waveSize }];
  const reply = await client.request(
    1002,
    PullMessageBySeqsReq.encode({ userID: 'bob', seqRanges, order: 0 }).finish(),
  );
  const messages = PullMessageBySeqsResp.decode(dataOf(reply.data)).msgs.get(chat)?.Msgs ?? [];
  assert.notEqual(messages.length, 0);
  return messages;
}

function textOf({ content }: MsgData): string {
  return JSON.parse(Buffer.from(content).toString()).content;
}

function dataOf(data: string | null): Buffer {
  return Buffer.from(data ?? '', 'base64');
}

/** What is really in use: after a collection, so that the figure depends on nothing but what is held. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
