/** The file in a multipart/form-data body (RFC 7578), as it comes in. */
import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { PartRefused } from '../../files/part-receiver.ts';

/** What stands before the file is signatures of other stores: read and dropped. */
const limits = { files: 1, fields: 32, parts: 33, fieldSize: 16_384, fieldNameSize: 256, headerPairs: 32 };

/** Its bytes; nothing is read before they are asked for. @throws PartRefused for another body, or one without a file */
export async function* fileOf(
  body: AsyncIterable<Uint8Array>,
  headers: IncomingHttpHeaders,
): AsyncGenerator<Uint8Array> {
  const parser = parserFor(headers);
  // Errors of the body, the parser and its stream end it, whichever comes first; its reader is told.
  const file = new PassThrough();
  const fail = (error: Error) => file.destroy(error);
  const malformed = () => fail(new PartRefused(400, 'the form is malformed or has no file'));
  let isFound = false;
  parser.on('file', (name: string, stream: BusboyFileStream) => {
    isFound = name === 'file';
    stream.once('error', malformed);
    if (isFound) stream.pipe(file);
    else stream.resume();
  });
  parser.once('finish', () => isFound || malformed()).once('error', malformed);
  const source = Readable.from(body, { objectMode: false });
  source.once('error', fail);
  source.pipe(parser);
  yield* file;
}

function parserFor(headers: IncomingHttpHeaders): BusboyInstance {
  try {
    return new Busboy({ headers: { ...headers, 'content-type': headers['content-type'] ?? '' }, limits });
  } catch {
    throw new PartRefused(400, 'the body is no form');
  }
}
