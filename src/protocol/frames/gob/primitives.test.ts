/** Integers and lengths as the wire has them, both ways. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameDecodeError } from '../frames.ts';
import { GobReader } from './gob-reader.ts';
import { GobWriter } from './gob-writer.ts';

const uints: readonly [number, string][] = [
  [0, '00'],
  [127, '7f'],
  [128, 'ff80'],
  [255, 'ffff'],
  [256, 'fe0100'],
  [65_535, 'feffff'],
  [65_536, 'fd010000'],
  [16_777_215, 'fdffffff'],
  [16_777_216, 'fc01000000'],
  [4_294_967_295, 'fcffffffff'],
];

const ints: readonly [number, string][] = [
  [0, '00'],
  [1, '02'],
  [-1, '01'],
  [63, '7e'],
  [64, 'ff80'],
  [-64, '7f'],
  [-65, 'ff81'],
  [1001, 'fe07d2'],
  [2001, 'fe0fa2'],
  [2_147_483_647, 'fcfffffffe'],
  [-2_147_483_648, 'fcffffffff'],
];

describe('integers', () => {
  for (const [value, hex] of uints) {
    test(`the unsigned ${value} is ${hex}`, () => {
      assert.equal(readerOf(hex).uint(), value);
      const writer = new GobWriter(0, 5);
      writer.uint(value);
      assert.equal(messageOf(writer), hex);
    });
  }

  for (const [value, hex] of ints) {
    test(`the signed ${value} is ${hex}`, () => {
      assert.equal(readerOf(hex).int32(), value);
      const writer = new GobWriter(0, 5);
      writer.int(value);
      assert.equal(messageOf(writer), hex);
    });
  }

  test('the largest that a number holds exactly is read, the next is refused', () => {
    assert.equal(readerOf('f91fffffffffffff').uint(), Number.MAX_SAFE_INTEGER);
    assert.throws(() => readerOf('f920000000000000').uint(), FrameDecodeError);
  });

  test('what is passed over may have all of 64 bits, and no more', () => {
    const reader = readerOf('f8ffffffffffffffff05');
    reader.skipUint();
    assert.equal(reader.uint(), 5);
    assert.throws(() => readerOf('f7ffffffffffffffffff').skipUint(), FrameDecodeError);
    assert.throws(() => readerOf('f8ffffff').skipUint(), FrameDecodeError);
  });
});

describe('messages', () => {
  test('a message has its length in front, in as many bytes as it needs, after what goes before', () => {
    for (const [length, prefix] of [
      [100, '64'],
      [127, '7f'],
      [128, 'ff80'],
      [70_000, 'fd011170'],
    ] as const) {
      const writer = new GobWriter(1, length);
      for (let i = 0; i < length; i++) writer.uint(1);
      assert.equal(writer.finish(Uint8Array.of(0xee)).toString('hex'), `ee${prefix}${'01'.repeat(length)}`);
    }
  });

  test('O1: nothing is read beyond the message, though the frame goes on', () => {
    const reader = new GobReader(Buffer.from('01060201020304', 'hex'));
    reader.nextMessage();
    assert.equal(reader.uint(), 6);
    assert.ok(reader.isAtEnd);
    assert.throws(() => reader.uint(), FrameDecodeError);
    reader.nextMessage();
    assert.throws(() => reader.bytes().length + reader.bytes().length, FrameDecodeError);
  });

  test('what a message has left is passed over', () => {
    const reader = new GobReader(Buffer.from('03010203' + '0107', 'hex'));
    reader.nextMessage();
    reader.nextMessage();
    assert.equal(reader.uint(), 7);
  });
});

/** A reader in a message of these bytes. */
function readerOf(hex: string): GobReader {
  const reader = new GobReader(Buffer.from(`${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`, 'hex'));
  reader.nextMessage();
  return reader;
}

/** What has been written, without the length in front. */
function messageOf(writer: GobWriter): string {
  return writer.finish(new Uint8Array()).toString('hex').slice(2);
}
