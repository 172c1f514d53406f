/** Connections on which no request can be read: malformed HTTP, endless headers, clients that never finish. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorEnvelope } from '../protocol/envelope.ts';
import { errors } from '../protocol/errors.ts';
import { contentTypes, corsHeaders } from './response-headers.ts';
import { isSlow } from './slow-bodies.ts';

/** Says why, if anybody still listens, and ends the connection. For the 'clientError' event of node:http. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isSlow(socket)) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, detail } = faults[error.code ?? ''] ?? { status: 400, detail: 'malformed HTTP request' };
  const body = errorEnvelope(errors.args(detail));
  const headers = {
    ...corsHeaders,
    'Content-Type': contentTypes.json,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`, () => socket.destroy());
}

const faults: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'request was not received in time' },
};
