/**
 * WebSocket clients that do exactly what a test tells them: no reconnecting, no state, every frame kept as it came.
 * This one speaks JSON like the JavaScript SDK, go-client.ts gob like the Go core. For the real SDKs see test/sdk.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { within } from './within.ts';

export interface DialOptions {
  readonly port: number;
  /** `/` by default. */
  readonly path?: string;
  /** Query parameters over the defaults; undefined leaves one out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ws?: ClientOptions;
}

/** A frame from the server. */
export interface Frame {
  readonly isBinary: boolean;
  readonly data: Buffer;
}

/** A reply or push in the JSON codec. */
export interface JsonReply {
  readonly reqIdentifier: number;
  readonly msgIncr: string;
  readonly operationID: string;
  readonly errCode: number;
  readonly errMsg: string;
  readonly data: string | null;
}

/** An HTTP answer in place of the upgrade. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What the JavaScript SDK sends, less isMsgResp. The token is missing: there is no default for that. */
const defaultQuery = {
  sendID: 'alice',
  platformID: '5',
  operationID: 'op',
  isBackground: 'false',
  sdkType: 'js',
};

export function urlOf({ port, path = '/', query }: DialOptions): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...defaultQuery, ...query })) {
    if (value !== undefined) params.set(name, value);
  }
  return `ws://127.0.0.1:${port}${path}?${params}`;
}

/** Resolves with the client once upgraded, or with what the server answered instead. */
export function dial(options: DialOptions): Promise<SocketClient | Refusal> {
  return dialAs(SocketClient, options);
}

/** {@link dial} for a connection that must succeed. */
export function connect(options: DialOptions): Promise<SocketClient> {
  return connectAs(SocketClient, options);
}

/** {@link connect} for a client of another codec. */
export async function connectAs<Client extends FrameClient>(
  Client: new (ws: WebSocket, userID: string) => Client,
  options: DialOptions,
): Promise<Client> {
  const outcome = await dialAs(Client, options);
  if (outcome instanceof FrameClient) return outcome;
  throw new Error(`the handshake was answered with ${outcome.status}: ${outcome.body}`);
}

/** {@link dial} for a connection that must be refused without an upgrade. */
export async function dialRefused(options: DialOptions): Promise<Refusal> {
  const outcome = await dial(options);
  if (!(outcome instanceof SocketClient)) return outcome;
  outcome.ws.terminate();
  throw new Error('the handshake was expected to be refused');
}

async function dialAs<Client extends FrameClient>(
  Client: new (ws: WebSocket, userID: string) => Client,
  options: DialOptions,
): Promise<Client | Refusal> {
  const ws = new WebSocket(urlOf(options), { perMessageDeflate: false, headers: options.headers ?? {}, ...options.ws });
  const client = new Client(ws, options.query?.sendID ?? defaultQuery.sendID);
  const { promise, resolve, reject } = Promise.withResolvers<Client | Refusal>();
  ws.once('open', () => resolve(client));
  ws.once('unexpected-response', (_request, response) => readRefusal(response).then(resolve, reject));
  ws.once('error', reject);
  return within('the answer to a handshake', promise);
}

/** What clients have in common, whatever is in their binary frames. */
export class FrameClient {
  readonly ws: WebSocket;
  readonly userID: string;
  readonly #closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #frames: Frame[] = [];
  readonly #readers: { resolve: (frame: Frame) => void; reject: (error: Error) => void }[] = [];

  constructor(ws: WebSocket, userID: string) {
    this.ws = ws;
    this.userID = userID;
    ws.on('message', (data, isBinary) => this.#receive({ isBinary, data: data as Buffer }));
    ws.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => {
        for (const { reject } of this.#readers.splice(0)) reject(new Error(`closed with ${code} ${reason}`));
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Resolves when the connection has ended; 1006 without a close frame from the server. */
  get closed(): Promise<{ readonly code: number; readonly reason: string }> {
    const closed = within(`the socket of ${this.userID} to close`, this.#closed);
    // A test that has failed before it got to wait is not to fail another one later.
    closed.catch(() => undefined);
    return closed;
  }

  /** Frames that have come and that no `next` has taken. */
  get pending(): readonly Frame[] {
    return this.#frames;
  }

  /** The next frame, in order; rejects if the connection ends before one comes. */
  next(): Promise<Frame> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.ws.readyState === WebSocket.CLOSED) return Promise.reject(new Error('closed'));
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    this.#readers.push({ resolve, reject });
    return within(`a frame for ${this.userID}`, promise);
  }

  async nextText(): Promise<string> {
    const { isBinary, data } = await this.next();
    if (isBinary) throw new Error('expected a text frame');
    return data.toString();
  }

  async nextBinary(): Promise<Buffer> {
    const { isBinary, data } = await this.next();
    if (!isBinary) throw new Error(`expected a binary frame, not ${data}`);
    return data;
  }

  /** Resolves when the server has read everything that was sent before. */
  async roundTrip(): Promise<void> {
    const pong = once(this.ws, 'pong');
    this.ws.ping();
    await within('a pong', pong);
  }

  async close(): Promise<void> {
    this.ws.close();
    await this.closed;
  }

  #receive(frame: Frame): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#frames.push(frame);
    else reader.resolve(frame);
  }
}

export class SocketClient extends FrameClient {
  #increments = 0;

  async nextReply(): Promise<JsonReply> {
    return JSON.parse((await this.nextBinary()).toString()) as JsonReply;
  }

  /** Sends a request in the JSON codec. */
  send(
    reqIdentifier: number,
    data: Uint8Array = new Uint8Array(),
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.ws.send(
      Buffer.from(
        JSON.stringify({
          reqIdentifier,
          msgIncr: `incr-${++this.#increments}`,
          sendID: this.userID,
          operationID: 'op',
          data: Buffer.from(data).toString('base64'),
          ...fields,
        }),
      ),
    );
  }

  /** Sends a request and takes the next frame for its reply. */
  request(reqIdentifier: number, data?: Uint8Array, fields?: Readonly<Record<string, unknown>>): Promise<JsonReply> {
    this.send(reqIdentifier, data, fields);
    return this.nextReply();
  }
}

async function readRefusal(response: IncomingMessage): Promise<Refusal> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: Buffer.concat(chunks).toString(),
  };
}
