/**
 * A user of bench/mixed with one connection at a time: keeps which seqs it has of each conversation, pulls what it missed
 * after each connection, and checks what is pushed to it (promises M2 and M4).
 */
import { WebSocket } from 'ws';
import { isNotificationConversation } from '../../src/protocol/conversation-id.ts';
import {
  GetMaxSeqReq,
  GetMaxSeqResp,
  MsgData,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
  type PullMsgs,
  PushMessages,
  SendMsgResp,
  type SeqRange,
} from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { type JsonReply, urlOf } from '../../test/support/socket-client.ts';
import { within } from '../../test/support/within.ts';
import type { MixedRecord } from './mixed-record.ts';
import { SeqSpans } from './seq-spans.ts';

export interface MixedClientOptions {
  readonly userID: string;
  readonly token: string;
  readonly wsPort: number;
  readonly record: MixedRecord;
  /** Connections that the server or the system ended. */
  readonly onLost: () => void;
}

export interface SeenMessage {
  readonly conversationID: string;
  readonly seq: number;
  readonly sendID: string;
}

/** A request that was answered with an error of the protocol. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(`${code} ${text}`);
    this.code = code;
  }
}

/** The connection ended before the answer. */
export class Lost extends Error {}

/** Messages that are asked for at once. */
const pageSize = 100;
/** Ranges in one request. */
const maxRanges = 50;
/** Of one conversation, that are pulled after a connection: the rest is for who pages back. */
const maxMissed = 200;
const maxRecent = 20;

export class MixedClient {
  readonly userID: string;
  readonly token: string;
  /** Of chats, the newest that were pushed, the last one last. */
  readonly recent: SeenMessage[] = [];
  /** Takes part in nothing else for now. */
  isBusy = false;
  pushes = 0;
  readonly #options: MixedClientOptions;
  readonly #spans = new Map<string, SeqSpans>();
  /** Of this connection, by conversation the newest that was pushed. */
  readonly #lastPushed = new Map<string, number>();
  readonly #waiting = new Map<string, PromiseWithResolvers<JsonReply>>();
  #ws: WebSocket | undefined;
  #requests = 0;

  constructor(options: MixedClientOptions) {
    this.#options = options;
    this.userID = options.userID;
    this.token = options.token;
  }

  get isConnected(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN;
  }

  newestOf(conversationID: string): number {
    return this.#spans.get(conversationID)?.newest ?? 0;
  }

  /** Connects, and pulls what it missed. */
  async connect(): Promise<void> {
    const { wsPort: port, userID, token } = this.#options;
    const ws = new WebSocket(urlOf({ port, query: { sendID: userID, token } }), { perMessageDeflate: false });
    const opened = Promise.withResolvers<void>();
    ws.once('open', opened.resolve);
    ws.on('error', opened.reject);
    ws.on('message', (data) => this.#receive(ws, JSON.parse(data.toString()) as JsonReply));
    ws.once('close', () => this.#onClose(ws));
    this.#ws = ws;
    this.#lastPushed.clear();
    // What is pushed from now on says nothing of what came before it.
    const known = new Map([...this.#spans].map(([conversationID, { newest }]) => [conversationID, newest]));
    await within(`the handshake of ${userID}`, opened.promise);
    await this.#catchUp(known);
  }

  /** Ends this connection as a lost network does, or with a close frame. */
  disconnect(isCut: boolean): void {
    const ws = this.#ws;
    this.#ws = undefined;
    this.#forgetWaiting();
    if (isCut) ws?.terminate();
    else ws?.close();
  }

  /** As a client that has no time to read. */
  stopReading(): void {
    this.#ws?.pause();
  }

  readOn(): void {
    this.#ws?.resume();
  }

  /** What is pushed of a group after this need not follow what was pushed before. */
  leftOrJoined(groupID: string): void {
    this.#lastPushed.delete(`sg_${groupID}`);
    this.#lastPushed.delete(`n_${groupID}`);
  }

  async send(message: MsgData): Promise<SendMsgResp> {
    return SendMsgResp.decode(await this.#request(reqIdentifiers.sendMessage, MsgData.encode(message).finish()));
  }

  /** Pulls what it does not have of a window. @returns what is missing even then */
  async complete(conversationID: string, lower: number, upper: number): Promise<string[]> {
    const spans = this.#spansOf(conversationID);
    await this.#pull(pagesOf(conversationID, spans, lower, upper));
    return spans.missing(lower, upper).map(({ begin, end }) => `${conversationID}/${begin}-${end}`);
  }

  /** The content type that a message is shown with; 0 if it is gone. */
  async shownType(conversationID: string, seq: number): Promise<number> {
    const [pulled] = await this.#pull([{ conversationID, begin: seq, end: seq, num: 1 }]);
    return pulled === undefined || pulled.content.length === 0 ? 0 : pulled.contentType;
  }

  /** @param known by conversation, the newest that it had before it connected */
  async #catchUp(known: ReadonlyMap<string, number>): Promise<void> {
    const request = GetMaxSeqReq.encode({ userID: this.userID }).finish();
    const { maxSeqs } = GetMaxSeqResp.decode(await this.#request(reqIdentifiers.getMaxSeq, request));
    const pages: SeqRange[] = [];
    for (const [conversationID, newest] of maxSeqs) {
      const begin = Math.max((known.get(conversationID) ?? 0) + 1, newest - maxMissed + 1);
      pages.push(...pagesOf(conversationID, this.#spansOf(conversationID), begin, newest));
    }
    await this.#pull(pages);
  }

  async #pull(pages: readonly SeqRange[]): Promise<MsgData[]> {
    const pulled: MsgData[] = [];
    for (let from = 0; from < pages.length; ) {
      // One range of a conversation counts in a request.
      const seqRanges: SeqRange[] = [];
      const asked = new Set<string>();
      for (; from < pages.length && seqRanges.length < maxRanges; from += 1) {
        const page = pages[from];
        if (page === undefined || asked.has(page.conversationID)) break;
        asked.add(page.conversationID);
        seqRanges.push(page);
      }
      const request = PullMessageBySeqsReq.encode({ userID: this.userID, seqRanges, order: 0 }).finish();
      const reply = await this.#request(reqIdentifiers.pullMessagesBySeqRanges, request);
      const { msgs, notificationMsgs } = PullMessageBySeqsResp.decode(reply);
      for (const [conversationID, { Msgs }] of [...msgs, ...notificationMsgs]) {
        for (const message of Msgs) {
          this.#keep(conversationID, message);
          pulled.push(message);
        }
      }
    }
    return pulled;
  }

  async #request(reqIdentifier: number, data: Uint8Array): Promise<Buffer> {
    if (!this.isConnected) throw new Lost('no connection');
    const msgIncr = String(++this.#requests);
    const operationID = `${this.userID}-${msgIncr}`;
    const answered = Promise.withResolvers<JsonReply>();
    this.#waiting.set(msgIncr, answered);
    const envelope = { msgIncr, sendID: this.userID, operationID, data: Buffer.from(data).toString('base64') };
    this.#ws?.send(Buffer.from(JSON.stringify({ reqIdentifier, ...envelope })));
    const reply = await within(`an answer to ${reqIdentifier} of ${this.userID}`, answered.promise);
    if (reply.errCode !== 0) throw new Refusal(reply.errCode, reply.errMsg);
    return Buffer.from(reply.data ?? '', 'base64');
  }

  #receive(ws: WebSocket, reply: JsonReply): void {
    if (ws !== this.#ws) return;
    if (reply.reqIdentifier === reqIdentifiers.pushMessage) {
      const { msgs, notificationMsgs } = PushMessages.decode(Buffer.from(reply.data ?? '', 'base64'));
      for (const [conversationID, pushed] of [...msgs, ...notificationMsgs]) this.#takePushed(conversationID, pushed);
      return;
    }
    this.#waiting.get(reply.msgIncr)?.resolve(reply);
    this.#waiting.delete(reply.msgIncr);
  }

  #takePushed(conversationID: string, { Msgs }: PullMsgs): void {
    for (const message of Msgs) {
      this.pushes += 1;
      const { seq, sendID } = message;
      // Not stored.
      if (seq === 0) continue;
      const last = this.#lastPushed.get(conversationID);
      if (last !== undefined && seq !== last + 1) {
        this.#options.record.fault(`${this.userID} was pushed ${conversationID}/${seq} after ${last}`);
      }
      this.#lastPushed.set(conversationID, seq);
      this.#keep(conversationID, message);
      if (isNotificationConversation(conversationID)) continue;
      this.recent.push({ conversationID, seq, sendID });
      if (this.recent.length > maxRecent) this.recent.shift();
    }
  }

  #keep(conversationID: string, { seq, clientMsgID }: MsgData): void {
    this.#options.record.see(this.userID, conversationID, seq, clientMsgID);
    this.#spansOf(conversationID).add(seq);
  }

  #spansOf(conversationID: string): SeqSpans {
    const spans = this.#spans.get(conversationID) ?? new SeqSpans();
    this.#spans.set(conversationID, spans);
    return spans;
  }

  #onClose(ws: WebSocket): void {
    if (ws !== this.#ws) return;
    this.#ws = undefined;
    this.#forgetWaiting();
    this.#options.onLost();
  }

  #forgetWaiting(): void {
    for (const { reject } of this.#waiting.values()) reject(new Lost('closed'));
    this.#waiting.clear();
  }
}

function pagesOf(conversationID: string, spans: SeqSpans, lower: number, upper: number): SeqRange[] {
  const pages: SeqRange[] = [];
  for (const { begin: first, end: last } of spans.missing(lower, upper)) {
    for (let begin = first; begin <= last; begin += pageSize) {
      pages.push({ conversationID, begin, end: Math.min(last, begin + pageSize - 1), num: pageSize });
    }
  }
  return pages;
}
