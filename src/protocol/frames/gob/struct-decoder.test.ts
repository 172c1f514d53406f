/** Frames of the largest size that a client can make: they are passed over in one go, or refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameDecodeError } from '../frames.ts';
import { requestEnvelope } from './envelopes.ts';
import { GobWriter } from './gob-writer.ts';
import { createStructDecoder } from './struct-decoder.ts';

const decode = createStructDecoder(requestEnvelope);
const million = 1_000_000;

/** Type IDs of the definitions below. */
const [struct, ints, lists, nest, map] = [64, 65, 66, 67, 68];

const large: readonly [string, number, (writer: GobWriter) => void][] = [
  ['a list of a million integers', ints, (writer) => writeZeroes(writer, million)],
  ['a list of a million empty lists', lists, (writer) => writeZeroes(writer, million)],
  ['a list in itself, with a million empty ones', nest, (writer) => writeZeroes(writer, million)],
  [
    'a list in itself, with a million in pairs',
    nest,
    (writer) => {
      writer.uint(million / 2);
      for (let i = 0; i < million / 2; i++) writeZeroes(writer, 1);
    },
  ],
  [
    'a map of half a million entries',
    map,
    (writer) => {
      writer.uint(million / 2);
      for (let i = 0; i < million; i++) writer.uint(0);
    },
  ],
];
for (const [what, type, write] of large) {
  test(`O1: ${what} in an unknown field is passed over`, () => {
    const { ReqIdentifier, SendID } = decode(frameWith(type, write));
    assert.deepEqual([ReqIdentifier, SendID], [1001, 'u1']);
  });
}

test('a text of a million bytes is read', () => {
  const text = 'x'.repeat(million);
  const frame = Buffer.concat([...definitions(ints), message(million + 20, (writer) => writeValue(writer, text))]);
  assert.equal(decode(frame).SendID, text);
});

test('O1: a struct type of a hundred thousand fields is refused, though only one of them is sent', () => {
  const definition = message(million, (writer) => {
    writer.int(-struct);
    writer.uint(3);
    writer.uint(2);
    writer.uint(100_000);
    writeField(writer, 'ReqIdentifier', 2);
    for (let i = 0; i < 99_999; i++) writer.uint(0);
    writer.uint(0);
    writer.uint(0);
  });
  const value = message(10, (writer) => {
    for (const number of [2 * struct, 1, 2 * 1001, 0]) writer.uint(number);
  });
  assert.throws(() => decode(Buffer.concat([definition, value])), FrameDecodeError);
});

test('O1: a hundred thousand types before a good request are refused', () => {
  const types = Array.from({ length: 100_000 }, (_, i) => listType(1000 + i, 2));
  const request = frameWith(ints, (writer) => writer.uint(0));
  assert.throws(() => decode(Buffer.concat([...types, request])), FrameDecodeError);
});

test('O1: the last field of a type is read, and one more is refused, in its own type and in one passed over', () => {
  const request = (...numbers: number[]) =>
    Buffer.concat([
      ...definitions(struct),
      message(100, (writer) => {
        writer.int(struct);
        for (const number of numbers) writer.uint(number);
      }),
    ]);
  // The third field is a struct of the same type: index 2, and in it again.
  assert.equal(decode(request(1, 2 * 1001, 2, 0, 0)).ReqIdentifier, 1001);
  assert.equal(decode(request(1, 2 * 1001, 2, 3, 0, 0, 0)).ReqIdentifier, 1001);
  assert.throws(() => decode(request(1, 2 * 1001, 3, 0, 0)), FrameDecodeError);
  assert.throws(() => decode(request(1, 2 * 1001, 2, 4, 0, 0)), FrameDecodeError);
});

/** A request of user u1 whose type has an unknown field too, with the value that `writeUnknown` writes. */
function frameWith(type: number, writeUnknown: (writer: GobWriter) => void): Buffer {
  const value = message(2 * million, (writer) => {
    writeValue(writer, 'u1', () => {
      writer.uint(1);
      writeUnknown(writer);
    });
  });
  return Buffer.concat([...definitions(type), value]);
}

function writeValue(writer: GobWriter, sendID: string, writeRest = () => {}): void {
  writer.int(struct);
  writer.uint(1);
  writer.int(1001);
  writer.uint(1);
  writer.string(sendID);
  writeRest();
  writer.uint(0);
}

/** @param unknown type of the field that is not of the envelope */
function definitions(unknown: number): Buffer[] {
  const fields: readonly [string, number][] = [
    ['ReqIdentifier', 2],
    ['SendID', 6],
    ['Unknown', unknown],
  ];
  const structType = message(100, (writer) => {
    writer.int(-struct);
    writer.uint(3);
    writer.uint(2);
    writer.uint(fields.length);
    for (const [name, type] of fields) writeField(writer, name, type);
    writer.uint(0);
    writer.uint(0);
  });
  const mapType = message(20, (writer) => {
    writer.int(-map);
    writer.uint(4);
    writer.uint(2);
    writer.int(2);
    writer.uint(1);
    writer.int(6);
    writer.uint(0);
    writer.uint(0);
  });
  return [structType, listType(ints, 2), listType(lists, ints), listType(nest, nest), mapType];
}

function writeField(writer: GobWriter, name: string, type: number): void {
  writer.uint(1);
  writer.string(name);
  writer.uint(1);
  writer.int(type);
  writer.uint(0);
}

function listType(id: number, element: number): Buffer {
  return message(20, (writer) => {
    writer.int(-id);
    writer.uint(2);
    writer.uint(2);
    writer.int(element);
    writer.uint(0);
    writer.uint(0);
  });
}

/** A number, and then so many zeroes. */
function writeZeroes(writer: GobWriter, count: number): void {
  writer.uint(count);
  for (let i = 0; i < count; i++) writer.uint(0);
}

function message(maxLength: number, write: (writer: GobWriter) => void): Buffer {
  const writer = new GobWriter(0, maxLength);
  write(writer);
  return writer.finish(new Uint8Array());
}
