/** WebSockets that are read through one piece of memory: whatever the library keeps of it until later is a copy. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { type TcpPair, tcpPair } from '../../../test/support/tcp-pair.ts';
import { SharedReads } from '../../kernel/shared-reads.ts';

test('what a WebSocket keeps until a message is whole is its own, however it is cut and whatever is read meanwhile', async (t) => {
  const reads = new SharedReads();
  const { ws, near, far } = await webSocketPair(t, reads);
  const other = await otherPair(t, reads);
  const heard: string[] = [];
  ws.on('message', (data) => heard.push(String(data)));
  ws.on('ping', (data) => heard.push(`ping ${data}`));
  const long = Buffer.from('消息 '.repeat(300));
  const frames = [
    masked(0x82, Buffer.from('short')),
    masked(0x01, long.subarray(0, 1000)),
    masked(0x89, Buffer.from('between')),
    masked(0x00, long.subarray(1000, 1001)),
    masked(0x80, long.subarray(1001)),
    masked(0x82, long),
  ];
  for (const frame of frames) {
    // Its head and the bytes behind it one by one.
    for (let at = 0, length = 1; at < frame.length; at += length) {
      length = at < 20 ? 1 : 100;
      const piece = frame.subarray(at, at + length);
      await arrives(near, far, piece);
      await arrives(other.near, other.far, Buffer.alloc(piece.length, 0xff));
    }
  }
  assert.deepEqual(heard, ['short', 'ping between', String(long), String(long)]);
});

test('a WebSocket that is paused amid what has been read goes on with it, and with what came since, in order', async (t) => {
  const reads = new SharedReads();
  const { ws, far } = await webSocketPair(t, reads);
  const other = await otherPair(t, reads);
  const texts = Array.from({ length: 400 }, (_, index) => `${index} ${'x'.repeat(index * 3)}`);
  const heard: string[] = [];
  const all = new Promise<void>((resolve) => {
    ws.on('message', (data) => {
      if (heard.push(String(data)) === texts.length) resolve();
      if (heard.length % 7 !== 0) return;
      ws.pause();
      void arrives(other.near, other.far, Buffer.alloc(60_000, 0xff)).then(() => ws.resume());
    });
  });
  for (const text of texts) far.write(masked(0x82, Buffer.from(text)));
  await all;
  assert.deepEqual(heard, texts);
});

/** What it reads takes the same memory. */
async function otherPair(t: TestContext, reads: SharedReads): Promise<TcpPair> {
  const sockets = await tcpPair(t);
  sockets.near.on('data', () => {});
  reads.add(sockets.near);
  return sockets;
}

/** A WebSocket of a server, the socket under it, read through the shared memory, and the client's at its other end. */
async function webSocketPair(
  t: TestContext,
  reads: SharedReads,
): Promise<{ readonly ws: WebSocket; readonly near: Socket; readonly far: Socket }> {
  const sockets = new WebSocketServer({ noServer: true });
  const upgraded = Promise.withResolvers<{ readonly ws: WebSocket; readonly near: Socket }>();
  const server = createServer().on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (ws) => {
      reads.add(socket);
      upgraded.resolve({ ws, near: socket as Socket });
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
  t.after(() => {
    far.destroy();
    server.close();
  });
  far.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  return { ...(await upgraded.promise), far };
}

/** A frame of a client. */
function masked(first: number, payload: Buffer): Buffer {
  const mask = [0x12, 0x34, 0x56, 0x78];
  const head = [first, 0x80 | payload.length, ...mask];
  if (payload.length > 125) head.splice(1, 1, 0x80 | 126, payload.length >> 8, payload.length & 0xff);
  return Buffer.from([...head, ...payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}

/** Resolves when so many bytes have been read. */
async function arrives(near: Socket, far: Socket, bytes: Buffer): Promise<void> {
  const read = new Promise<void>((resolve) => {
    let left = bytes.length;
    near.on('data', function onData(chunk: Buffer) {
      left -= chunk.length;
      if (left > 0) return;
      near.off('data', onData);
      resolve();
    });
  });
  far.write(bytes);
  await read;
}
