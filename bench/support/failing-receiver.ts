/** A receiver of webhooks that fails for a while, and keeps account of what it took: order, repeats and losses. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FailingReceiverOptions {
  /** Of its answers, while it fails. */
  readonly failedShare: number;
  /** From 0 to 1. */
  readonly random: { next(): number };
}

/** Hooks of messages whose content is `{"chat": ..., "n": ...}`, with n rising in each chat. */
export class FailingReceiver implements AsyncDisposable {
  isFailing = true;
  requests = 0;
  failed = 0;
  /** Taken for the first time. */
  delivered = 0;
  /** Taken again with the same ID. */
  repeated = 0;
  /** Taken again with another ID. */
  renamed = 0;
  /** Taken for the first time after a younger one of its chat. */
  disordered = 0;
  readonly #options: FailingReceiverOptions;
  /** The ID under which each hook was taken. */
  readonly #taken = new Map<string, string>();
  readonly #newest = new Map<string, number>();
  #onDelivered = Promise.withResolvers<void>();
  readonly #server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(await text(request));
      this.requests += 1;
      if (this.isFailing && this.#options.random.next() < this.#options.failedShare) {
        this.failed += 1;
        response.writeHead(503).end('<html>busy</html>');
        return;
      }
      this.#take(String(request.headers['webhook-id']), body);
      response.end('{}');
    })();
  });

  private constructor(options: FailingReceiverOptions) {
    this.#options = options;
  }

  static async open(options: FailingReceiverOptions): Promise<FailingReceiver> {
    const receiver = new FailingReceiver(options);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when it has taken so many. */
  async taken(count: number): Promise<void> {
    while (this.delivered < count) await this.#onDelivered.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(id: string, { callbackCommand, content }: { callbackCommand: string; content: string }): void {
    const { chat, n } = JSON.parse(JSON.parse(content).content);
    const hook = `${callbackCommand} ${chat} ${n}`;
    const before = this.#taken.get(hook);
    if (before !== undefined) {
      if (before === id) this.repeated += 1;
      else this.renamed += 1;
      return;
    }
    this.#taken.set(hook, id);
    if (n < (this.#newest.get(chat) ?? 0)) this.disordered += 1;
    this.#newest.set(chat, Math.max(n, this.#newest.get(chat) ?? 0));
    this.delivered += 1;
    this.#onDelivered.resolve();
    this.#onDelivered = Promise.withResolvers();
  }
}
