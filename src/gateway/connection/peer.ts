/** Where a connection comes from, and what it is called in logs. Protocol: websocket.md 1.1. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** TCP peer, and what proxies say about who is behind it. For logs only: a client can write the header. */
export function remoteAddressOf(request: IncomingMessage): string {
  const forwardedFor = request.headers['x-forwarded-for'];
  const peer = peerOf(request);
  return forwardedFor === undefined ? peer : `${peer}_${forwardedFor}`;
}

/** @param now Unix ms */
export function connIDOf(request: IncomingMessage, now: number): string {
  return createHash('md5')
    .update(`${peerOf(request)}_${now}`)
    .digest('hex');
}

function peerOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
