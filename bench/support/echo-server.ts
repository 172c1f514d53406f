/**
 * Child process: what `ws` can do at best with the same frames. `echo` sends every frame back. `relay` sends as many
 * frames as a chat server must: the acknowledgement and a push to the sender, and a push to its partner.
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { asRelayedPush, partnerOf } from './chat-frames.ts';

const mode = process.argv[2];
const sockets = new Map<number, WebSocket>();
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 1024 });

server.on('connection', (ws, request) => {
  const client = Number(new URL(request.url ?? '/', 'ws://localhost').searchParams.get('client'));
  sockets.set(client, ws);
  ws.on('error', () => {});
  ws.on('message', (data) => {
    const frame = data as Buffer;
    ws.send(frame);
    if (mode !== 'relay') return;
    const push = asRelayedPush(frame);
    ws.send(push);
    sockets.get(partnerOf(client))?.send(push);
  });
});
server.on('listening', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
