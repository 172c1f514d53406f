import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pongs } from './pongs.ts';

test('each ping is answered as long as answers leave, and of what piles up the newest', () => {
  const sent: Buffer[] = [];
  const gone: (() => void)[] = [];
  const pongs = new Pongs({
    pong: (payload, _mask, onGone) => {
      sent.push(payload);
      gone.push(() => onGone?.(undefined as never));
    },
  });
  const names = () => sent.map(String);
  const read = Buffer.alloc(64 * 1024);
  const ping = (from: number, to: number) => {
    for (let count = from; count <= to; count += 1) pongs.answer(read.subarray(0, read.write(String(count))));
  };

  ping(1, 64);
  assert.deepEqual(
    names(),
    Array.from({ length: 64 }, (_, index) => String(index + 1)),
  );
  ping(65, 1000);
  assert.equal(sent.length, 64);
  gone.shift()?.();
  assert.deepEqual(names().slice(64), ['1000']);
  for (const onGone of gone.splice(0)) onGone();
  ping(1001, 1002);
  assert.deepEqual(names().slice(65), ['1001', '1002']);
  assert.deepEqual(new Set(sent.map(({ length, buffer }) => buffer.byteLength - length)), new Set([0]));
});
