/** A device that keeps what it is pushed in chats, in the order in which it came, and when. */
import { PushMessages } from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { connect, type DialOptions, type SocketClient } from './socket-client.ts';
import { within } from './within.ts';

export interface Arrived {
  readonly seq: number;
  readonly sendID: string;
  readonly contentType: number;
  /** Of a change that is shown in the chat, what it tells, in JSON. */
  readonly text: string;
  /** By the monotonic clock. */
  readonly arrivedAtMs: number;
}

export class PushLog {
  readonly messages: Arrived[] = [];
  readonly client: SocketClient;
  #onMessage = Promise.withResolvers<void>();

  private constructor(client: SocketClient) {
    this.client = client;
    void this.#read();
  }

  /** The user comes from the query. Resolves once the device gets pushes. */
  static async open(options: DialOptions): Promise<PushLog> {
    const client = await connect(options);
    // Its first request is read when the other nodes know of it.
    await client.request(reqIdentifiers.getMaxSeq);
    return new PushLog(client);
  }

  get seqs(): readonly number[] {
    return this.messages.map(({ seq }) => seq);
  }

  /** The message that says so, once it has come. */
  async message(text: string): Promise<Arrived> {
    return within(`"${text}" to come to ${this.client.userID}`, this.#find(text));
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async #find(text: string): Promise<Arrived> {
    for (;;) {
      const found = this.messages.find((message) => message.text === text);
      if (found !== undefined) return found;
      await this.#onMessage.promise;
    }
  }

  async #read(): Promise<void> {
    for (;;) {
      const reply = await this.client.nextReply().catch(() => undefined);
      if (reply === undefined) {
        if (this.client.ws.readyState !== this.client.ws.OPEN) return;
        continue;
      }
      if (reply.reqIdentifier !== reqIdentifiers.pushMessage) continue;
      const { msgs } = PushMessages.decode(Buffer.from(reply.data ?? '', 'base64'));
      const arrivedAtMs = performance.now();
      for (const [, { Msgs }] of msgs) {
        for (const message of Msgs) {
          const { seq, sendID, contentType } = message;
          const content = JSON.parse(Buffer.from(message.content).toString());
          this.messages.push({ seq, sendID, contentType, text: content.content ?? content.detail, arrivedAtMs });
        }
      }
      this.#onMessage.resolve();
      this.#onMessage = Promise.withResolvers();
    }
  }
}
