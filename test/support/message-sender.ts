/**
 * A client that insists: it sends each message until it is acknowledged, with the same clientMsgID, over as many
 * connections as that takes. What it keeps is what it was promised.
 */
import { MsgData, SendMsgResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { connect, type JsonReply, type SocketClient } from './socket-client.ts';
import type { TesseraProcess } from './tessera-process.ts';

export interface Acknowledged {
  readonly clientMsgID: string;
  readonly serverMsgID: string;
  readonly sendTime: number;
}

export interface SenderOptions {
  readonly server: Pick<TesseraProcess, 'running' | 'wsPort'>;
  readonly userID: string;
  readonly token: string;
  readonly recvID: string;
  /** Called after each acknowledgement. */
  readonly onAcknowledged: () => void;
}

export class MessageSender {
  readonly acknowledged: Acknowledged[] = [];
  readonly #options: SenderOptions;
  #client: SocketClient | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends messages `0` to `count - 1`, the next one after the acknowledgement of the one before. */
  async sendAll(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const clientMsgID = `${this.#options.userID}-${index}`;
      this.acknowledged.push(await this.#insist(clientMsgID));
      this.#options.onAcknowledged();
    }
    await this.#client?.close();
  }

  async #insist(clientMsgID: string): Promise<Acknowledged> {
    for (;;) {
      try {
        this.#client ??= await this.#connect();
        const reply = await this.#send(this.#client, clientMsgID);
        if (reply.errCode !== 0) throw new Error(`the server refused ${clientMsgID}: ${reply.errCode} ${reply.errMsg}`);
        const { serverMsgID, sendTime } = SendMsgResp.decode(Buffer.from(reply.data ?? '', 'base64'));
        return { clientMsgID, serverMsgID, sendTime };
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('the server refused')) throw error;
        this.#client?.ws.terminate();
        this.#client = undefined;
        // The server is on its way back: `running` resolves when it listens.
        await this.#options.server.running;
      }
    }
  }

  #connect(): Promise<SocketClient> {
    const { server, userID, token } = this.#options;
    return connect({ port: server.wsPort, query: { sendID: userID, token } });
  }

  async #send(client: SocketClient, clientMsgID: string): Promise<JsonReply> {
    const { userID, recvID } = this.#options;
    const message = newMsgData({
      sendID: userID,
      recvID,
      clientMsgID,
      sessionType: 1,
      msgFrom: 100,
      contentType: 101,
      senderPlatformID: 5,
      content: Buffer.from(JSON.stringify({ content: clientMsgID })),
    });
    client.send(1003, MsgData.encode(message).finish());
    // Pushes of other messages come in between.
    for (let reply = await client.nextReply(); ; reply = await client.nextReply()) {
      if (reply.reqIdentifier === 1003) return reply;
    }
  }
}
