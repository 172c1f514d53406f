/** Apple's push service, straight: HTTP/2, one request for each device, a provider token signed with our key. */
import { createSign } from 'node:crypto';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type SecureClientSessionOptions,
} from 'node:http2';
import { type PushContent, type PushOutcome, type PushProvider, type PushTarget, sent } from '../push/push-provider.ts';
import { inParallel } from './in-parallel.ts';
import { at, reasonOf, retryAfterMs } from './json-call.ts';

export interface ApnsOptions {
  readonly teamID: string;
  readonly keyID: string;
  /** PKCS #8, PEM. */
  readonly key: string;
  /** Of tokens that do not say: the bundle ID of the application. */
  readonly topic: string;
  readonly environment: 'production' | 'sandbox';
  readonly urls: Readonly<Record<'production' | 'sandbox', string>>;
  /** Unix ms. */
  readonly now: () => number;
  /** For tests: whom to trust beside the authorities that everybody does. */
  readonly tls?: Pick<SecureClientSessionOptions, 'ca'>;
}

interface ApnsAnswer {
  readonly status: number;
  readonly reason: string;
  /** Unix ms: since when a device is known to be gone. */
  readonly timestamp: number | undefined;
  readonly retryAfterMs: number | undefined;
}

export class Apns implements PushProvider {
  readonly name = 'apns';
  readonly addresses = 'devices';
  readonly maxTargets = 100;
  readonly #options: ApnsOptions;
  readonly #lines: Readonly<Record<'production' | 'sandbox', Line>>;
  #token: { readonly value: string; readonly issuedAt: number } | undefined;

  constructor(options: ApnsOptions) {
    this.#options = options;
    const { urls, tls = {} } = options;
    this.#lines = { production: new Line(urls.production, tls), sandbox: new Line(urls.sandbox, tls) };
  }

  send(content: PushContent, targets: readonly PushTarget[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    return inParallel(targets, streamsAtOnce, (target) => this.#sendOne(content, target, signal));
  }

  /** A push to a device that cannot be: Apple looks at the credentials first. */
  async check(signal: AbortSignal): Promise<string | undefined> {
    const { environment, topic } = this.#options;
    const content = { id: 'check', title: '', body: 'check', clientMsgID: '', ex: '', sound: '', operationID: '' };
    const headers = this.#headersFor(content, '0'.repeat(64), topic);
    try {
      const { status, reason } = await this.#lines[environment].request(headers, bodyFor(content, undefined), signal);
      return status === 400 && reason === 'BadDeviceToken' ? undefined : `${status} ${reason}`;
    } catch (error) {
      return `no answer (${reasonOf(error)})`;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#lines.production.close(), this.#lines.sandbox.close()]);
  }

  async #sendOne(content: PushContent, { device, badge }: PushTarget, signal: AbortSignal): Promise<PushOutcome> {
    if (device === undefined) return { kind: 'refused', reason: 'no device' };
    const line = this.#lines[device.environment || this.#options.environment];
    const body = bodyFor(content, badge);
    const topic = device.topic || this.#options.topic;
    const attempt = () => line.request(this.#headersFor(content, device.token, topic), body, signal);
    try {
      const answer = await attempt();
      if (answer.reason !== 'ExpiredProviderToken' || !this.#mayRenew()) return outcomeOf(answer);
      this.#token = undefined;
      return outcomeOf(await attempt());
    } catch (error) {
      return { kind: 'later', reason: `no answer (${reasonOf(error)})` };
    }
  }

  #headersFor({ id }: PushContent, token: string, topic: string): Record<string, string> {
    return {
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/3/device/${encodeURIComponent(token)}`,
      authorization: `bearer ${this.#providerToken()}`,
      'apns-topic': topic,
      'apns-push-type': 'alert',
      'apns-priority': '10',
      'apns-collapse-id': id.slice(0, maxCollapseIDLength),
    };
  }

  /** Apple wants it renewed no more than once in 20 minutes, and takes it for an hour. */
  #providerToken(): string {
    const { teamID, keyID, key, now } = this.#options;
    if (this.#token !== undefined && now() - this.#token.issuedAt < renewAfterMs) return this.#token.value;
    const issuedAt = now();
    const parts = [
      { alg: 'ES256', kid: keyID },
      { iss: teamID, iat: Math.floor(issuedAt / 1000) },
    ];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = createSign('SHA256').update(signed).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url');
    this.#token = { value: `${signed}.${signature}`, issuedAt };
    return this.#token.value;
  }

  #mayRenew(): boolean {
    return this.#token !== undefined && this.#options.now() - this.#token.issuedAt >= shortestLifeMs;
  }
}

const renewAfterMs = 40 * 60_000;
const shortestLifeMs = 20 * 60_000;
const streamsAtOnce = 100;
const maxCollapseIDLength = 64;

function bodyFor({ title, body, sound, ex, clientMsgID }: PushContent, badge: number | undefined): string {
  const alert = { ...(title === '' ? {} : { title }), body };
  const aps = {
    alert,
    'mutable-content': 1,
    ...(sound === '' ? {} : { sound }),
    ...(badge === undefined ? {} : { badge }),
  };
  return JSON.stringify({ aps, ex, clientMsgID });
}

function outcomeOf({ status, reason, timestamp, retryAfterMs }: ApnsAnswer): PushOutcome {
  if (status === 200) return sent;
  if (deadReasons.has(reason)) return { kind: 'dead', ...(timestamp === undefined ? {} : { since: timestamp }) };
  const text = `${status}${reason === '' ? '' : ` ${reason}`}`;
  // Credentials are the operator's to mend; until then nothing is lost.
  const isPassing = status === 403 || status === 429 || status >= 500 || status === 408;
  if (!isPassing) return { kind: 'refused', reason: text };
  const afterMs = retryAfterMs ?? (reason === 'TooManyProviderTokenUpdates' ? shortestLifeMs : undefined);
  return { kind: 'later', reason: text, ...(afterMs === undefined ? {} : { afterMs }) };
}

const deadReasons: ReadonlySet<string> = new Set(['BadDeviceToken', 'Unregistered', 'ExpiredToken']);

/** A connection to one of Apple's two services: made when it is needed, and anew after it was lost or is being closed. */
class Line {
  readonly #url: string;
  readonly #tls: SecureClientSessionOptions;
  #session: ClientHttp2Session | undefined;

  constructor(url: string, tls: SecureClientSessionOptions) {
    this.#url = url;
    this.#tls = tls;
  }

  /** @throws if the connection or the request was ended without an answer */
  async request(headers: Record<string, string>, body: string, signal: AbortSignal): Promise<ApnsAnswer> {
    const session = this.#open();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
    const stream = session.request(headers, { signal: limit });
    try {
      return await answerOf(stream, body);
    } catch (error) {
      // Half-open after a reset of the network, say: the next one has another.
      if (limit.aborted && !signal.aborted) this.#forget(session);
      throw error;
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined || session.destroyed) return;
    session.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(this.#url, this.#tls);
    this.#session = session;
    session.unref();
    session.setTimeout(idleMs, () => this.#forget(session));
    // Each request under way hears of it by itself; those to come have a new connection.
    session.on('error', () => this.#forget(session));
    session.on('goaway', () => this.#leave(session));
    session.on('close', () => this.#leave(session));
    return session;
  }

  /** What is under way may still be answered. */
  #leave(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
  }

  #forget(session: ClientHttp2Session): void {
    this.#leave(session);
    session.destroy();
  }
}

const requestTimeoutMs = 10_000;
const idleMs = 600_000;
const maxAnswerBytes = 16 * 1024;

async function answerOf(stream: ClientHttp2Stream, body: string): Promise<ApnsAnswer> {
  const headers = Promise.withResolvers<Record<string, unknown>>();
  stream.once('response', headers.resolve);
  stream.once('error', headers.reject);
  stream.once('close', () => headers.reject(Object.assign(new Error('closed'), { code: `RST_${stream.rstCode}` })));
  stream.end(body);
  const { ':status': status, 'retry-after': retryAfter } = await headers.promise;
  let text = '';
  for await (const piece of stream) {
    text += piece;
    if (text.length > maxAnswerBytes) throw new Error('the answer is too long');
  }
  const json: unknown = text === '' ? undefined : parsed(text);
  const [reason, timestamp] = [at(json, 'reason'), at(json, 'timestamp')];
  return {
    status: Number(status),
    reason: typeof reason === 'string' && /^\w{1,64}$/.test(reason) ? reason : '',
    timestamp: typeof timestamp === 'number' ? timestamp : undefined,
    retryAfterMs: retryAfterMs(typeof retryAfter === 'string' ? retryAfter : undefined),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
