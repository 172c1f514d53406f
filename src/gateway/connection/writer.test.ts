/** What a connection whose client does not read keeps in memory. */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { FlushQueue, Writer } from './writer.ts';

const limits = { maxQueuedBytes: 1e9, maxQueuedFrames: 1e9, maxStuckSeconds: 20 };

/** Of a client that reads nothing. */
function openWriter(flushes: FlushQueue) {
  const handed: Buffer[] = [];
  const ws = { readyState: 1, OPEN: 1, bufferedAmount: 1 };
  const socket = { cork: () => {}, uncork: () => {}, write: (frame: Buffer) => handed.push(frame) };
  const listener = { onOverflow: () => assert.fail('an overflow'), onRoom: () => {} };
  const writer = new Writer(ws as unknown as WebSocket, socket as unknown as Duplex, flushes, limits, listener);
  return { writer, handed };
}

test('O2 what waits holds no memory but its own, once for all connections, however short the frames are', () => {
  const flushes = new FlushQueue();
  const [one, other] = [openWriter(flushes), openWriter(flushes)];
  const frames = Array.from({ length: 4000 }, (_, index) => {
    const frame = Buffer.from(String(index).padEnd(300));
    for (const { writer } of [one, other]) {
      writer.send(frame);
      writer.flush();
    }
    // What a busy server makes of other frames meanwhile.
    for (let i = 0; i < 30; i += 1) Buffer.allocUnsafe(1000);
    return frame;
  });
  for (const { writer } of [one, other]) writer.finish();
  assert.deepEqual(one.handed, frames);
  assert.deepEqual(other.handed, frames);
  const pieces = new Set([...one.handed, ...other.handed].map(({ buffer }) => buffer));
  const heldBytes = [...pieces].reduce((sum, { byteLength }) => sum + byteLength, 0);
  // The first frame was on its way when it was handed over.
  const most = 4000 * 300 + Buffer.poolSize;
  assert.ok(heldBytes <= most, `${heldBytes} bytes are held, ${most} at most`);
});

test('frames that leave at once are not copied', () => {
  const { writer, handed } = openWriter(new FlushQueue());
  const frames = ['a', 'b', 'c'].map((text) => Buffer.from(text));
  for (const frame of frames) writer.send(frame);
  writer.flush();
  assert.ok(handed.every((frame, index) => frame === frames[index]));
});
