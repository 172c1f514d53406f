/** Reads a request's body into memory, never more than the limit. */
import type { IncomingMessage } from 'node:http';
import { errors } from '../protocol/errors.ts';

/** The largest body, in bytes. */
export interface BodyLimits {
  /** Of a user. */
  readonly maxBodyBytes: number;
  /** Of an admin, where an endpoint takes large ones. */
  readonly maxAdminBodyBytes: number;
  /** Of endpoints that need no token. */
  readonly maxPublicBodyBytes: number;
}

/** The client went away while it was still sending: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * Whatever exceeds the limit is left to Node, which reads it off the connection and drops it, so that the client hears
 * the answer and may use the connection again.
 *
 * @param onBytes told of each piece before it is kept; what it throws ends the reading
 * @returns a promise if the body is still arriving; nearly all have come with their headers
 * @throws 1001 if the body is larger than `limit` bytes, ClientGone if it never arrives in full
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  onBytes: (count: number) => void,
): Buffer | Promise<Buffer> {
  if (Number(request.headers['content-length']) > limit) throw tooLarge(limit);
  if (request.destroyed) throw new ClientGone();
  return request.complete ? takeBody(request, limit, onBytes) : awaitBody(request, limit, onBytes);
}

function takeBody(request: IncomingMessage, limit: number, onBytes: (count: number) => void): Buffer {
  const body: Buffer = request.read() ?? Buffer.alloc(0);
  if (body.length > limit) throw tooLarge(limit);
  onBytes(body.length);
  return body;
}

function awaitBody(request: IncomingMessage, limit: number, onBytes: (count: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    let isOver = false;
    /** The listeners stay, as taking four off takes longer than asking them; what they hold does not. */
    const stop = (): Buffer[] => {
      const read = chunks;
      isOver = true;
      chunks = [];
      return read;
    };
    const onData = (chunk: Buffer) => {
      if (isOver) return;
      length += chunk.length;
      try {
        if (length > limit) throw tooLarge(limit);
        onBytes(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stop();
        reject(error);
      }
    };
    const onEnd = () => {
      if (isOver) return;
      const read = stop();
      const [only] = read;
      resolve(only !== undefined && read.length === 1 ? only : Buffer.concat(read, length));
    };
    const onGone = () => {
      if (isOver) return;
      stop();
      reject(new ClientGone());
    };
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function tooLarge(limit: number): Error {
  return errors.args(`body is larger than ${limit} bytes`);
}
