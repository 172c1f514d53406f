/** PUT /object/upload/{uploadID}/{part}: bytes of a file, on their way to our own disk and never in memory (objects chapter, 1.6). */
import type { IncomingMessage } from 'node:http';
import { type IncomingPart, type PartReceiver, PartRefused } from '../../files/part-receiver.ts';
import { ClientGone } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { contentTypes } from '../response-headers.ts';
import { fileOf } from './form-file.ts';
import { partsOfUrl } from './serve-object.ts';

/** However slow a client is, it sends as much in a second, after a time to begin. */
const slowestBytesPerSecond = 1024;
const startMs = 60_000;

export async function receivePart(exchange: Exchange, receiver: PartReceiver | undefined): Promise<void> {
  const { path, query } = partsOfUrl(exchange.request.url ?? '');
  const [, uploadID, number] = /^\/object\/upload\/([\w-]{1,64})\/(\d{1,5})$/.exec(path) ?? [];
  const partNumber = Number(number);
  const declaredBytes = declaredLength(exchange.request);
  await receive(exchange, receiver, (body) =>
    uploadID === undefined
      ? undefined
      : { uploadID, partNumber, ticket: `part ${partNumber}`, query, declaredBytes, body },
  );
}

/** POST /object/form/{uploadID}: the same as a form, the file last (objects chapter, 1.15). */
export async function receiveForm(exchange: Exchange, receiver: PartReceiver | undefined): Promise<void> {
  const { path, query } = partsOfUrl(exchange.request.url ?? '');
  const [, uploadID] = /^\/object\/form\/([\w-]{1,64})$/.exec(path) ?? [];
  const { headers } = exchange.request;
  await receive(exchange, receiver, (bytes) =>
    uploadID === undefined
      ? undefined
      : { uploadID, partNumber: 1, ticket: 'form', query, declaredBytes: undefined, body: fileOf(bytes, headers) },
  );
}

type Part = Omit<IncomingPart, 'onTurn'>;

/** @param partOf what the request sends, given its bytes; undefined: its path is none */
async function receive(
  exchange: Exchange,
  receiver: PartReceiver | undefined,
  partOf: (body: TimedBody) => Part | undefined,
): Promise<void> {
  const { request } = exchange;
  try {
    const body = new TimedBody(request, declaredLength(request));
    const part = partOf(body);
    if (receiver === undefined || part === undefined) throw new PartRefused(404, 'no such upload');
    exchange.receiveSlowly();
    // One that waits for its turn sends nothing, and is not to be cut off for it.
    request.socket.setTimeout(0);
    await exchange.untimed(receiver.receive({ ...part, onTurn: () => body.begin() }));
    await exchange.send({ status: 200, code: 0, contentType: contentTypes.text, body: '' });
  } catch (error) {
    await refuse(exchange, error);
  }
}

async function refuse(exchange: Exchange, error: unknown): Promise<void> {
  if (error instanceof ClientGone) return exchange.fail(error);
  const { status, message } = error instanceof PartRefused ? error : failureOf(error);
  if (!(error instanceof PartRefused)) exchange.logOurFault(error);
  // What is left of the body is not waited for.
  const headers = { Connection: 'close' };
  await exchange.send({ status, code: status, contentType: contentTypes.text, headers, body: message });
}

function failureOf(error: unknown): { readonly status: number; readonly message: string } {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return { status: 507, message: 'the disk is full' };
  return { status: 500, message: 'internal error' };
}

function declaredLength({ headers }: IncomingMessage): number | undefined {
  const text = headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

/** The request's bytes; a client that is too slow is gone. */
class TimedBody implements AsyncIterable<Uint8Array> {
  readonly #request: IncomingMessage;
  readonly #limitMs: number;

  constructor(request: IncomingMessage, declaredBytes = 0) {
    this.#request = request;
    this.#limitMs = startMs + (declaredBytes / slowestBytesPerSecond) * 1000;
  }

  begin(): void {
    const { server } = this.#request.socket as { server?: { timeout: number } };
    this.#request.socket.setTimeout(server?.timeout ?? startMs);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const timer = setTimeout(() => this.#request.destroy(), Math.min(this.#limitMs, longestMs));
    try {
      // What is refused half-way is answered, on a connection that still stands.
      for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) yield chunk;
    } catch {
      throw new ClientGone();
    } finally {
      clearTimeout(timer);
    }
  }
}

const longestMs = 2 ** 31 - 1;
