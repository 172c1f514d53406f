/** The generated protobuf code against samples of the wire. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as generated from './gen/openim.ts';
import { type MessageFns, MsgData, PushMessages, SeqRange } from './gen/openim.ts';

interface Sample {
  readonly name: string;
  readonly message: string;
  readonly hex: string;
}

interface ValidSample extends Sample {
  /** Only where re-encoding does not give the same bytes. */
  readonly reencodesTo?: string;
  readonly value: unknown;
}

const samples: { readonly valid: ValidSample[]; readonly invalid: Sample[] } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/wire/protobuf-messages.json', import.meta.url), 'utf8'),
);

describe('protobuf messages', () => {
  for (const sample of samples.valid) {
    test(`${sample.message}: ${sample.name}`, () => {
      const codec = codecOf(sample.message);
      const decoded = codec.decode(Buffer.from(sample.hex, 'hex'));
      assert.deepEqual(toPlain(decoded), sample.value);
      assert.equal(hexOf(codec.encode(decoded).finish()), sample.reencodesTo ?? sample.hex);
    });
  }

  for (const sample of samples.invalid) {
    test(`O1: ${sample.message} is refused: ${sample.name}`, () => {
      assert.throws(() => codecOf(sample.message).decode(Buffer.from(sample.hex, 'hex')), Error);
    });
  }

  test('O1: every way to cut a push short is refused or decodes to a message, and nothing else happens', () => {
    const whole = Buffer.from(samples.valid[0]?.hex ?? '', 'hex');
    for (let length = 0; length < whole.length; length++) {
      const outcome = attempt(() => PushMessages.decode(whole.subarray(0, length)));
      assert.ok(outcome instanceof Error || outcome.msgs instanceof Map);
    }
  });

  test('numbers up to 2^53 keep their value', () => {
    const range = { conversationID: 'c', begin: Number.MIN_SAFE_INTEGER, end: Number.MAX_SAFE_INTEGER, num: -1 };
    assert.deepEqual(SeqRange.decode(SeqRange.encode(range).finish()), range);
  });

  test('O1: a map key __proto__ stays a key', () => {
    const msg = MsgData.decode(
      MsgData.encode({ ...MsgData.decode(new Uint8Array(0)), options: new Map([['__proto__', true]]) }).finish(),
    );
    assert.deepEqual([...msg.options], [['__proto__', true]]);
  });

  test('text that is not well-formed is replaced, a byte-order mark is kept', () => {
    const decoded = MsgData.decode(Buffer.from('0a03efbbbf1202fffe', 'hex'));
    assert.deepEqual([decoded.sendID, decoded.recvID], ['\ufeff', '\ufffd\ufffd']);
  });

  test('content is a view of the decoded bytes: a Buffer when they were one', () => {
    const bytes = Buffer.from('620161', 'hex');
    const { content } = MsgData.decode(bytes);
    assert.ok(Buffer.isBuffer(content));
    assert.equal(content.buffer, bytes.buffer);
  });
});

function codecOf(name: string): MessageFns<object> {
  const codec = (generated as Record<string, unknown>)[name];
  assert.ok(codec, `no message ${name}`);
  return codec as MessageFns<object>;
}

function attempt<T>(act: () => T): T | Error {
  try {
    return act();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
}

/** As the sample files write it: maps as objects, bytes as UTF-8 text, unset messages left out. */
function toPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, element]) => [key, toPlain(element)]));
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, element]) => (element === undefined ? [] : [[key, toPlain(element)]])),
  );
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
