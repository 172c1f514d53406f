/** Frames of every size come back out of an ordinary gunzip, and nothing comes out that is larger than allowed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { gunzipFrame, gzipFrame } from './frame-gzip.ts';

const limit = 1024 * 1024;

describe('gzip', () => {
  for (const length of [0, 1, 255, 256, 257, 4095, 4096, 4097, 70_000]) {
    test(`${length} bytes come back as they were`, () => {
      const frame = Buffer.from(Array.from({ length }, (_, i) => (i * i) % 251));
      assert.ok(gunzipSync(gzipFrame(frame)).equals(frame));
    });
  }

  test('a small frame is one stored block, as RFC 1951 and RFC 1952 have it', () => {
    assert.equal(
      gzipFrame(Buffer.from('hello')).toString('hex'),
      '1f8b08000000000000ff' + '01' + '0500' + 'faff' + '68656c6c6f' + '86a61036' + '05000000',
    );
  });

  test('a larger one is as small as with the defaults', () => {
    const frame = Buffer.from('{"content":"a text that says the same again and again"}'.repeat(70));
    assert.ok(gzipFrame(frame).length <= gzipSync(frame).length);
  });
});

describe('gunzip', () => {
  test('O2: the limit is what is allowed, one byte more is refused', () => {
    assert.equal(gunzipFrame(gzipSync(Buffer.alloc(limit)), limit).length, limit);
    assert.throws(() => gunzipFrame(gzipSync(Buffer.alloc(limit + 1)), limit));
  });

  test('O2: a bomb costs the memory of the limit, not its own', () => {
    const bomb = gzipSync(Buffer.alloc(100 * limit));
    const before = process.memoryUsage().rss;
    assert.throws(() => gunzipFrame(bomb, limit));
    assert.ok(process.memoryUsage().rss - before < 50 * limit);
  });

  test('O2: the members of a frame count together', () => {
    const member = gzipSync(Buffer.alloc(limit / 2));
    assert.equal(gunzipFrame(Buffer.concat([member, member]), limit).length, limit);
    assert.throws(() => gunzipFrame(Buffer.concat([member, member, gzipSync('x')]), limit));
  });

  for (const [what, bytes] of [
    ['nothing', Buffer.alloc(0)],
    ['what is not gzip', Buffer.from('hello')],
    ['a member that is cut off', gzipSync('hello').subarray(0, -1)],
    [
      'a member with a wrong checksum',
      Buffer.from(gzipSync('hello').toString('hex').replace('86a61036', '86a61037'), 'hex'),
    ],
  ] as const) {
    test(`O1: ${what} is refused`, () => {
      assert.throws(() => gunzipFrame(bytes, limit));
    });
  }
});
