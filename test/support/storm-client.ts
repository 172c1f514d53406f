/**
 * A member of one group as the Go core plays it: what is pushed is kept by seq, what was missed is pulled after each
 * connection, and a message is sent with the same clientMsgID until it is acknowledged. It checks what a client relies on.
 */
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import {
  GetMaxSeqReq,
  GetMaxSeqResp,
  MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
  PushMessages,
  SendMsgResp,
} from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { type JsonReply, urlOf } from './socket-client.ts';
import type { TesseraProcess } from './tessera-process.ts';
import { within } from './within.ts';

export interface StormClientOptions {
  readonly server: Pick<TesseraProcess, 'running' | 'wsPort'>;
  readonly userID: string;
  readonly token: string;
  readonly groupID: string;
  /** Called for each message that is pushed; true cuts the connection. */
  readonly isCutBy: () => boolean;
  readonly onAcknowledged: () => void;
}

/** Messages that a client asks for at once, as the Go core does. */
const pageSize = 100;

export class StormClient {
  /** clientMsgIDs by seq. */
  readonly messages = new Map<number, string>();
  /** What was acknowledged: serverMsgIDs by clientMsgID. */
  readonly acknowledged = new Map<string, string>();
  readonly faults: string[] = [];
  pushes = 0;
  connections = 0;
  readonly #options: StormClientOptions;
  readonly #conversationID: string;
  readonly #waiting = new Map<string, PromiseWithResolvers<JsonReply>>();
  #connected = Promise.withResolvers<void>();
  #ws: WebSocket | undefined;
  /** Of this connection, the newest that was pushed. */
  #lastPushed = 0;
  #requests = 0;
  #isOver = false;

  constructor(options: StormClientOptions) {
    this.#options = options;
    this.#conversationID = `sg_${options.groupID}`;
  }

  /** Stays connected, and catches up after each connection, until {@link stop}. */
  async stayConnected(): Promise<void> {
    while (!this.#isOver) {
      const connection = await this.#connect().catch(() => undefined);
      // Refused while the server goes down or comes up.
      if (connection === undefined) {
        await setTimeout(10);
        continue;
      }
      await this.catchUp().catch(() => undefined);
      await connection.closed;
    }
  }

  /** Resolves as soon as there is a connection. */
  get connected(): Promise<void> {
    return within(`a connection of ${this.#options.userID}`, this.#connected.promise);
  }

  stop(): void {
    this.#isOver = true;
    this.cut();
  }

  /** As a client that has no time to read. */
  stopReading(): void {
    this.#ws?.pause();
  }

  /** Ends this connection; the next one is made at once. */
  cut(): void {
    // While it is paused, its end is not told either.
    this.#ws?.resume();
    this.#ws?.terminate();
  }

  async sendAll(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) await this.#sendOne(index);
  }

  /** @param pauseMs between an acknowledgement and the next message */
  async sendUntil(signal: AbortSignal, pauseMs: number): Promise<void> {
    for (let index = 0; !signal.aborted; index += 1) {
      await this.#sendOne(index);
      await setTimeout(pauseMs);
    }
  }

  /** Pulls whatever is missing up to the newest message. */
  async catchUp(): Promise<void> {
    const { userID } = this.#options;
    const { maxSeqs } = GetMaxSeqResp.decode(
      await this.#request(reqIdentifiers.getMaxSeq, GetMaxSeqReq.encode({ userID }).finish()),
    );
    const newest = maxSeqs.get(this.#conversationID) ?? 0;
    for (let begin = 1; begin <= newest; ) {
      if (this.messages.has(begin)) {
        begin += 1;
        continue;
      }
      await this.#pull(begin, Math.min(newest, begin + pageSize - 1));
      begin += pageSize;
    }
  }

  async #sendOne(index: number): Promise<void> {
    const clientMsgID = `${this.#options.userID}-${index}`;
    this.acknowledged.set(clientMsgID, await this.#insist(clientMsgID));
    this.#options.onAcknowledged();
  }

  async #pull(begin: number, end: number): Promise<void> {
    const seqRanges = [{ conversationID: this.#conversationID, begin, end, num: pageSize }];
    const request = PullMessageBySeqsReq.encode({ userID: this.#options.userID, seqRanges, order: 0 }).finish();
    const reply = await this.#request(reqIdentifiers.pullMessagesBySeqRanges, request);
    const pulled = PullMessageBySeqsResp.decode(reply).msgs.get(this.#conversationID)?.Msgs ?? [];
    for (const message of pulled) this.#keep(message);
  }

  async #insist(clientMsgID: string): Promise<string> {
    const { userID, groupID } = this.#options;
    const message = newMsgData({
      sendID: userID,
      groupID,
      clientMsgID,
      sessionType: 3,
      msgFrom: 100,
      contentType: 101,
      senderPlatformID: 5,
      content: Buffer.from(JSON.stringify({ content: clientMsgID })),
    });
    const encoded = MsgData.encode(message).finish();
    for (;;) {
      await this.connected;
      const reply = await this.#request(reqIdentifiers.sendMessage, encoded).catch(() => undefined);
      if (reply !== undefined) return SendMsgResp.decode(reply).serverMsgID;
    }
  }

  /** @returns a promise of the connection's end, in an object: by itself it would be waited for */
  async #connect(): Promise<{ readonly closed: Promise<void> }> {
    const { server, userID, token } = this.#options;
    await within('the server to run', server.running);
    const ws = new WebSocket(urlOf({ port: server.wsPort, query: { sendID: userID, token } }), {
      perMessageDeflate: false,
    });
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    ws.once('open', opened.resolve);
    ws.on('error', opened.reject);
    ws.on('message', (data) => this.#receive(ws, JSON.parse(data.toString()) as JsonReply));
    ws.once('close', () => {
      closed.resolve();
      // One that was refused: whoever waits for a connection waits for the next one.
      if (this.#ws !== ws) return;
      this.#connected = Promise.withResolvers();
      for (const { reject } of this.#waiting.values()) reject(new Error('closed'));
      this.#waiting.clear();
    });
    await within(`the handshake of ${userID}`, opened.promise);
    this.#ws = ws;
    this.#lastPushed = 0;
    this.connections += 1;
    this.#connected.resolve();
    return { closed: closed.promise };
  }

  async #request(reqIdentifier: number, data: Uint8Array): Promise<Buffer> {
    const { userID } = this.#options;
    if (this.#ws?.readyState !== WebSocket.OPEN) {
      // Its end is still to be told: who tries again at once is not to keep that from happening.
      await nextTurn();
      throw new Error('closed');
    }
    const msgIncr = String(++this.#requests);
    const answered = Promise.withResolvers<JsonReply>();
    this.#waiting.set(msgIncr, answered);
    const envelope = { msgIncr, sendID: userID, operationID: msgIncr, data: Buffer.from(data).toString('base64') };
    this.#ws.send(Buffer.from(JSON.stringify({ reqIdentifier, ...envelope })));
    const reply = await within(`an answer to ${reqIdentifier} of ${userID}`, answered.promise);
    if (reply.errCode !== 0) {
      this.faults.push(`${reqIdentifier} of ${userID} answered ${reply.errCode} ${reply.errMsg}`);
      throw new Error('refused');
    }
    return Buffer.from(reply.data ?? '', 'base64');
  }

  #receive(ws: WebSocket, reply: JsonReply): void {
    if (ws !== this.#ws) return;
    if (reply.reqIdentifier !== reqIdentifiers.pushMessage) {
      this.#waiting.get(reply.msgIncr)?.resolve(reply);
      this.#waiting.delete(reply.msgIncr);
      return;
    }
    const { msgs } = PushMessages.decode(Buffer.from(reply.data ?? '', 'base64'));
    for (const message of msgs.get(this.#conversationID)?.Msgs ?? []) {
      this.pushes += 1;
      if (this.#lastPushed !== 0 && message.seq !== this.#lastPushed + 1) {
        this.faults.push(`${this.#options.userID} was pushed ${message.seq} after ${this.#lastPushed}`);
      }
      this.#lastPushed = message.seq;
      this.#keep(message);
      if (this.#options.isCutBy()) ws.terminate();
    }
  }

  #keep({ seq, clientMsgID }: MsgData): void {
    const known = this.messages.get(seq);
    if (known !== undefined && known !== clientMsgID) {
      this.faults.push(`${this.#options.userID} has ${known} and ${clientMsgID} as ${seq}`);
    }
    this.messages.set(seq, clientMsgID);
  }
}
