/** Frames that clients of the Go core send and receive, against samples of the wire. By chance: gob/random-frames.test.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { FrameDecodeError, type SocketReply, type SocketRequest } from './frames.ts';
import { createStructEncoder } from './gob/struct-encoder.ts';
import { createGobFrameCodec } from './gob-frame-codec.ts';

type RequestContent = Omit<SocketRequest, 'data'> & { readonly dataHex: string };
type ReplyContent = Omit<SocketReply, 'data'> & { readonly dataHex: string | null };

interface RequestSample {
  readonly name: string;
  readonly frameHex: string;
  readonly request: RequestContent;
}

interface ReplySample {
  readonly name: string;
  readonly frameHex: string;
  readonly reply: ReplyContent;
}

const examples: { definitionHex: string; requests: RequestSample[]; replies: ReplySample[] } =
  readSamples('worked-examples.json');
const fromGo: { requests: RequestSample[]; replies: ReplySample[] } = readSamples('go-encoder.json');
const handMade: { requests: RequestSample[]; notRequests: { name: string; frameHex: string }[] } =
  readSamples('hand-made.json');
const recorded: { firstClientFrame: { gobHex: string; decoded: Record<string, unknown> } } = readSamples(
  'go-core-wasm-3.8.5-login.json',
);

const codec = createGobFrameCodec();

describe('gob requests', () => {
  test('the first frame of an unmodified SDK', () => {
    const { gobHex, decoded } = recorded.firstClientFrame;
    const { ReqIdentifier, SendID, OperationID, MsgIncr, DataHex } = decoded;
    assert.deepEqual(read(gobHex), {
      reqIdentifier: ReqIdentifier,
      sendID: SendID,
      operationID: OperationID,
      msgIncr: MsgIncr,
      dataHex: DataHex,
    });
  });

  for (const { name, frameHex, request } of [...examples.requests, ...fromGo.requests, ...handMade.requests]) {
    test(`request: ${name}`, () => assert.deepEqual(read(frameHex), request));
  }

  for (const { name, frameHex } of handMade.notRequests) {
    test(`O1: not a request: ${name}`, () => assert.throws(() => read(frameHex), FrameDecodeError));
  }

  test('what a frame says does not depend on the frames before it', () => {
    const samples = [...fromGo.requests, ...handMade.requests, ...handMade.notRequests];
    const frames = samples.map(({ frameHex }) => frameHex);
    const usual = recorded.firstClientFrame.gobHex;
    for (const frame of [...frames, ...frames.toReversed(), ...frames.flatMap((hex) => [usual, hex, hex])]) {
      assert.deepEqual(outcomeOf(frame, codec), outcomeOf(frame, createGobFrameCodec()));
    }
  });

  test('O1: no reason for a refusal repeats what the client sent', () => {
    const frame = createStructEncoder('SECRET', 64, { SECRET: 'string' })({ SECRET: 'SECRET' });
    assert.throws(
      () => codec.decodeRequest(frame),
      (error) => error instanceof FrameDecodeError && !error.message.includes('SECRET'),
    );
  });
});

describe('gob replies', () => {
  const empty: ReplyContent = { reqIdentifier: 0, msgIncr: '', operationID: '', errCode: 0, errMsg: '', dataHex: null };

  test('a frame begins with the definition of the protocol reference', () => {
    assert.equal(write(empty), `${examples.definitionHex}03ff8200`);
  });

  test('no data and empty data are the same', () => assert.equal(write({ ...empty, dataHex: '' }), write(empty)));

  for (const { name, frameHex, reply } of [...examples.replies, ...fromGo.replies]) {
    test(`reply, byte for byte as Go has it: ${name}`, () => assert.equal(write(reply), frameHex));
  }

  test('data may be a view into a larger buffer', () => {
    const data = new Uint8Array([9, 9, 1, 2, 3, 9]).subarray(2, 5);
    const frame = codec.encodeReply({ ...empty, data });
    assert.ok(frame.toString('hex').endsWith('0603010203' + '00'));
  });
});

function read(frameHex: string, by = codec): RequestContent {
  const { data, ...rest } = by.decodeRequest(Buffer.from(frameHex, 'hex'));
  return { ...rest, dataHex: Buffer.from(data).toString('hex') };
}

function write({ dataHex, ...rest }: ReplyContent): string {
  const data = dataHex === null ? null : Buffer.from(dataHex, 'hex');
  return codec.encodeReply({ ...rest, data }).toString('hex');
}

function outcomeOf(frameHex: string, by: typeof codec): RequestContent | string {
  try {
    return read(frameHex, by);
  } catch (error) {
    return String(error);
  }
}

function readSamples<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../../../test/fixtures/gob/${file}`, import.meta.url), 'utf8')) as T;
}
