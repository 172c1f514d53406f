/** The forms in which a handshake ends without a connection. Protocol: websocket.md 1.5 step 5, 1.6. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { errorEnvelope } from '../../protocol/envelope.ts';
import type { ProtocolError } from '../../protocol/errors.ts';

/** An HTTP answer in place of the upgrade. */
export interface PlainAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Status 200: so the protocol has it, and native clients read the body of any answer that is not 101. */
export function jsonError(error: ProtocolError): PlainAnswer {
  return { status: 200, contentType: 'application/json; charset=utf-8', body: errorEnvelope(error) };
}

/** For a request that passes the checks but is no WebSocket handshake. */
export function notAnUpgrade(text: string): PlainAnswer {
  return { status: 400, contentType: 'text/plain; charset=utf-8', body: text };
}

/** Answers a request that node:http took for an ordinary one. */
export function respond(response: ServerResponse, { status, contentType, body }: PlainAnswer): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...handshakeHeaders,
  });
  response.end(body);
}

/** Answers a request that node:http has handed over as an upgrade, and closes the connection. */
export function respondRaw(socket: Duplex, { status, contentType, body }: PlainAnswer): void {
  const headers = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body), ...handshakeHeaders };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  hangUp(socket);
}

/** Tells a client that only reads messages, over a socket upgraded for nothing else. It sees the closing as 1006. */
export function sendErrorText(ws: WebSocket, socket: Duplex, error: ProtocolError): void {
  // Whatever the client does now is of no interest, but unheard it would end the process.
  ws.on('error', () => {});
  ws.send(errorEnvelope(error));
  socket.end();
  hangUp(socket);
}

const handshakeHeaders = { Connection: 'close', 'Sec-WebSocket-Version': '13' };

/** Gives the client time to read the answer: with a socket destroyed at once the answer may be lost. */
function hangUp(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), hangUpMs);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

const hangUpMs = 2000;
