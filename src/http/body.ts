/** Reads a request's body into memory, never more than the limit. */
import type { IncomingMessage } from 'node:http';
import { errors } from '../protocol/errors.ts';

/** As much as OpenIM's services accept (rest-core chapter, section 1.5). */
export const maxBodyBytes = 8 * 1024 * 1024;
/** Of endpoints that need no token. */
export const maxPublicBodyBytes = 64 * 1024;

/** The client went away while it was still sending: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * Whatever exceeds the limit is left to Node, which reads it off the connection and drops it, so that the client hears
 * the answer and may use the connection again.
 *
 * @throws 1001 if the body is larger than `limit` bytes, ClientGone if it never arrives in full
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length']) > limit) return Promise.reject(tooLarge(limit));
  if (request.destroyed) return Promise.reject(new ClientGone());

  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stopListening = () => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      stopListening();
      request.resume();
      reject(tooLarge(limit));
    };
    const onEnd = () => {
      stopListening();
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, length));
    };
    const onGone = () => {
      stopListening();
      // A late error would otherwise have no listener and end the process.
      request.on('error', () => {});
      reject(new ClientGone());
    };
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function tooLarge(limit: number): Error {
  return errors.args(`body is larger than ${limit} bytes`);
}
