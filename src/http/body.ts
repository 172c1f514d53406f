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

/** All of a body, here to be taken. */
export class ArrivedBody {
  /** In bytes. */
  readonly length: number;
  readonly #source: Buffer | IncomingMessage;

  /** @param source the body, or the request whose own buffer has it */
  constructor(length: number, source: Buffer | IncomingMessage) {
    this.length = length;
    this.#source = source;
  }

  /** Once. */
  take(): Buffer {
    return Buffer.isBuffer(this.#source) ? this.#source : (this.#source.read() ?? Buffer.alloc(0));
  }
}

/**
 * Whatever exceeds the limit is left to Node, which reads it off the connection and drops it, so that the client hears
 * the answer and may use the connection again.
 *
 * @param onBytes told of each piece before it is kept; what it throws ends the reading
 * @returns a promise if the body is still arriving; nearly all have come with their headers
 * @throws 1001 if the body is larger than `limit` bytes, ClientGone if it never arrives in full
 */
export function receiveBody(
  request: IncomingMessage,
  limit: number,
  onBytes: (count: number) => void,
): ArrivedBody | Promise<ArrivedBody> {
  const announced = Number(request.headers['content-length']);
  if (announced > limit) throw tooLarge(limit);
  if (request.destroyed) throw new ClientGone();
  const { complete, readableLength } = request;
  // The last piece of a body is here a moment before Node says so, which is when most are asked for.
  if (!complete && readableLength !== announced) return awaitBody(request, limit, onBytes);
  if (readableLength > limit) throw tooLarge(limit);
  onBytes(readableLength);
  // Says that it will be taken; Node throws away what it takes for unwanted, which is dearer.
  request.read(0);
  return new ArrivedBody(readableLength, request);
}

function awaitBody(request: IncomingMessage, limit: number, onBytes: (count: number) => void): Promise<ArrivedBody> {
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
      resolve(new ArrivedBody(length, only !== undefined && read.length === 1 ? only : Buffer.concat(read, length)));
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
