/**
 * One device in a cluster under faults, as an SDK behaves: it comes back when its connection ends, pulls what it missed,
 * and sends a message with the same clientMsgID until it is acknowledged. Of what happens to it, it keeps what a user was
 * promised.
 */
import { setTimeout as passed } from 'node:timers/promises';
import { WebSocket } from 'ws';
import {
  GetMaxSeqReq,
  GetMaxSeqResp,
  MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
  PushMessages,
  SendMsgResp,
} from '../../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../../src/protocol/message.ts';
import { reqIdentifiers } from '../../../src/protocol/numbers/request-identifiers.ts';
import { type JsonReply, urlOf } from '../socket-client.ts';

export interface TrafficClientOptions {
  readonly userID: string;
  readonly token: string;
  /** Of the balancer. */
  readonly gatewayPort: number;
}

export interface Sent {
  readonly clientMsgID: string;
  /** By the monotonic clock. */
  acknowledgedAtMs?: number;
  serverMsgID?: string;
}

export interface Received {
  readonly clientMsgID: string;
  /** By the monotonic clock. */
  readonly atMs: number;
  /** If it was pushed: since when the connection had caught up, by the same clock. */
  readonly connectedAtMs: number | undefined;
}

/** Seqs of a conversation that were not pushed between two that were. */
interface Gap {
  readonly conversationID: string;
  readonly after: number;
  readonly before: number;
}

export type Target = { readonly recvID: string } | { readonly groupID: string };

/** A node that stands still answers nothing: so long after a request the client looks for another one. */
const answerLimitMs = 4000;
const retryMs = 150;
const pageSize = 100;

export class TrafficClient {
  readonly sent: Sent[] = [];
  /** By conversation and seq. */
  readonly received = new Map<string, Map<number, Received>>();
  /** What must not happen. */
  readonly faults: string[] = [];
  connections = 0;
  readonly #options: TrafficClientOptions;
  readonly #waiting = new Map<string, PromiseWithResolvers<JsonReply>>();
  #ws: WebSocket | undefined;
  #connected = Promise.withResolvers<void>();
  /** Of this connection, by conversation the newest seq that was pushed. */
  #pushed = new Map<string, number>();
  /** Of this connection, what pushes left out before it had caught up: it has to pull that. */
  #leftOut: Gap[] = [];
  #requests = 0;
  /** By the monotonic clock. */
  #caughtUpAtMs: number | undefined;
  #isOver = false;

  constructor(options: TrafficClientOptions) {
    this.#options = options;
  }

  get userID(): string {
    return this.#options.userID;
  }

  /** Resolves as soon as there is a connection that has caught up. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Until {@link leave}. */
  async stayConnected(): Promise<void> {
    while (!this.#isOver) {
      const connection = await this.#connect().catch(() => undefined);
      if (connection === undefined) await passed(retryMs);
      else {
        // One that cannot catch up is no use.
        await this.#catchUp().then(
          () => {
            this.#caughtUpAtMs = performance.now();
            for (const gap of this.#leftOut.splice(0)) this.#checkGap(gap);
            this.#connected.resolve();
          },
          () => this.#ws?.terminate(),
        );
        await connection.closed;
      }
    }
  }

  leave(): void {
    this.#isOver = true;
    this.#ws?.close();
    setTimeout(() => this.#ws?.terminate(), 2000).unref();
  }

  /** Resolves when it is acknowledged. */
  async send(target: Target, clientMsgID: string): Promise<void> {
    const sent: Sent = { clientMsgID };
    this.sent.push(sent);
    const isGroup = 'groupID' in target;
    const message = newMsgData({
      ...{ sendID: this.userID, clientMsgID, ...target, sessionType: isGroup ? 3 : 1 },
      ...{ msgFrom: 100, contentType: 101, senderPlatformID: 5 },
      content: Buffer.from(JSON.stringify({ content: clientMsgID })),
    });
    const encoded = MsgData.encode(message).finish();
    while (!this.#isOver) {
      await this.connected;
      const reply = await this.#request(reqIdentifiers.sendMessage, encoded).catch(() => undefined);
      if (reply !== undefined) {
        sent.serverMsgID = SendMsgResp.decode(reply).serverMsgID;
        sent.acknowledgedAtMs = performance.now();
        return;
      }
      await passed(retryMs);
    }
  }

  /** @returns a promise of its end, in an object: by itself it would be waited for */
  async #connect(): Promise<{ readonly closed: Promise<void> }> {
    const { userID, token, gatewayPort } = this.#options;
    const ws = new WebSocket(urlOf({ port: gatewayPort, query: { sendID: userID, token } }), {
      perMessageDeflate: false,
      handshakeTimeout: answerLimitMs,
    });
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    ws.once('open', opened.resolve);
    ws.on('error', opened.reject);
    ws.once('unexpected-response', async (_request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      this.#checkRefusal(Buffer.concat(chunks).toString());
      opened.reject(new Error(`answered ${response.statusCode}`));
    });
    ws.on('message', (data) => this.#receive(ws, JSON.parse(data.toString()) as JsonReply));
    ws.once('close', () => {
      if (this.#ws === ws) {
        this.#ws = undefined;
        if (this.#caughtUpAtMs !== undefined) this.#connected = Promise.withResolvers();
        this.#caughtUpAtMs = undefined;
        for (const { reject } of this.#waiting.values()) reject(new Error('closed'));
        this.#waiting.clear();
      }
      closed.resolve();
    });
    await opened.promise;
    this.#ws = ws;
    this.#pushed = new Map();
    this.#leftOut = [];
    this.connections += 1;
    return { closed: closed.promise };
  }

  #checkRefusal(body: string): void {
    const code = /"errCode":(\d+)/.exec(body)?.[1] ?? '';
    if (code.startsWith('15')) this.faults.push(`the live token of ${this.userID} was refused with ${code}`);
  }

  async #catchUp(): Promise<void> {
    const { userID } = this;
    const { maxSeqs } = GetMaxSeqResp.decode(
      await this.#request(reqIdentifiers.getMaxSeq, GetMaxSeqReq.encode({ userID }).finish()),
    );
    for (const [conversationID, newest] of maxSeqs) {
      if (conversationID.startsWith('n_')) continue;
      for (let begin = 1; begin <= newest; begin += 1) {
        if (this.received.get(conversationID)?.has(begin)) continue;
        const end = Math.min(newest, begin + pageSize - 1);
        await this.#pull(conversationID, begin, end);
        begin = end;
      }
    }
  }

  async #pull(conversationID: string, begin: number, end: number): Promise<void> {
    const seqRanges = [{ conversationID, begin, end, num: pageSize }];
    const request = PullMessageBySeqsReq.encode({ userID: this.userID, seqRanges, order: 0 }).finish();
    const reply = await this.#request(reqIdentifiers.pullMessagesBySeqRanges, request);
    const { msgs } = PullMessageBySeqsResp.decode(reply);
    for (const message of msgs.get(conversationID)?.Msgs ?? []) this.#keep(conversationID, message, false);
  }

  async #request(reqIdentifier: number, data: Uint8Array): Promise<Buffer> {
    const ws = this.#ws;
    if (ws === undefined) throw new Error('not connected');
    const msgIncr = String(++this.#requests);
    const answered = Promise.withResolvers<JsonReply>();
    this.#waiting.set(msgIncr, answered);
    const limit = setTimeout(() => ws.terminate(), answerLimitMs);
    const envelope = { msgIncr, sendID: this.userID, operationID: msgIncr, data: Buffer.from(data).toString('base64') };
    ws.send(Buffer.from(JSON.stringify({ reqIdentifier, ...envelope })));
    const reply = await answered.promise.finally(() => clearTimeout(limit));
    if (reply.errCode === 0) return Buffer.from(reply.data ?? '', 'base64');
    if (reply.errCode !== 500) this.faults.push(`${reqIdentifier} of ${this.userID} was answered ${reply.errCode}`);
    throw new Error(`answered ${reply.errCode}`);
  }

  #receive(ws: WebSocket, reply: JsonReply): void {
    if (ws !== this.#ws) return;
    if (reply.reqIdentifier === reqIdentifiers.kickOnline) this.faults.push(`${this.userID} was kicked`);
    if (reply.reqIdentifier !== reqIdentifiers.pushMessage) {
      this.#waiting.get(reply.msgIncr)?.resolve(reply);
      this.#waiting.delete(reply.msgIncr);
      return;
    }
    const { msgs } = PushMessages.decode(Buffer.from(reply.data ?? '', 'base64'));
    for (const [conversationID, { Msgs }] of msgs) {
      for (const message of Msgs) {
        if (message.seq === 0) continue;
        const last = this.#pushed.get(conversationID);
        // What is pushed again, clients take once.
        this.#pushed.set(conversationID, Math.max(last ?? 0, message.seq));
        this.#keep(conversationID, message, true);
        if (last === undefined || message.seq <= last + 1) continue;
        const gap = { conversationID, after: last, before: message.seq };
        if (this.#caughtUpAtMs === undefined) this.#leftOut.push(gap);
        else this.#checkGap(gap);
      }
    }
  }

  /** What a client has pulled when it connected need not be pushed to it, though what came before that may be, late. */
  #checkGap({ conversationID, after, before }: Gap): void {
    const have = this.received.get(conversationID);
    for (let seq = after + 1; seq < before; seq += 1) {
      if (have?.has(seq) === true) continue;
      this.faults.push(`${this.userID} was pushed ${conversationID}/${before} after ${after}, and had no ${seq}`);
      return;
    }
  }

  #keep(conversationID: string, { seq, clientMsgID }: MsgData, isPushed: boolean): void {
    const messages = this.received.get(conversationID) ?? new Map<number, Received>();
    this.received.set(conversationID, messages);
    const known = messages.get(seq);
    if (known === undefined) {
      const connectedAtMs = isPushed ? this.#caughtUpAtMs : undefined;
      messages.set(seq, { clientMsgID, atMs: performance.now(), connectedAtMs });
    } else if (known.clientMsgID !== clientMsgID) {
      this.faults.push(`${this.userID} has two messages as ${conversationID}/${seq}`);
    }
  }
}
