/** What a connection whose client does not read keeps in memory. */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { tcpPair } from '../../../test/support/tcp-pair.ts';
import { FlushQueue, Writer } from './writer.ts';

const limits = { maxQueuedBytes: 1e9, maxQueuedFrames: 1e9, maxStuckSeconds: 20 };

/** Of a client that reads nothing. */
function openWriter(flushes: FlushQueue) {
  const handed: Buffer[] = [];
  const calls: string[] = [];
  const ws = {
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 1,
    send: (text: string) => calls.push(text),
  };
  const socket = {
    cork: () => calls.push('cork'),
    uncork: () => calls.push('uncork'),
    write: (frame: Buffer) => {
      // Tells only when all before it has left.
      if (frame.length === 0) return;
      calls.push(frame.toString());
      handed.push(frame);
    },
  };
  const listener = { onOverflow: () => assert.fail('an overflow'), onRoom: () => {} };
  const writer = new Writer(ws as unknown as WebSocket, socket as unknown as Duplex, flushes, limits, listener);
  return { writer, ws, handed, calls };
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

test('frames of one turn leave together and in order, a single one without a queue or a copy', () => {
  const turn = (...frames: (Buffer | string)[]) => {
    const { writer, calls, handed } = openWriter(new FlushQueue());
    for (const frame of frames) writer.send(frame);
    writer.flush();
    return { calls, handed };
  };
  const [one, two, pong, long] = [Buffer.from('one'), Buffer.from('two'), 'pong', Buffer.alloc(16 * 1024, 'x')];
  assert.equal(turn(one).handed[0], one);
  assert.deepEqual(turn(one, two).calls, ['onetwo']);
  assert.deepEqual(turn(one, pong, two).calls, ['cork', 'one', 'pong', 'two', 'uncork']);
  assert.deepEqual(turn(pong, one).calls, ['cork', 'pong', 'one', 'uncork']);
  const { calls, handed } = turn(one, long);
  assert.deepEqual(calls, ['cork', 'one', long.toString(), 'uncork']);
  assert.deepEqual(handed, [one, long]);
});

test('O2 frames behind what has not left yet stay those that all connections share', () => {
  const { writer, handed } = openWriter(new FlushQueue());
  const frames = ['a', 'b', 'c'].map((text) => {
    const frame = Buffer.allocUnsafeSlow(1);
    frame.write(text);
    return frame;
  });
  for (const frame of frames) {
    writer.send(frame);
    if (frame === frames[0]) writer.flush();
  }
  writer.flush();
  assert.ok(handed.every((frame, index) => frame === frames[index]));
});

test('O2 what the system takes at once is gone without a callback, and what it does not when that has left', () => {
  const callbacks: (() => void)[] = [];
  const ws = { readyState: 1, OPEN: 1, bufferedAmount: 0 };
  const socket = {
    write: (_frame: Buffer, callback?: () => void) => {
      if (callback !== undefined) callbacks.push(callback);
    },
  };
  const listener = { onOverflow: () => assert.fail('an overflow'), onRoom: () => {} };
  const writer = new Writer(
    ws as unknown as WebSocket,
    socket as unknown as Duplex,
    new FlushQueue(),
    { ...limits, maxStuckSeconds: 1 },
    listener,
  );
  const sendOne = () => {
    writer.send(Buffer.from('frame'));
    writer.flush();
  };
  sendOne();
  assert.equal(callbacks.length, 0);
  assert.equal(writer.isStuck(), false);
  ws.bufferedAmount = 5;
  sendOne();
  writer.isStuck();
  assert.equal(writer.isStuck(), true);
  sendOne();
  assert.equal(callbacks.length, 2, 'one behind the first that did not leave, one behind the next');
  callbacks[0]?.();
  assert.equal(writer.isStuck(), false);
  callbacks[1]?.();
  assert.equal(writer.isStuck(), false);
  assert.equal(writer.isStuck(), false);
});

/** To a real socket, below a WebSocket that has so much of it to say. */
function onSocket(socket: Duplex, ws: object, onRoom = () => {}): Writer {
  const listener = { onOverflow: () => assert.fail('an overflow'), onRoom };
  return new Writer(ws as WebSocket, socket, new FlushQueue(), { ...limits, maxStuckSeconds: 1 }, listener);
}

test('O2 a frame that the system takes in part is queued until it has left', async (t) => {
  const { near, far } = await tcpPair(t);
  const ws = { readyState: 1, OPEN: 1, bufferedAmount: 0 };
  const { promise: hasRoom, resolve: onRoom } = Promise.withResolvers<void>();
  const writer = onSocket(near, ws, onRoom);
  writer.send(Buffer.alloc(16 * 1024 * 1024));
  writer.flush();
  assert.equal(near.writableLength, 0, 'it has not gone through the stream');
  assert.deepEqual([writer.isBehind, writer.isStuck()], [true, true]);
  far.resume();
  await hasRoom;
  assert.deepEqual([writer.isBehind, writer.isStuck()], [false, false]);
});

test('O2 a single frame does not overtake what the stream still keeps', async (t) => {
  const { near, far } = await tcpPair(t);
  const ws = {
    readyState: 1,
    OPEN: 1,
    get bufferedAmount() {
      return near.writableLength;
    },
  };
  const writer = onSocket(near, ws);
  const sent: Buffer[] = [];
  const turn = (frames: number) => {
    for (let left = frames; left > 0; left -= 1) {
      const frame = Buffer.alloc(20_000, `${sent.length};`);
      sent.push(frame);
      writer.send(frame);
    }
    writer.flush();
  };
  // Several go through the stream: until the system takes no more, once more for the stream to keep, then one.
  while (near.writableLength === 0) turn(2);
  turn(2);
  turn(1);
  assert.ok(near.writableLength > 0);
  near.end();
  assert.ok((await buffer(far)).equals(Buffer.concat(sent)));
});

test('nothing follows a close frame that the library has sent in the same turn', () => {
  const { writer, ws, calls } = openWriter(new FlushQueue());
  writer.send(Buffer.from('late'));
  ws.readyState = 2;
  writer.flush();
  assert.deepEqual(calls, []);
});
