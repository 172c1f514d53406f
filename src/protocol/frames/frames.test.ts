/** Frames that clients of the JavaScript family send and receive, against samples of the wire. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { FrameDecodeError, type SocketReply, type SocketRequest } from './frames.ts';
import { createJsonFrameCodec } from './json-frame-codec.ts';
import { createTextPingResponder } from './text-ping.ts';

type RequestSample = Omit<SocketRequest, 'data'> & { readonly dataHex: string };
type ReplySample = Omit<SocketReply, 'data'> & { readonly dataHex: string | null };

interface Samples {
  readonly requests: { readonly name: string; readonly frame: string; readonly request: RequestSample }[];
  readonly notRequests: { readonly name: string; readonly frame: string }[];
  readonly replies: { readonly name: string; readonly reply: ReplySample; readonly frame: string }[];
}

const samples: Samples = readSamples('json-frames.json');
const recorded: { frameHex: string; request: RequestSample } = readSamples('js-sdk-0.0.14-first-frame.json');
const textFrames: { valid: { frame: string; answer: string | null }[]; invalid: string[] } =
  readSamples('text-frames.json');
const codec = createJsonFrameCodec();
const answerTextFrame = createTextPingResponder();

describe('JSON frames', () => {
  test('the first frame of an unmodified SDK', () => {
    assert.deepEqual(describeRequest(codec.decodeRequest(Buffer.from(recorded.frameHex, 'hex'))), recorded.request);
  });

  for (const { name, frame, request } of samples.requests) {
    test(`request: ${name}`, () => {
      assert.deepEqual(describeRequest(codec.decodeRequest(Buffer.from(frame))), request);
    });
  }

  for (const { name, frame } of samples.notRequests) {
    test(`O1: not a request: ${name}`, () => {
      assert.throws(() => codec.decodeRequest(Buffer.from(frame)), FrameDecodeError);
    });
  }

  for (const field of ['sendID', 'operationID', 'msgIncr']) {
    test(`O1: a ${field} of 256 bytes is read, one of 257 is no request`, () => {
      const frame = (length: number) => Buffer.from(JSON.stringify({ [field]: 'x'.repeat(length) }));
      assert.equal(Object(codec.decodeRequest(frame(256)))[field].length, 256);
      assert.throws(() => codec.decodeRequest(frame(257)), FrameDecodeError);
    });
  }

  test('O1: a frame nested a million deep is refused', () => {
    assert.throws(() => codec.decodeRequest(Buffer.alloc(1_000_000, '[')), FrameDecodeError);
  });

  test('O1: no random byte string does anything but decode or be refused', () => {
    let state = 1;
    for (let round = 0; round < 300; round++) {
      const frame = Buffer.from(recorded.frameHex, 'hex');
      for (let change = 0; change < 4; change++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        frame[state % frame.length] = state >>> 24;
      }
      try {
        codec.decodeRequest(frame);
      } catch (error) {
        assert.ok(error instanceof FrameDecodeError, String(error));
      }
    }
  });

  for (const { name, reply, frame } of samples.replies) {
    test(`reply: ${name}`, () => {
      const { dataHex, ...rest } = reply;
      const data = dataHex === null ? null : Buffer.from(dataHex, 'hex');
      assert.equal(codec.encodeReply({ ...rest, data }).toString('utf8'), frame);
    });
  }

  test('reply data may be a view into a larger buffer', () => {
    const data = new Uint8Array([9, 9, 1, 2, 3, 9]).subarray(2, 5);
    const frame = codec.encodeReply({
      reqIdentifier: 1001,
      msgIncr: '',
      operationID: '',
      errCode: 0,
      errMsg: '',
      data,
    });
    assert.equal(JSON.parse(frame.toString()).data, 'AQID');
  });
});

describe('text frames', () => {
  for (const { frame, answer } of textFrames.valid) {
    test(`${frame} is answered by ${answer ?? 'nothing'}`, () => {
      assert.equal(answerTextFrame(Buffer.from(frame)), answer);
    });
  }

  for (const frame of textFrames.invalid) {
    test(`O1: ${JSON.stringify(frame)} is refused`, () => {
      assert.throws(() => answerTextFrame(Buffer.from(frame)), FrameDecodeError);
    });
  }

  test('O1: a deeply nested body is refused', () => {
    const frame = `{"type":"ping","body":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    assert.throws(() => answerTextFrame(Buffer.from(frame)), FrameDecodeError);
  });
});

function describeRequest({ data, ...rest }: SocketRequest): RequestSample {
  return { ...rest, dataHex: Buffer.from(data).toString('hex') };
}

function readSamples<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../../../test/fixtures/wire/${file}`, import.meta.url), 'utf8')) as T;
}
