/** What the stand-ins of push services over HTTP/1.1 have in common: a server, what it was asked, and faults on demand. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** In place of an answer: the connection is reset, or nothing ever comes. */
export type Fault = Answer | 'reset' | 'hang';

export abstract class HttpStandIn implements AsyncDisposable {
  /** Pushes that were taken, and those that were answered otherwise. */
  readonly asked: Asked[] = [];
  /** Answers to the next pushes in place of the right one. */
  readonly faults: Fault[] = [];
  /** To everything, while it is set. */
  outage: Fault | undefined;
  readonly #server: Server;
  #url = '';

  constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        const asked = { method, path, headers, body: Buffer.concat(pieces).toString() };
        void this.#serve(asked, response);
      });
    });
  }

  get url(): string {
    return this.#url;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Resets every connection: what hangs hangs no longer. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Whether faults are for this request, which is no login, say. */
  protected abstract isPush(asked: Asked): boolean;
  protected abstract answer(asked: Asked): Promise<Answer>;

  async #serve(asked: Asked, response: ServerResponse): Promise<void> {
    const isPush = this.isPush(asked);
    if (isPush) this.asked.push(asked);
    const fault = this.outage ?? (isPush ? this.faults.shift() : undefined);
    if (fault === 'hang') return;
    if (fault === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    const { status, json, headers } = fault ?? (await this.answer(asked));
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers });
    response.end(json === undefined ? '' : JSON.stringify(json));
  }
}
