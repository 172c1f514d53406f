/**
 * Child process: what `ws` can do at best with the same frames. `echo` sends every frame back. `relay` sends as many
 * frames as a chat server must: the acknowledgement and a push to the sender, and a push to its partner. `broadcast` sends
 * the push that it is told of to the first so many clients, for each frame that comes in.
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { asPushOf, asRelayedPush, partnerOf } from './chat-frames.ts';

const mode = process.argv[2];
const sockets = new Map<number, WebSocket>();
let broadcast = { push: Buffer.alloc(0), members: 0 };
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 1024 });

server.on('connection', (ws, request) => {
  const client = Number(new URL(request.url ?? '/', 'ws://localhost').searchParams.get('client'));
  sockets.set(client, ws);
  ws.on('error', () => {});
  ws.on('message', (data) => {
    const frame = data as Buffer;
    if (mode === 'broadcast') {
      const push = asPushOf(frame, broadcast.push);
      for (let member = 0; member < broadcast.members; member += 1) sockets.get(member)?.send(push);
      return;
    }
    ws.send(frame);
    if (mode !== 'relay') return;
    const push = asRelayedPush(frame);
    ws.send(push);
    sockets.get(partnerOf(client))?.send(push);
  });
});
server.on('listening', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', ({ push, members }: { push: string; members: number }) => {
  broadcast = { push: Buffer.from(push, 'base64'), members };
  process.send?.({ ready: true });
});
process.on('disconnect', () => process.exit());
