/**
 * Child process: HTTP clients with next to no cost of their own, so that they outrun the server. Each of some keep-alive
 * connections sends its next request, made ahead of time, when it has its answer.
 */
import { connect, type Socket } from 'node:net';

export interface HttpOrder {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Taken in turns, from one order to the next. */
  readonly bodies: readonly string[];
  /** How many requests to send, but for those under way then. */
  readonly requests: number;
  /** After which no more are sent, however few there were. */
  readonly seconds: number;
  /** 64 if it is left out. */
  readonly connections?: number;
}

export interface HttpResult {
  readonly requests: number;
  readonly elapsedMs: number;
  /** Answers that were not 200 with errCode 0. */
  readonly failures: number;
  readonly firstFailure: string;
}

const headEnd = Buffer.from('\r\n\r\n');
const lengthName = Buffer.from('ontent-');
const success = Buffer.from('"errCode":0');
const statusOk = Buffer.from('HTTP/1.1 200');
let nextBody = 0;

process.on('message', async (order: HttpOrder) => process.send?.(await execute(order)));
process.on('disconnect', () => process.exit());

async function execute(order: HttpOrder): Promise<HttpResult> {
  const { port, path, headers, bodies, requests, seconds, connections = 64 } = order;
  const texts = bodies.map((body) => requestFor(path, headers, body));
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let left = requests;
  const take = () => {
    if (left-- <= 0 || performance.now() >= until) return undefined;
    return texts[nextBody++ % texts.length];
  };
  const clients = await Promise.all(Array.from({ length: connections }, () => Client.run(port, take)));
  return {
    requests: clients.reduce((sum, { answers }) => sum + answers, 0),
    elapsedMs: performance.now() - startedAt,
    failures: clients.reduce((sum, { failures }) => sum + failures, 0),
    firstFailure: clients.find(({ failures }) => failures > 0)?.firstFailure ?? '',
  };
}

class Client {
  answers = 0;
  failures = 0;
  firstFailure = '';
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);

  /** Resolves when there is nothing more to take and the last answer is there. */
  static run(port: number, take: () => Buffer | undefined): Promise<Client> {
    const { promise, resolve, reject } = Promise.withResolvers<Client>();
    const client = new Client(connect({ host: '127.0.0.1', port, noDelay: true }));
    const socket = client.#socket;
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    const next = () => {
      const request = take();
      if (request !== undefined) return socket.write(request);
      resolve(client);
      return socket.destroy();
    };
    socket.on('connect', next);
    socket.on('data', (chunk) => client.#read(chunk) && next());
    return promise;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @returns whether the answer is whole */
  #read(chunk: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = bytes;
    const end = bytes.indexOf(headEnd);
    if (end === -1 || bytes.length < end + headEnd.length + contentLengthOf(bytes)) return false;
    this.answers += 1;
    if (!bytes.subarray(0, statusOk.length).equals(statusOk) || !bytes.includes(success, end)) this.#fail(bytes);
    this.#rest = Buffer.alloc(0);
    return true;
  }

  #fail(answer: Buffer): void {
    this.failures += 1;
    this.firstFailure ||= answer.toString('latin1');
  }
}

/** Of a head that has Content-Length, written either way. */
function contentLengthOf(bytes: Buffer): number {
  for (let at = bytes.indexOf(lengthName); at !== -1; at = bytes.indexOf(lengthName, at + 1)) {
    const [, digits] = /^ontent-length: (\d+)/i.exec(bytes.toString('latin1', at, at + 40)) ?? [];
    if (digits !== undefined) return Number(digits);
  }
  throw new Error('an answer without Content-Length');
}

function requestFor(path: string, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
