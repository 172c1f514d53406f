/**
 * One request to the operator's receiver (objects-push-webhooks chapter, 3.1): as OpenIM sends it, and signed beside, as
 * Standard Webhooks has it, if there is a secret. The status of the answer does not matter if it is a JSON object.
 * Redirects are refused. A connection goes to the one address that its name had when it was opened.
 */
import { createHmac } from 'node:crypto';
import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';

export interface WebhookRequest {
  readonly command: string;
  readonly operationID: string;
  /** The same each time that the same thing is told. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
  readonly timeoutMs: number;
  /** Value of `?key=`, if the hook has one. */
  readonly key?: string;
  /** Told again by an operator, after younger ones. */
  readonly isReplayed?: boolean;
  readonly signal?: AbortSignal;
}

export type WebhookReply = Readonly<Record<string, unknown>>;

/** There is no answer, or none that anybody could read. */
export class WebhookFailure extends Error {
  readonly kind: 'unreachable' | 'invalid';
  /** Undefined if there was no answer. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: 'unreachable' | 'invalid', message: string, answer?: { status: number; retryAfterMs?: number }) {
    super(message);
    this.kind = kind;
    this.status = answer?.status;
    this.retryAfterMs = answer?.retryAfterMs;
  }
}

export interface WebhookClientOptions {
  readonly url: string;
  /** Empty: unsigned. `whsec_` and base64, or any text. */
  readonly secret: string;
  /** Unix ms. */
  readonly now: () => number;
  /** Of one answer. */
  readonly maxReplyBytes: number;
}

/** As many as OpenIM holds open. */
const connections = { keepAlive: true, maxSockets: 100 };

export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #agent: PlainAgent | TlsAgent;
  readonly #key: Buffer | undefined;
  /** By command, of those without a key: there are as many as hooks. */
  readonly #targets = new Map<string, RequestOptions>();

  constructor(options: WebhookClientOptions) {
    this.#options = options;
    this.#agent = isTls(options.url) ? new TlsAgent(connections) : new PlainAgent(connections);
    this.#key = options.secret === '' ? undefined : signingKey(options.secret);
  }

  /** @throws WebhookFailure */
  async send(asked: WebhookRequest): Promise<WebhookReply> {
    const { timeoutMs, signal } = asked;
    const request = this.#request(asked);
    let isLate = false;
    // Not AbortSignal.timeout, which goes on to its end, and makes an error then, for each request that was answered.
    const timer = setTimeout(() => {
      isLate = true;
      request.destroy();
    }, timeoutMs);
    const giveUp = () => request.destroy();
    signal?.addEventListener('abort', giveUp);
    try {
      if (signal?.aborted === true) giveUp();
      const answered = answerTo(request);
      request.end(asked.body);
      const answer = await answered;
      const status = answer.statusCode ?? 0;
      if (status >= 300 && status < 400) {
        answer.destroy();
        throw new WebhookFailure('unreachable', `redirected with status ${status}`, { status });
      }
      return await this.#read(answer, status);
    } catch (error) {
      if (error instanceof WebhookFailure) throw error;
      if (isLate) throw new WebhookFailure('unreachable', `no answer in ${timeoutMs} ms`);
      throw new WebhookFailure('unreachable', reasonOf(error));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #request(asked: WebhookRequest): ClientRequest {
    const options = { ...this.#target(asked), method: 'POST', agent: this.#agent, headers: this.#headers(asked) };
    return isTls(this.#options.url) ? tlsRequest(options) : plainRequest(options);
  }

  #target({ command, key }: WebhookRequest): RequestOptions {
    const { url } = this.#options;
    if (key !== undefined) return urlToHttpOptions(targetOf(url, command, key));
    const known = this.#targets.get(command);
    if (known !== undefined) return known;
    const target = urlToHttpOptions(targetOf(url, command));
    this.#targets.set(command, target);
    return target;
  }

  #headers({ operationID, id, isReplayed, body }: WebhookRequest): Record<string, string> {
    const at = `${Math.floor(this.#options.now() / 1000)}`;
    return {
      'content-type': 'application/json; charset=utf-8',
      'content-length': `${Buffer.byteLength(body)}`,
      // Header names are sent as they are written; some receivers compare them so.
      operationID: headerText(operationID),
      'webhook-id': id,
      'webhook-timestamp': at,
      ...(isReplayed === true ? { 'webhook-replayed': 'true' } : {}),
      ...(this.#key === undefined ? {} : { 'webhook-signature': signatureOf(this.#key, id, at, body) }),
    };
  }

  async #read(answer: IncomingMessage, status: number): Promise<WebhookReply> {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of answer as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > this.#options.maxReplyBytes) {
        answer.destroy();
        throw new WebhookFailure('invalid', `the answer has more than ${this.#options.maxReplyBytes} bytes`, {
          status,
        });
      }
      pieces.push(piece);
    }
    const reply = parsed(Buffer.concat(pieces).toString());
    if (reply === undefined) {
      const retryAfterMs = retryAfter(answer.headers['retry-after'], this.#options.now());
      throw new WebhookFailure('invalid', `the answer with status ${status} is no JSON object`, {
        status,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    return reply;
  }
}

/** The command behind the URL's path, whatever that ends with; a query of the URL stays. */
export function targetOf(url: string, command: string, key?: string): URL {
  const target = new URL(url);
  const { pathname } = target;
  let end = pathname.length;
  while (pathname[end - 1] === '/') end -= 1;
  target.pathname = `${pathname.slice(0, end)}/${command}`;
  target.hash = '';
  if (key !== undefined) target.searchParams.append('key', key);
  return target;
}

/** `v1,` and the base64 HMAC-SHA256 of ID, time and body, as Standard Webhooks has it. */
function signatureOf(key: Buffer, id: string, at: string, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')}`;
}

function signingKey(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.on('response', resolve);
  request.on('error', reject);
  return promise;
}

function isTls(url: string): boolean {
  return url.toLowerCase().startsWith('https:');
}

/** Operation IDs are clients' own texts: what a header cannot hold is left out. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '');
}

function parsed(text: string): WebhookReply | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds, or a date. */
function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** By its code: messages of errors may hold addresses, which are the operator's own business. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `not reached (${code})` : 'not reached';
}
