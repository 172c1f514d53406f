/**
 * One open connection: takes its frames one after another, answers them, and ends it for every reason there is.
 * Protocol: websocket.md 2.2, 3.2, 3.4.
 */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Caller } from '../../kernel/caller.ts';
import type { OnlineConnection } from '../../presence/presence.ts';
import { FrameDecodeError, type SocketRequest } from '../../protocol/frames/frames.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Session as TokenSession } from '../../tokens/session.ts';
import type { GatewayLimits } from '../limits.ts';
import type { Dispatcher } from '../requests/dispatch.ts';
import type { ConnectionControl } from '../requests/request-handler.ts';
import type { Subscriptions } from '../subscriptions.ts';
import { binaryFrame } from './binary-frame.ts';
import { type CloseReason, type CutReason, closeReasons, cutReasons } from './close-reason.ts';
import type { FrameVariant, SharedFrame } from './frame-variant.ts';
import type { HeldReader, InboundBytes } from './inbound-bytes.ts';
import { Pongs } from './pongs.ts';
import type { Pulse } from './pulse.ts';
import { PushHold } from './push-hold.ts';
import type { Recheck } from './recheck.ts';
import type { Turns } from './turns.ts';
import { type FlushQueue, Writer } from './writer.ts';

/** What all sessions of a gateway share. */
export interface SessionEnvironment {
  readonly dispatcher: Dispatcher;
  readonly answerText: (frame: Uint8Array) => string | null;
  /** The 2002 frame. */
  readonly kickFrame: SharedFrame;
  readonly flushes: FlushQueue;
  readonly turns: Turns;
  readonly inbound: InboundBytes;
  readonly subscriptions: Subscriptions;
  readonly limits: GatewayLimits;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly pulse: Pick<Pulse, 'seconds' | 'nextPhase'>;
  readonly recheck: Pick<Recheck, 'isDue' | 'confirm'>;
  /** Unix ms. */
  readonly clock: () => number;
  /** Milliseconds that only go forward. */
  readonly monotonicMs: () => number;
}

/** How long a client of which there is reason to think that it has left may take to show that it has not. */
const probeMs = 5000;

/** Tells the ping of a drain from those of the pulse. */
const drainPing = 'drain';

/** One connection that has passed every check of the handshake. */
export interface Connection {
  readonly ws: WebSocket;
  /** The TCP connection under `ws`. */
  readonly socket: Duplex;
  /** Names the connection in logs. */
  readonly connID: string;
  readonly token: TokenSession;
  /** When the check of the token began, by the monotonic clock. */
  readonly askedAtMs: number;
  readonly variant: FrameVariant;
  /** What the client said of its application when it connected. */
  readonly isBackground: boolean;
}

export interface SessionObserver {
  /** Ends the session if it is one of many that are about to be ended. */
  beforeRequest(session: Session): void;
  /** It is in the background now, or no more. */
  onChanged(session: Session): void;
  // Told once each, in this order.
  /** No more frames are taken or pushed. */
  onEnding(session: Session): void;
  /** The socket is gone. */
  onClosed(session: Session): void;
}

export class Session implements ConnectionControl, OnlineConnection, HeldReader {
  readonly userID: string;
  readonly platformID: number;
  /** Of the token that opened the connection. */
  readonly jti: string;
  /** The key that signed it. */
  readonly kid: string;
  /** Of the token, Unix ms. */
  readonly expiresAt: number;
  readonly isAdmin: boolean;
  readonly connID: string;
  readonly variant: FrameVariant;
  /** Of that token, Unix ms. */
  readonly issuedAt: number;
  readonly loginAt: number;
  /** Unix ms: the connection ends with its token (T7). */
  endsAt: number;
  /** When the store was last known to accept the token, by the monotonic clock. */
  confirmedAtMs: number;
  /** A newer token has taken the place of its token, which is accepted for a little longer. */
  isSuperseded: boolean;
  /** Of the gateway's pulse, when the last frame came in. */
  lastSeenSeconds: number;
  readonly pingPhase: number;
  isBackground: boolean;

  readonly #environment: SessionEnvironment;
  readonly #observer: SessionObserver;
  readonly #caller: Caller;
  readonly #ws: WebSocket;
  readonly #writer: Writer;
  readonly #waiting: Buffer[] = [];
  #isWorking = false;
  #drain: 'none' | 'reading' | 'answering' = 'none';
  #isEnding = false;
  #closesAfterReply = false;
  #isDoubted = false;
  #answeredOperationID: string | undefined;
  /** Of the pure-JS SDK. */
  readonly #pushHold: PushHold | undefined;
  /** Of a client that has pinged: browsers cannot. */
  #pongs: Pongs | undefined;

  constructor(connection: Connection, environment: SessionEnvironment, observer: SessionObserver) {
    const { ws, socket, connID, token, askedAtMs, variant, isBackground } = connection;
    this.userID = token.userID;
    this.platformID = token.platformID;
    this.jti = token.jti;
    this.kid = token.kid;
    this.expiresAt = token.expiresAt;
    this.isAdmin = token.isAdmin;
    this.connID = connID;
    this.variant = variant;
    this.isBackground = isBackground;
    this.issuedAt = token.issuedAt;
    this.loginAt = token.loginAt;
    this.endsAt = token.endsAt;
    this.isSuperseded = token.isSuperseded;
    this.confirmedAtMs = askedAtMs;
    this.lastSeenSeconds = environment.pulse.seconds;
    this.pingPhase = environment.pulse.nextPhase();
    this.#environment = environment;
    this.#observer = observer;
    this.#caller = token;
    this.#ws = ws;
    this.#writer = new Writer(ws, socket, environment.flushes, environment.limits, {
      onOverflow: () => this.cut(cutReasons.slowReader),
      onRoom: () => {
        if (this.#isWorking) this.#takeTurn();
      },
    });
    if (variant.codecName === 'json') {
      this.#pushHold = new PushHold((frame) => this.#sendPush(frame), environment.monotonicMs);
    }
    ws.on('message', this.#onMessage);
    ws.on('ping', this.#onPing);
    ws.on('pong', this.#onAlive);
    ws.on('error', this.#onError);
    ws.on('close', this.#onClose);
  }

  /** True once the server or the client has begun to close: nothing is sent to it any more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The client is not read until `isReady` resolves; the connection ends if it rejects. */
  waitFor(isReady: Promise<void>): void {
    this.#ws.pause();
    isReady.then(() => this.#resume(), this.#onFailure);
  }

  /** True while the client's own requests keep us from reading what it sends. */
  get isPaused(): boolean {
    return this.#ws.isPaused;
  }

  /**
   * @param operationID of the request that caused the push
   * @returns whether the connection takes it
   */
  push(frame: SharedFrame, operationID: string): boolean {
    if (this.#isEnding) return false;
    if (!this.#pushHold?.keeps(frame, this.#isEcho(operationID))) this.#sendPush(frame);
    return true;
  }

  #sendPush(frame: SharedFrame): void {
    if (!this.#isEnding) this.#writer.send(frame.bytesFor(this.variant));
  }

  /** To be called once a second: gives up a client that has not read anything for too long. */
  look(): void {
    if (this.#writer.isStuck()) this.cut(cutReasons.slowReader);
  }

  /** A protocol ping, which every client answers by itself. */
  ping(): void {
    if (!this.#isEnding) this.#ws.ping();
  }

  /** Cuts the connection if the client does not show soon that it is there. */
  probe(): void {
    if (this.#isEnding) return;
    this.#isDoubted = true;
    this.#ws.ping();
    const timer = setTimeout(() => {
      // While we do not read, the answer may lie there.
      if (this.#isDoubted && !this.#ws.isPaused) this.cut(cutReasons.silent);
    }, probeMs).unref();
    this.#ws.once('close', () => clearTimeout(timer));
  }

  closeAfterReply(): void {
    this.#closesAfterReply = true;
  }

  setBackground(isBackground: boolean): void {
    if (isBackground === this.isBackground) return;
    this.isBackground = isBackground;
    this.#observer.onChanged(this);
  }

  subscribe(userIDs: readonly string[], unsubscribedUserIDs: readonly string[]): void {
    if (!this.#isEnding) this.#environment.subscriptions.change(this, userIDs, unsubscribedUserIDs);
  }

  /**
   * Ends the connection: what is queued goes out, then a close frame. More than once is the same as once. Requests under
   * way finish without an answer.
   */
  end(reason: CloseReason): void {
    if (this.#isEnding) return;
    this.#beginEnd(reason.name);
    if (reason === closeReasons.kicked) {
      this.#writer.send(this.#environment.kickFrame.bytesFor(this.variant));
    }
    this.#writer.finish();
    this.#ws.close(reason.code, reason.text);
    this.#writer.flush();
    // The client's part of the closing handshake has to be read.
    this.#ws.resume();
  }

  /** Ends the connection at once, whatever is queued; also one that has begun to end. */
  cut(reason: CutReason): void {
    if (!this.#isEnding) this.#beginEnd(reason);
    this.#ws.terminate();
  }

  /**
   * Answers what is under way, and then closes so that the client goes elsewhere (O3). What that is, the client's pong
   * says: whatever it sent before our ping reached it has arrived by then. One that does not answer is read for
   * `drainReadingMs`.
   */
  drain(): void {
    if (this.#isEnding || this.#drain !== 'none') return;
    this.#drain = 'reading';
    this.#ws.on('pong', (payload: Buffer) => {
      if (payload.toString() === drainPing) this.#stopReadingSoon();
    });
    this.#ws.ping(drainPing);
    const timer = setInterval(() => {
      // While we do not read, the answer may lie there.
      if (!this.#ws.isPaused) this.#stopReading();
    }, this.#environment.limits.drainReadingMs);
    this.#ws.once('close', () => clearInterval(timer));
  }

  readonly #onMessage = (data: RawData, isBinary: boolean): void => {
    this.#onAlive();
    if (this.#isEnding || this.#drain === 'answering') return;
    // Of ws's three types of data only this one is configured.
    const frame = data as Buffer;
    if (!isBinary) {
      this.#answerText(frame);
      return;
    }
    const { inbound, limits } = this.#environment;
    this.#waiting.push(frame);
    inbound.take(this.userID, frame.length);
    if (this.#waiting.length >= limits.maxWaitingRequests || inbound.isFull(this.userID)) this.#ws.pause();
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#takeTurn();
  };

  readonly #onAlive = (): void => {
    this.#isDoubted = false;
    this.lastSeenSeconds = this.#environment.pulse.seconds;
  };

  readonly #onPing = (payload: Buffer): void => {
    this.#onAlive();
    this.#pongs ??= new Pongs(this.#ws);
    this.#pongs.answer(payload);
  };

  /** The library has answered with a close frame of the right code; without a listener it would end the process. */
  readonly #onError = (error: Error): void => {
    this.#environment.logger.debug({ connID: this.connID, reason: error.message }, 'socket failed');
    if (!this.#isEnding) this.#beginEnd(cutReasons.webSocketError);
  };

  /** Of our own code, not of a request: a reply that cannot be encoded. */
  readonly #onFailure = (error: unknown): void => {
    this.#environment.logger.error({ err: error, connID: this.connID }, 'connection failed');
    this.end(closeReasons.failed);
  };

  readonly #onClose = (): void => {
    if (!this.#isEnding) this.#beginEnd('');
    this.#observer.onClosed(this);
  };

  /** @param name the label of the disconnect counter; empty if it was the client that closed */
  #beginEnd(name: string): void {
    this.#isEnding = true;
    const { inbound } = this.#environment;
    inbound.letGo(this);
    for (const frame of this.#waiting.splice(0)) inbound.give(this.userID, frame.length);
    this.#environment.logger.debug({ connID: this.connID, reason: name }, 'socket ends');
    if (name !== '') this.#environment.metrics.gatewayDisconnects.inc({ reason: name });
    this.#observer.onEnding(this);
  }

  /** Heartbeats do not wait for their turn: a slow request is no reason to take the server for dead. */
  #answerText(frame: Buffer): void {
    try {
      const pong = this.#environment.answerText(frame);
      if (pong !== null) this.#writer.send(pong);
    } catch (error) {
      this.#endForBadFrame(error);
    }
  }

  #takeTurn(): void {
    this.#environment.turns.add(this.userID, this.#onTurn);
  }

  readonly #onTurn = (): void => {
    const frame = this.#waiting.shift();
    if (frame !== undefined) void this.#work(frame);
    // It has ended meanwhile.
    else this.#isWorking = false;
  };

  async #work(frame: Buffer): Promise<void> {
    try {
      await this.#handle(frame);
    } catch (error) {
      this.#onFailure(error);
    }
    this.#environment.inbound.give(this.userID, frame.length);
    this.readOn();
    if (this.#waiting.length === 0) {
      this.#isWorking = false;
      if (this.#drain === 'answering') this.end(closeReasons.shuttingDown);
    } else if (!this.#writer.isBehind) {
      this.#takeTurn();
    }
  }

  /** Reads again what the client sends, if there is room for it. */
  readOn(): void {
    if (!this.#ws.isPaused || this.#isEnding) return;
    const { inbound, limits } = this.#environment;
    if (this.#waiting.length >= limits.maxWaitingRequests / 2) return;
    if (inbound.isFull(this.userID)) inbound.hold(this);
    else this.#resume();
  }

  /** Two turns of the event loop later: what came with the pong, or just after it, is still read. */
  #stopReadingSoon(): void {
    setImmediate(() => setImmediate(() => this.#stopReading()));
  }

  #stopReading(): void {
    this.#drain = 'answering';
    if (!this.#isWorking) this.end(closeReasons.shuttingDown);
  }

  #resume(): void {
    this.#onAlive();
    this.#ws.resume();
  }

  async #handle(frame: Buffer): Promise<void> {
    const request = this.#decode(frame);
    if (request === undefined) return;
    this.#observer.beforeRequest(this);
    if (this.#isEnding) return;
    const origin = { caller: this.#caller, connection: this, connID: this.connID };
    const { recheck, dispatcher } = this.#environment;
    const doubt = recheck.isDue(this) ? await recheck.confirm(this) : undefined;
    if (this.#isEnding) return;
    // The pulse may be late; a request after the token's end is not to be served (T7).
    if (this.#environment.clock() >= this.endsAt) return this.end(closeReasons.tokenExpired);
    const { inbound } = this.#environment;
    inbound.take(this.userID, request.data.length);
    this.#pushHold?.beginRequest(request.reqIdentifier);
    const reply = await dispatcher.answer(request, origin, doubt);
    inbound.give(this.userID, request.data.length);
    if (this.#isEnding) return;
    this.#writer.send(binaryFrame(this.variant.encodeReply(reply)));
    this.#answeredOperationID = reply.operationID;
    this.#pushHold?.endRequest(request.reqIdentifier);
    if (this.#closesAfterReply) this.end(closeReasons.loggedOut);
  }

  /** Undefined if the frame has ended the connection. */
  #decode(frame: Buffer): SocketRequest | undefined {
    let request: SocketRequest;
    try {
      request = this.variant.decodeRequest(frame);
    } catch (error) {
      this.#endForBadFrame(error);
      return undefined;
    }
    if (request.sendID !== this.userID) this.end(closeReasons.wrongSender);
    else if (!this.#environment.dispatcher.knows(request.reqIdentifier)) this.end(closeReasons.unknownRequest);
    return this.#isEnding ? undefined : request;
  }

  /** Whether the client has just been told of this operation by the reply to its own request; asked once. */
  #isEcho(operationID: string): boolean {
    if (operationID === '' || operationID !== this.#answeredOperationID) return false;
    this.#answeredOperationID = undefined;
    return true;
  }

  #endForBadFrame(error: unknown): void {
    if (error instanceof FrameDecodeError) this.end(closeReasons.badFrame);
    else this.#onFailure(error);
  }
}
