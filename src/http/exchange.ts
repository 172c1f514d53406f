/**
 * One request and its one answer. Everything that leaves the API port leaves through `send`, which therefore is where
 * headers, compression, metrics and the request log are.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Caller } from '../kernel/caller.ts';
import { errorEnvelope, successEnvelope, successEnvelopeBytes } from '../protocol/envelope.ts';
import { isOurFault, toProtocolError } from '../protocol/failure.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OperationScope } from '../telemetry/operation.ts';
import { apiUrlOf } from './api-url.ts';
import { type ArrivedBody, ClientGone, receiveBody } from './body.ts';
import type { BodyBudget, Holder } from './body-budget.ts';
import type { ClientAddresses } from './client-address.ts';
import type { FairTurns } from './fair-turns.ts';
import { gzipBody, wantsGzip } from './gzip.ts';
import { type ApiResponse, contentTypes } from './response-headers.ts';
import { RetryLater } from './retry-later.ts';
import { markSlow } from './slow-bodies.ts';
import type { FailureThrottle, Origin } from './throttle.ts';

/** Where exchanges report to; one per server. */
export interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'httpRequestSeconds' | 'errors'>;
  readonly scope: OperationScope;
  /** Milliseconds that only ever go forward; the process's own by default. */
  readonly monotonicMs?: () => number;
}

export interface Answer {
  readonly status: number;
  /** The protocol's error code, 0 for success; for answers without an envelope their HTTP status if it is a failure. */
  readonly code: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What all exchanges of a server share. */
export interface Surroundings {
  readonly telemetry: Telemetry;
  readonly addresses: ClientAddresses;
  readonly bodies: BodyBudget;
  readonly turns: FairTurns;
  /** For whatever takes a secret from somebody who has no token. */
  readonly secrets: FailureThrottle;
  /** Whether the server takes connections; a connection that stayed open after close() would keep it from stopping. */
  readonly isListening: () => boolean;
  /** Of the API as clients call it; empty: as each request says. */
  readonly publicUrl: string;
}

/** What a route does with a request; whatever it throws becomes the answer. */
export type Work = (exchange: Exchange) => Promise<void>;

/**
 * Gives a request its one answer, whatever happens in `work`. Log lines of the request carry its operationID, if it has
 * one.
 */
export function serve(exchange: Exchange, work: Work): void {
  const { operationid } = exchange.request.headers;
  const run = () => exchange.run(work);
  if (typeof operationid === 'string') void exchange.surroundings.telemetry.scope.run(operationid, run);
  else void run();
}

export class Exchange {
  readonly request: IncomingMessage;
  readonly surroundings: Surroundings;
  /** Names the request in its answer, and in the log where a failure needs explaining. */
  readonly id = randomUUID();
  readonly #route: string;
  readonly #response: ApiResponse;
  readonly #telemetry: Telemetry;
  readonly #monotonicMs: () => number;
  readonly #startedMs: number;
  /** Of the connection when the headers had arrived. */
  readonly #bytesAtStart: number;
  /** Whom the bytes of the bodies are counted for. */
  #holder: Holder;
  #isHolderKnown = false;
  /** Nobody is identified where everybody may call. */
  #identifiedMs = Number.POSITIVE_INFINITY;
  #address: string | undefined;
  /** Of the request's body, in bytes. */
  #heldBytes = 0;
  #waitedMs = 0;

  /** @param route the registered path, or `unknown`: never what the client sent */
  constructor(surroundings: Surroundings, route: string, request: IncomingMessage, response: ApiResponse) {
    this.request = request;
    this.surroundings = surroundings;
    this.#route = route;
    this.#response = response;
    response.identify(this.id);
    this.#telemetry = surroundings.telemetry;
    this.#monotonicMs = surroundings.telemetry.monotonicMs ?? processMs;
    this.#startedMs = this.#monotonicMs();
    this.#bytesAtStart = request.socket.bytesRead;
  }

  get origin(): Origin {
    return this.surroundings.addresses.originOf(this.request);
  }

  /** The client's IP address. */
  get address(): string {
    this.#address ??= this.surroundings.addresses.of(this.request);
    return this.#address;
  }

  /** Of the API as this client calls it; ends in a slash. */
  get apiUrl(): string {
    return apiUrlOf(this.request, this.surroundings);
  }

  /** Says who calls, once that is known; until then it is whoever has the address. */
  identify({ userID, isAdmin }: Pick<Caller, 'userID' | 'isAdmin'>): void {
    this.#holder = isAdmin ? undefined : `user ${userID}`;
    this.#isHolderKnown = true;
    this.#identifiedMs = this.#monotonicMs();
  }

  /** Whether whatever else was to be done has kept the request since then for so long that the token may have ended. */
  get isLongIdentified(): boolean {
    return this.#monotonicMs() - this.#identifiedMs > longIdentifiedMs;
  }

  /** Whether anything has arrived on the connection since the request's headers, such as the rest of its body. */
  get isOlderThanItsBody(): boolean {
    return this.request.socket.bytesRead !== this.#bytesAtStart;
  }

  /** For {@link serve}. */
  async run(work: Work): Promise<void> {
    try {
      try {
        await work(this);
      } catch (error) {
        await this.fail(error);
      }
    } catch (error) {
      this.#telemetry.logger.error({ err: error, route: this.#route }, 'an answer could not be written');
      this.#response.destroy();
    } finally {
      this.surroundings.bodies.release(this.#holderOfBodies(), this.#heldBytes);
    }
  }

  #holderOfBodies(): Holder {
    if (this.#isHolderKnown) return this.#holder;
    this.#isHolderKnown = true;
    this.#holder = `address ${this.surroundings.addresses.networkOf(this.address)}`;
    return this.#holder;
  }

  /**
   * The whole body. How long the client takes to send it does not count as duration of the request.
   * @param limit in bytes
   * @throws 1001 beyond the limit, RetryLater if the server holds too many bodies, ClientGone
   */
  receiveBody(limit: number): ArrivedBody | Promise<ArrivedBody> {
    const body = receiveBody(this.request, limit, (bytes) => this.#hold(bytes));
    return body instanceof Promise ? this.untimed(body) : body;
  }

  #hold(bytes: number): void {
    this.surroundings.bodies.hold(this.#holderOfBodies(), bytes);
    this.#heldBytes += bytes;
  }

  /** @param dataJson JSON text of the envelope's `data`; left out for endpoints that answer nothing */
  succeed(dataJson?: string | Uint8Array): void | Promise<void> {
    const body = dataJson instanceof Uint8Array ? successEnvelopeBytes(dataJson) : successEnvelope(dataJson);
    return this.send({ status: 200, code: 0, contentType: contentTypes.json, body });
  }

  /** Answers with the error's envelope, and logs what a client must not see. */
  async fail(error: unknown, status = 200): Promise<void> {
    const { logger } = this.#telemetry;
    if (error instanceof ClientGone) {
      logger.debug({ route: this.#route }, 'client went away while sending its request');
      return;
    }
    const failure = toProtocolError(error, this.id);
    this.logOurFault(error);
    const answer = { status, code: failure.code, contentType: contentTypes.json, body: errorEnvelope(failure) };
    await this.send(failure instanceof RetryLater ? { ...answer, ...refusalOf(failure) } : answer);
  }

  /** The cause of what the client is told only by the request's ID. */
  logOurFault(error: unknown): void {
    if (!isOurFault(error)) return;
    const { id: reference } = this;
    this.#telemetry.logger.error({ err: error, reference, route: this.#route }, 'request failed');
  }

  /** @returns a promise if the answer is compressed first */
  send(answer: Answer): void | Promise<void> {
    if (answer.body.length > 0 && wantsGzip(this.request)) return this.#sendZipped(answer);
    // A short text goes out in one piece with its headers, which takes half the time of two pieces.
    this.#end(answer, answer.body);
  }

  async #sendZipped(answer: Answer): Promise<void> {
    this.#end(answer, await gzipBody(answer.body), zipped);
  }

  #end(answer: Answer, body: string | Uint8Array, encoding?: readonly string[]): void {
    // A short one, such as the refusal itself, is always answered.
    if (body.length > shortBytes) {
      this.surroundings.bodies.requireRoomForAnswer(this.#holderOfBodies(), body.length, this.#heldBytes);
    }
    const headers = this.#headers(answer);
    if (encoding !== undefined) headers.push(...encoding);
    if (headers.length === 0 && answer.contentType === contentTypes.json && this.request.method === 'POST') {
      this.#response.endJson(answer.status, body);
    } else {
      headers.push('Content-Length', String(Buffer.byteLength(body)));
      if (answer.contentType !== undefined) headers.push('Content-Type', answer.contentType);
      this.#response.writeHead(answer.status, headers).end(body);
    }
    if (this.#response.writableLength > 0) this.#holdUntilRead(this.#response.writableLength);
    this.#record(answer);
  }

  /**
   * A long answer, read as fast as its client reads it. What fails on its way cuts the connection, so that nobody takes
   * a part for the whole. @param body each chunk is good until the next is asked for; undefined: there is none
   */
  async stream(answer: Omit<Answer, 'body'>, body: AsyncIterable<Uint8Array> | undefined): Promise<void> {
    this.#response.writeHead(answer.status, this.#headers(answer));
    if (body === undefined) this.#response.end();
    else await this.untimed(this.#write(body));
    this.#record(answer);
  }

  async #write(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of body) {
        if (!(await hasLeft(this.#response, chunk))) return;
      }
      this.#response.end();
    } catch (error) {
      this.#response.destroy();
      this.logOurFault(error);
    }
  }

  /** What takes as long as the client takes for it does not count as duration of the request. */
  async untimed<T>(work: Promise<T>): Promise<T> {
    const beganMs = this.#monotonicMs();
    try {
      return await work;
    } finally {
      this.#waitedMs += this.#monotonicMs() - beganMs;
    }
  }

  /** The body goes on as long as it takes; its reader has bounds of its own. */
  receiveSlowly(): void {
    markSlow(this.request.socket);
  }

  #holdUntilRead(bytes: number): void {
    // Its client has gone: nothing would ever give these bytes back.
    if (this.#response.closed) return;
    const { bodies } = this.surroundings;
    const holder = this.#holderOfBodies();
    bodies.add(holder, bytes);
    this.#response.once('close', () => bodies.release(holder, bytes));
  }

  /** Names and values in turns, beside those that every answer has. */
  #headers({ headers }: Pick<Answer, 'headers'>): string[] {
    const pairs: string[] = [];
    if (!this.surroundings.isListening()) pairs.push('Connection', 'close');
    for (const name in headers) pairs.push(name, headers[name] ?? '');
    return pairs;
  }

  #record({ status, code }: Omit<Answer, 'body'>): void {
    const { logger, metrics } = this.#telemetry;
    const elapsedMs = this.#monotonicMs() - this.#startedMs - this.#waitedMs;
    metrics.httpRequestSeconds.tally(this.#route, code, elapsedMs / 1000);
    if (code !== 0) metrics.errors.inc({ door: 'api', code });
    if (elapsedMs > slowMs) logger.warn({ route: this.#route, status, code, elapsedMs }, 'slow request');
    else logger.debug({ route: this.#route, status, code, elapsedMs }, 'request');
  }
}

/** @returns false if its client has gone; else nothing needs the chunk's memory any more */
function hasLeft(response: ServerResponse, chunk: Uint8Array): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onClose = () => resolve(false);
    response.once('close', onClose);
    response.write(chunk, (error) => {
      response.off('close', onClose);
      resolve(error === undefined || error === null);
    });
  });
}

/** The one failure that also shows in the HTTP status (rest-core.md 1.1). */
function refusalOf({ retryAfterSeconds }: RetryLater): Pick<Answer, 'status' | 'headers'> {
  return { status: 429, headers: { 'Retry-After': String(retryAfterSeconds) } };
}

const zipped = ['Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding'] as const;

const slowMs = 1000;
const longIdentifiedMs = 20;
/** Of an answer. */
const shortBytes = 4096;

function processMs(): number {
  return performance.now();
}
