/** One HTTP call of a push service: JSON there and back, with a deadline and a bound on what it may answer. */
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

export interface JsonCall {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written as JSON; URLSearchParams as a form. */
  readonly body: unknown;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined if it is not JSON. */
  readonly json: unknown;
  /** What the service asks for, in ms; undefined if it does not. */
  readonly retryAfterMs: number | undefined;
  /** Until a new window of its limit begins, in ms, where it says so: `X-Rate-Limit-Reset`, with seconds. */
  readonly limitResetMs: number | undefined;
}

/** @throws Error if there was no answer: a reason for operators, without the URL */
export async function callJson({ url, headers, body, timeoutMs, signal }: JsonCall): Promise<JsonAnswer> {
  const isForm = body instanceof URLSearchParams;
  const text = Buffer.from(isForm ? body.toString() : JSON.stringify(body));
  const given = {
    'content-type': isForm ? 'application/x-www-form-urlencoded;charset=UTF-8' : 'application/json',
    'content-length': `${text.length}`,
    ...headers,
  };
  try {
    const answer = await exchange(url, given, text, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    const status = answer.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      answer.destroy();
      throw new Error('redirected');
    }
    const json = parsed(await bounded(answer));
    // Seconds, or a date (RFC 9110, 10.2.3).
    const { 'retry-after': retryAfter, 'x-rate-limit-reset': reset } = answer.headers;
    const limitResetMs = typeof reset === 'string' && /^\d+$/.test(reset) ? Number(reset) * 1000 : undefined;
    return { status, json, retryAfterMs: retryAfterMs(retryAfter), limitResetMs };
  } catch (error) {
    throw new Error(`no answer (${reasonOf(error)})`, { cause: error });
  }
}

/** Connections are kept for the next call: a third of what `fetch` costs. */
const agents = { plain: new PlainAgent({ keepAlive: true }), tls: new TlsAgent({ keepAlive: true }) };

function exchange(url: string, headers: Record<string, string>, body: Buffer, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isTls = url.startsWith('https:');
  const options = { method: 'POST', headers, signal, agent: isTls ? agents.tls : agents.plain };
  const request = isTls ? tlsRequest(url, options) : plainRequest(url, options);
  request.on('response', resolve);
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** @param value of the header Retry-After */
export function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

async function bounded(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxAnswerBytes) throw new Error('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

const maxAnswerBytes = 64 * 1024;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code of a failed connection, or what else the platform calls it; never an address. */
export function reasonOf(error: unknown): string {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if ('code' in each && typeof each.code === 'string') return each.code;
    if (each.name === 'TimeoutError' || each.name === 'AbortError') return each.name;
    if (each.message === 'the answer is too long' || each.message === 'redirected') return each.message;
  }
  return 'network';
}

/** Within an answer: what is at the path of keys, if it is there. */
export function at(json: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    json,
  );
}
