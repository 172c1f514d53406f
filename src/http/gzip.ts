/** Compression of answers: gzip or nothing, whatever their size. Protocol: rest-core.md 1.5. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';

/** True if the client takes gzip and the answer is not of a kind that must stay as it is. */
export function wantsGzip({ headers, url = '' }: IncomingMessage): boolean {
  const accepted = headers['accept-encoding'];
  if (accepted === undefined || !takesGzip.test(String(accepted))) return false;
  return (
    !/upgrade/i.test(headers.connection ?? '') &&
    headers.accept?.includes('text/event-stream') !== true &&
    !compressedImage.test(url)
  );
}

/** `gzip` anywhere in the list, except where it is refused by a weight of zero. */
const takesGzip = /gzip(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;
const compressedImage = /\.(?:png|gif|jpe?g)(?:\?|$)/;

/** Small bodies take less time than handing them to another thread would. */
const smallBytes = 16 * 1024;
const compress = promisify<string | Uint8Array, Buffer>(gzip);

export function gzipBody(body: string | Uint8Array): Buffer | Promise<Buffer> {
  return body.length <= smallBytes ? gzipSync(body) : compress(body);
}
