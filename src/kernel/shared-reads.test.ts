import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type TcpPair, tcpPair } from '../../test/support/tcp-pair.ts';
import { SharedReads } from './shared-reads.ts';

test('what is read stays as it is when more is read, and takes little more memory than its bytes', async (t) => {
  const { near, far } = await pair(t, new SharedReads());
  const chunks: Buffer[] = [];
  // Short ones that together fill several pieces.
  const short = Array.from({ length: 9 }, (_, index) => String(index).repeat(1000));
  const all = ['first', 'second', 'x'.repeat(3000), 'third', ...short];
  for (const sent of all) {
    far.write(sent);
    const [chunk] = (await once(near, 'data')) as [Buffer];
    chunks.push(chunk);
    // Where Node has another place for its option, each read takes memory of its own.
    assert.equal(chunk.buffer.byteLength, sent.length > 1024 ? sent.length : 4096);
  }
  assert.deepEqual(chunks.map(String), all);
});

test('two sockets do not disturb each other', async (t) => {
  const reads = new SharedReads();
  const one = await pair(t, reads);
  const other = await pair(t, reads);
  const read = { one: '', other: '' };
  one.near.on('data', (chunk) => (read.one += chunk));
  other.near.on('data', (chunk) => (read.other += chunk));
  for (let count = 0; count < 100; count += 1) {
    one.far.write('a'.repeat(count));
    other.far.write('b'.repeat(count));
  }
  one.far.end();
  other.far.end();
  await Promise.all([once(one.near, 'end'), once(other.near, 'end')]);
  assert.deepEqual(read, { one: 'a'.repeat(4950), other: 'b'.repeat(4950) });
});

test('nothing is read of a socket that is paused, and all when it is read on', async (t) => {
  const { near, far } = await pair(t, new SharedReads());
  let read = 0;
  near.on('data', (chunk: Buffer) => {
    read += chunk.length;
    near.pause();
  });
  const sent = 8 * 1024 * 1024;
  far.end(Buffer.alloc(sent));
  await once(near, 'pause');
  const before = read;
  // A turn of the event loop reads whatever may be read.
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(read, before);
  near.on('pause', () => near.resume());
  near.resume();
  await once(near, 'end');
  assert.equal(read, sent);
});

test('of a socket that is destroyed over what it has read nothing more is read', async (t) => {
  const reads = new SharedReads();
  const { near, far } = await pair(t, reads);
  const other = await pair(t, reads);
  let read = 0;
  near.on('data', (chunk: Buffer) => {
    read += chunk.length;
    near.destroy();
  });
  far.on('error', () => {});
  far.write(Buffer.alloc(1024 * 1024));
  await once(near, 'close');
  other.far.write('others are read');
  await once(other.near, 'data');
  assert.ok(read > 0 && read <= 64 * 1024, `${read} bytes`);
});

test('a socket that is encrypted is read as ever', async (t) => {
  const { near, far } = await tcpPair(t);
  near.on('data', () => {});
  new SharedReads().add(Object.assign(near, { encrypted: true }));
  far.write('x');
  const [chunk] = (await once(near, 'data')) as [Buffer];
  assert.notEqual(chunk.buffer.byteLength, 4096);
});

/** The first is read through the shared memory. */
async function pair(t: TestContext, reads: SharedReads): Promise<TcpPair> {
  const sockets = await tcpPair(t);
  sockets.near.on('data', () => {});
  reads.add(sockets.near);
  return sockets;
}
