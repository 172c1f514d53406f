/**
 * What frames cost to read and to write: gob beside JSON, with gzip and without, around one message of 300 bytes; and
 * that one message to a thousand Go clients is encoded and compressed once. Run: node bench/codec.ts
 */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { type FrameVariant, FrameVariants, SharedFrame } from '../src/gateway/connection/frame-variant.ts';
import type { FrameCodec, SocketReply, SocketRequest } from '../src/protocol/frames/frames.ts';
import { createGobFrameCodec } from '../src/protocol/frames/gob-frame-codec.ts';
import { createJsonFrameCodec } from '../src/protocol/frames/json-frame-codec.ts';
import { MsgData } from '../src/protocol/gen/openim.ts';
import { newMsgData } from '../src/protocol/message.ts';
import { encodeGoRequest } from '../test/support/go-client.ts';
import { readCommandLine } from './support/command-line.ts';
import { printTable } from './support/table.ts';

readCommandLine(import.meta.filename, {});

const rounds = 5;
const roundMs = 300;
const messageBytes = 300;
const receivers = 1000;

const data = messageOf(messageBytes);
const operationID = 'ddb7eeab-979f-4070-b6b8-e51a23d6bf05';
const push: SocketReply = { reqIdentifier: 2001, msgIncr: '', operationID, errCode: 0, errMsg: '', data };
const request: SocketRequest = {
  reqIdentifier: 1003,
  sendID: '4950983283',
  operationID,
  msgIncr: '4950983283_1795410201195333802',
  data,
};

/** A frame that a client sends, before gzip, by the SDK that sends it. */
const requests = {
  go: encodeGoRequest(request),
  js: Buffer.from(JSON.stringify({ ...request, data: Buffer.from(data).toString('base64') })),
};

function compareCodecs(): void {
  const variants = new FrameVariants({ go: createGobFrameCodec(), js: createJsonFrameCodec() }, 1024 * 1024);
  const ways = (['go', 'js'] as const).flatMap((sdkType) =>
    [false, true].map((isCompressed) => {
      const variant = variants.find(sdkType, isCompressed)!;
      const incoming = isCompressed ? gzipSync(requests[sdkType]) : requests[sdkType];
      const encode = { run: () => variant.encodeReply(push), rates: [] as number[] };
      const decode = { run: () => variant.decodeRequest(incoming), rates: [] as number[] };
      return { name: isCompressed ? `${variant.codecName} + gzip` : variant.codecName, incoming, encode, decode };
    }),
  );
  for (let round = 0; round <= rounds; round++) {
    for (const { run, rates } of ways.flatMap(({ encode, decode }) => [encode, decode])) {
      const rate = operationsPerSecond(run);
      // The first round warms up.
      if (round > 0) rates.push(rate);
    }
  }
  printTable(
    `Frames around a message of ${data.length} bytes, median of ${rounds} rounds of ${roundMs} ms`,
    ['', 'push bytes', 'encode/s', 'µs each', 'request bytes', 'decode/s', 'µs each'],
    ways.map(({ name, incoming, encode, decode }) => [
      name,
      String(encode.run().length),
      ...rateColumns(encode.rates),
      String(incoming.length),
      ...rateColumns(decode.rates),
    ]),
  );
}

/** With a frame that all receivers share, as the hub has it, and beside it with one for each. */
function fanOut(): void {
  const shared = measureFanOut((variant) => {
    const frame = new SharedFrame(() => push);
    for (let i = 0; i < receivers; i++) frame.bytesFor(variant);
  });
  assert.deepEqual([shared.encoded, shared.compressed], [1, 1], 'a push is encoded and compressed once');
  const each = measureFanOut((variant) => {
    for (let i = 0; i < receivers; i++) variant.encodeReply(push);
  });
  printTable(
    `One message to ${receivers} receivers of gob + gzip`,
    ['', 'encoded', 'compressed', 'ms'],
    Object.entries({ shared, 'one for each': each }).map(([name, { encoded, compressed, ms }]) => [
      name,
      String(encoded),
      String(compressed),
      ms.toFixed(3),
    ]),
  );
}

/** @returns counts of one run, and the median time of several */
function measureFanOut(run: (variant: FrameVariant) => void): { encoded: number; compressed: number; ms: number } {
  const counts = { encoded: 0, compressed: 0 };
  const codec = createGobFrameCodec();
  const counted: FrameCodec = {
    ...codec,
    encodeReply: (reply) => {
      counts.encoded++;
      return codec.encodeReply(reply);
    },
  };
  const gzipped = new FrameVariants({ go: counted }, 1024 * 1024).find('go', true)!;
  const variant: FrameVariant = {
    ...gzipped,
    encodeReply: (reply) => {
      counts.compressed++;
      return gzipped.encodeReply(reply);
    },
  };
  const times = Array.from({ length: rounds * 10 }, () => {
    const start = performance.now();
    run(variant);
    return performance.now() - start;
  });
  const perRun = (count: number) => count / times.length;
  return { encoded: perRun(counts.encoded), compressed: perRun(counts.compressed), ms: median(times) };
}

/** A text message as an SDK sends it, encoded in so many bytes. */
function messageOf(bytes: number): Uint8Array {
  const text = 'Shall we meet at the station at seven, or is that too early for you? I can wait at the café. ';
  const encode = (length: number) =>
    MsgData.encode(
      newMsgData({
        sendID: '4950983283',
        recvID: '4950983284',
        clientMsgID: '0b5ce3d1f9ab4f0f8a33d4d7a59e8b1c',
        senderPlatformID: 1,
        senderNickname: 'Alice',
        sessionType: 1,
        msgFrom: 100,
        contentType: 101,
        content: Buffer.from(JSON.stringify({ content: text.repeat(9) })).subarray(0, length),
        createTime: 1_893_456_000_000,
      }),
    ).finish();
  return encode(150 + bytes - encode(150).length);
}

function operationsPerSecond(run: () => unknown): number {
  const start = performance.now();
  let elapsed = 0;
  let count = 0;
  while (elapsed < roundMs) {
    for (let i = 0; i < 100; i++) run();
    count += 100;
    elapsed = performance.now() - start;
  }
  return (count * 1000) / elapsed;
}

function rateColumns(rates: readonly number[]): string[] {
  const rate = median(rates);
  return [Math.round(rate).toLocaleString('en'), (1e6 / rate).toFixed(1)];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

compareCodecs();
fanOut();
