/** A back end that is asked and told by webhooks: keeps what it heard, and answers as a test wants. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { within } from './within.ts';

export interface HeardHook {
  readonly command: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  readonly body: any;
}

/** An object is answered as JSON with status 200. */
export type HookAnswer = object | ((response: ServerResponse) => void);

export class HookReceiver implements AsyncDisposable {
  readonly heard: HeardHook[] = [];
  /** By command; `{}` where there is none. */
  readonly answers = new Map<string, HookAnswer>();
  readonly #server = createServer((request, response) => {
    void (async () => {
      const raw = await text(request);
      const url = new URL(request.url ?? '', 'http://receiver');
      const command = url.pathname.split('/').at(-1) ?? '';
      this.heard.push({ command, url, headers: request.headers, raw, body: JSON.parse(raw) });
      const answer = this.answers.get(command) ?? {};
      if (typeof answer === 'function') answer(response);
      else response.end(JSON.stringify(answer));
      this.#onHeard.resolve();
      this.#onHeard = Promise.withResolvers();
    })();
  });
  #onHeard = Promise.withResolvers<void>();

  static async open(): Promise<HookReceiver> {
    const receiver = new HookReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Once it has heard so many since `from`, all that came since then. */
  async since(from: number, count: number): Promise<readonly HeardHook[]> {
    while (this.heard.length < from + count) {
      await within(
        `${count} hooks after ${this.heard.slice(from).map(({ command }) => command)}`,
        this.#onHeard.promise,
        10_000,
      );
    }
    return this.heard.slice(from);
  }

  /** Once it has heard this command since `from`. */
  async until(from: number, command: string): Promise<void> {
    while (!this.heard.slice(from).some((hook) => hook.command === command)) {
      await within(command, this.#onHeard.promise, 10_000);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
