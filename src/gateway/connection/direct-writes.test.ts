import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { tcpPair } from '../../../test/support/tcp-pair.ts';
import { within } from '../../../test/support/within.ts';
import { DirectWrites } from './direct-writes.ts';

/** More than a system takes from a socket that nobody reads. */
const muchBytes = 16 * 1024 * 1024;
const never = () => assert.fail('not to be told of');

test('what the system takes at once is gone, in order with what the stream writes', async (t) => {
  const { near, far } = await tcpPair(t);
  const writes = new DirectWrites();
  for (let count = 0; count < 100; count += 1) {
    // Where Node has another way to write, everything goes through the stream.
    assert.equal(writes.write(near, Buffer.from(`direct ${count};`), never), 'gone');
    near.write(`stream ${count};`);
  }
  near.end();
  const expected = Array.from({ length: 100 }, (_, count) => `direct ${count};stream ${count};`).join('');
  assert.equal((await buffer(far)).toString(), expected);
});

test('O2 what it does not take leaves when it is read, before all that is written after it, and is told of then', async (t) => {
  const { near, far } = await tcpPair(t);
  const writes = new DirectWrites();
  const told: string[] = [];
  const write = (text: string) => writes.write(near, Buffer.alloc(muchBytes, text), () => told.push(text));
  assert.deepEqual([write('a'), write('b')], ['leaving', 'leaving']);
  near.end('stream');
  assert.deepEqual(told, []);
  const read = await buffer(far);
  assert.equal(read.length, 2 * muchBytes + 'stream'.length);
  assert.equal(read.indexOf('b'), muchBytes);
  assert.equal(read.subarray(-6).toString(), 'stream');
  assert.deepEqual(told, ['a', 'b']);
});

test('of a socket that is lost meanwhile it is told as well, and the next write is another one', async (t) => {
  const { near, far } = await tcpPair(t);
  const writes = new DirectWrites();
  near.on('error', () => {});
  const told = new Promise<void>((resolve) => {
    assert.equal(writes.write(near, Buffer.alloc(muchBytes), resolve), 'leaving');
  });
  const closed = new Promise((resolve) => near.once('close', resolve));
  far.resetAndDestroy();
  await Promise.all([told, closed]);
  assert.equal(writes.write(near, Buffer.from('late'), never), undefined);
  const other = await tcpPair(t);
  assert.equal(writes.write(other.near, Buffer.from('on time'), never), 'gone');
});

test('O2 a socket that fails is destroyed, also one from which nothing is read any more', async (t) => {
  const { near, far } = await tcpPair(t);
  near.pause();
  far.write(Buffer.alloc(4 * near.readableHighWaterMark));
  // Until its stream has stopped reading: who reads sees the failure, too.
  const full = async () => {
    while (near.readableLength < near.readableHighWaterMark) await new Promise(setImmediate);
  };
  await within('the buffer to be full', full());
  assert.equal(
    new DirectWrites().write(near, Buffer.alloc(muchBytes), () => {}),
    'leaving',
  );
  far.resetAndDestroy();
  await within('the end of the socket', once(near, 'close'), 10_000);
});

test('what the system refuses is left to the stream, which says so', async (t) => {
  const { near } = await tcpPair(t);
  near.end();
  await once(near, 'finish');
  assert.equal(new DirectWrites().write(near, Buffer.from('late'), never), undefined);
});
