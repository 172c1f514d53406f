/** Frames made by chance, and good frames that chance has spoiled. FUZZ_SEED repeats a run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { FrameDecodeError, type SocketRequest } from '../frames.ts';
import { createGobFrameCodec } from '../gob-frame-codec.ts';
import { replyEnvelope, requestEnvelope } from './envelopes.ts';
import { createStructDecoder } from './struct-decoder.ts';
import { createStructEncoder } from './struct-encoder.ts';

const codec = createGobFrameCodec();
const goodFrames = ['worked-examples.json', 'go-encoder.json'].flatMap(readFrames);

test('a request is read as it was written, whatever the order, the names and the number of its fields', (t) => {
  const random = randomOf(t);
  for (let round = 0; round < 500; round++) {
    const value = { ...zeroRequest, ...randomRequest(random) };
    const extra = { Extra1: 'string', Extra2: 'int32', Extra3: 'bytes' } as const;
    const spec = Object.fromEntries(random.shuffle(Object.entries({ ...requestEnvelope, ...extra })));
    const encode = createStructEncoder(random.text(), 64 + random.below(100_000), spec);
    const frame = encode({ ...value, Extra1: random.text(), Extra2: random.int32(), Extra3: random.bytes() });
    const { ReqIdentifier, SendID, OperationID, MsgIncr, Data } = value;
    const { data, ...rest } = codec.decodeRequest(frame);
    assert.deepEqual(rest, {
      reqIdentifier: ReqIdentifier,
      sendID: SendID,
      operationID: OperationID,
      msgIncr: MsgIncr,
    });
    assert.ok(Data.equals(data));
  }
});

for (const field of ['SendID', 'OperationID', 'MsgIncr']) {
  test(`O1: a ${field} of 256 bytes is read, one of 257 is no request`, () => {
    const encode = createStructEncoder('Req', 65, requestEnvelope);
    const decode = (length: number) => codec.decodeRequest(encode({ ...zeroRequest, [field]: 'x'.repeat(length) }));
    assert.equal(Object.values(decode(256)).filter((value) => value === 'x'.repeat(256)).length, 1);
    assert.throws(() => decode(257), FrameDecodeError);
  });
}

test('a reply is read as it was written', (t) => {
  const random = randomOf(t);
  const decode = createStructDecoder(replyEnvelope);
  for (let round = 0; round < 500; round++) {
    const reply = {
      reqIdentifier: random.int32(),
      msgIncr: random.text(),
      operationID: random.text(),
      errCode: random.int32(),
      errMsg: random.text(),
      data: random.bytes(),
    };
    assert.deepEqual(decode(codec.encodeReply(reply)), {
      ReqIdentifier: reply.reqIdentifier,
      MsgIncr: reply.msgIncr,
      OperationID: reply.operationID,
      ErrCode: reply.errCode,
      ErrMsg: reply.errMsg,
      Data: reply.data.length === 0 ? new Uint8Array() : reply.data,
    });
  }
});

test('O1: a frame that is cut off anywhere is refused', () => {
  for (const frame of goodFrames) {
    for (let length = 0; length < frame.length; length++) {
      assert.throws(() => codec.decodeRequest(frame.subarray(0, length)), FrameDecodeError);
    }
  }
});

test('O1: a frame with any one bit flipped is refused, or is a request', () => {
  for (const frame of goodFrames) {
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const flipped = Buffer.from(frame);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assertHarmless(flipped);
    }
  }
});

test('O1: a frame with some bytes replaced, doubled or gone is refused, or is a request', (t) => {
  const random = randomOf(t);
  for (let round = 0; round < 5000; round++) {
    let frame = goodFrames[random.below(goodFrames.length)] ?? Buffer.alloc(0);
    for (let changes = 1 + random.below(4); changes > 0; changes--) {
      const [from, to] = [random.below(frame.length + 1), random.below(frame.length + 1)];
      frame = Buffer.concat([frame.subarray(0, from), random.bytes().subarray(0, 4), frame.subarray(to)]);
    }
    assertHarmless(frame);
  }
});

function assertHarmless(frame: Buffer): void {
  let request: SocketRequest;
  try {
    request = codec.decodeRequest(frame);
  } catch (error) {
    assert.ok(error instanceof FrameDecodeError, `${error} of ${frame.toString('hex')}`);
    return;
  }
  const { reqIdentifier, sendID, operationID, msgIncr, data } = request;
  assert.equal(reqIdentifier, reqIdentifier | 0);
  for (const text of [sendID, operationID, msgIncr]) assert.ok(text.isWellFormed());
  assert.ok(data instanceof Uint8Array && data.length < frame.length);
}

const zeroRequest = { ReqIdentifier: 0, Token: '', SendID: '', OperationID: '', MsgIncr: '', Data: Buffer.alloc(0) };

/** Some of the fields. */
function randomRequest(random: Random): Partial<typeof zeroRequest> {
  const all = {
    ReqIdentifier: random.int32(),
    Token: random.text(),
    SendID: random.id(),
    OperationID: random.id(),
    MsgIncr: random.id(),
    Data: random.bytes(),
  };
  return Object.fromEntries(Object.entries(all).filter(() => random.below(5) > 0));
}

class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * limit) / 2 ** 32) | 0;
  }

  /** Of every number of bytes. */
  int32(): number {
    const value = this.below(2 ** this.below(32));
    return this.below(2) === 0 ? value : -1 - value;
  }

  /** A text of at most 256 bytes. */
  id(): string {
    return this.text(65);
  }

  /** Empty, short, or longer than one byte of length can say. */
  text(longest = 400): string {
    const length = this.below(4) === 0 ? this.below(longest) : this.below(20);
    return Array.from({ length }, () => ['a', '7', '\0', 'ø', '用', '😀'][this.below(6)]).join('');
  }

  bytes(): Buffer {
    return Buffer.from(Array.from({ length: this.below(2 ** this.below(12)) }, () => this.below(256)));
  }

  shuffle<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, place: this.below(1e6) }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }
}

function randomOf(t: TestContext): Random {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.diagnostic(`FUZZ_SEED=${seed}`);
  return new Random(seed);
}

function readFrames(file: string): Buffer[] {
  const samples = JSON.parse(readFileSync(new URL(`../../../../test/fixtures/gob/${file}`, import.meta.url), 'utf8'));
  return samples.requests.map(({ frameHex }: { frameHex: string }) => Buffer.from(frameHex, 'hex'));
}
