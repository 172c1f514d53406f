/**
 * One request to the operator's receiver (objects-push-webhooks chapter, 3.1): as OpenIM sends it, and signed beside, as
 * Standard Webhooks has it, if there is a secret. The status of the answer does not matter if it is a JSON object.
 * Redirects are refused. A connection goes to the one address that its name had when it was opened.
 */
import { createHmac } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

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

  constructor(options: WebhookClientOptions) {
    this.#options = options;
    this.#agent = isTls(options.url) ? new TlsAgent(connections) : new PlainAgent(connections);
    this.#key = options.secret === '' ? undefined : signingKey(options.secret);
  }

  /** @throws WebhookFailure */
  async send(asked: WebhookRequest): Promise<WebhookReply> {
    const deadline = AbortSignal.timeout(asked.timeoutMs);
    const signal = asked.signal === undefined ? deadline : AbortSignal.any([deadline, asked.signal]);
    try {
      const answer = await this.#exchange(asked, signal);
      const status = answer.statusCode ?? 0;
      if (status >= 300 && status < 400) {
        answer.destroy();
        throw new WebhookFailure('unreachable', `redirected with status ${status}`, { status });
      }
      return await this.#read(answer, status);
    } catch (error) {
      if (error instanceof WebhookFailure) throw error;
      if (deadline.aborted) throw new WebhookFailure('unreachable', `no answer in ${asked.timeoutMs} ms`);
      throw new WebhookFailure('unreachable', reasonOf(error));
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(asked: WebhookRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { url } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = Buffer.from(asked.body);
    const options = { method: 'POST', agent: this.#agent, signal, headers: this.#headers(asked, body) };
    const target = targetOf(url, asked.command, asked.key);
    const request: ClientRequest = isTls(url) ? tlsRequest(target, options) : plainRequest(target, options);
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  #headers({ operationID, id, isReplayed }: WebhookRequest, body: Buffer): Record<string, string> {
    const at = `${Math.floor(this.#options.now() / 1000)}`;
    return {
      'content-type': 'application/json; charset=utf-8',
      'content-length': `${body.length}`,
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
function signatureOf(key: Buffer, id: string, at: string, body: Buffer): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')}`;
}

function signingKey(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
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
