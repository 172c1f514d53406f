/**
 * Apple's push service as its public documentation tells of it: HTTP/2 over TLS, provider tokens (ES256) that are good for
 * an hour, its error reasons, and connections that it closes (GOAWAY) or resets.
 */
import { once } from 'node:events';
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { ecKeys, localhost } from './push-keys.ts';

export interface ApnsPush {
  readonly token: string;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  readonly payload: any;
}

/** In place of the right answer; `reset` of the stream, `cut` of the connection, `goaway` before anything is answered. */
export type ApnsFault =
  | { readonly status: number; readonly reason: string; readonly headers?: Readonly<Record<string, string>> }
  | 'reset'
  | 'cut'
  | 'goaway';

export class ApnsStandIn implements AsyncDisposable {
  readonly teamID = 'TEAM123456';
  readonly keyID = 'KEY1234567';
  readonly topics = new Set(['im.example']);
  /** By device token, since when it is known to be gone, Unix ms. */
  readonly gone = new Map<string, number>();
  /** Those that were taken. */
  readonly pushes: ApnsPush[] = [];
  /** The different ones, in order of their first use. */
  readonly providerTokens = new Set<string>();
  readonly faults: ApnsFault[] = [];
  connections = 0;
  /** Unix ms. */
  now: () => number = Date.now;
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor() {
    this.#server = createSecureServer({ ...localhost, settings: { maxConcurrentStreams: 1000 } });
    this.#server.on('session', (session) => {
      this.connections++;
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => {});
    });
    this.#server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      let body = '';
      stream.on('data', (piece) => {
        body += piece;
      });
      stream.on('end', () => void this.#serve(stream, headers, body));
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://localhost:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }

  async #serve(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>, body: string): Promise<void> {
    const fault = this.faults.shift();
    if (fault === 'reset') return stream.close(8);
    if (fault === 'cut') return stream.session?.destroy();
    if (fault === 'goaway') {
      // Nothing of what is under way has been looked at: last stream 0.
      stream.session?.goaway(0, 0);
      return stream.close(7);
    }
    const answer = fault ?? (await this.#judge(headers, body));
    if (stream.destroyed) return;
    if (answer === undefined) {
      const token = String(headers[':path']).slice('/3/device/'.length);
      this.pushes.push({ token, headers, payload: JSON.parse(body) });
      stream.respond({ ':status': 200, 'apns-id': 'A0000000-0000-0000-0000-000000000000' });
      stream.end();
      return;
    }
    const { status, reason } = answer;
    stream.respond({
      ':status': status,
      'content-type': 'application/json',
      ...('headers' in answer ? answer.headers : {}),
    });
    stream.end(JSON.stringify({ reason, ...('timestamp' in answer ? { timestamp: answer.timestamp } : {}) }));
  }

  /** @returns undefined if it is taken */
  async #judge(
    headers: Readonly<Record<string, unknown>>,
    body: string,
  ): Promise<{ status: number; reason: string; timestamp?: number } | undefined> {
    if (headers[':method'] !== 'POST') return { status: 405, reason: 'MethodNotAllowed' };
    const [, token] = /^\/3\/device\/(.*)$/.exec(String(headers[':path'])) ?? [];
    if (token === undefined) return { status: 404, reason: 'BadPath' };
    const refusal = await this.#refusalOf(String(headers.authorization ?? ''));
    if (refusal !== undefined) return { status: 403, reason: refusal };
    const topic = headers['apns-topic'];
    if (topic === undefined) return { status: 400, reason: 'MissingTopic' };
    if (Buffer.byteLength(String(headers['apns-collapse-id'] ?? '')) > 64)
      return { status: 400, reason: 'BadCollapseId' };
    if (!['1', '5', '10', 'undefined'].includes(String(headers['apns-priority'])))
      return { status: 400, reason: 'BadPriority' };
    if (body === '') return { status: 400, reason: 'PayloadEmpty' };
    if (Buffer.byteLength(body) > 4096) return { status: 413, reason: 'PayloadTooLarge' };
    if (!/^[0-9a-f]{64,200}$/.test(token) || /^0+$/.test(token)) return { status: 400, reason: 'BadDeviceToken' };
    if (!this.topics.has(String(topic))) return { status: 400, reason: 'DeviceTokenNotForTopic' };
    const timestamp = this.gone.get(token);
    return timestamp === undefined ? undefined : { status: 410, reason: 'Unregistered', timestamp };
  }

  async #refusalOf(authorization: string): Promise<string | undefined> {
    const [scheme, jwt = ''] = authorization.split(' ');
    if (scheme?.toLowerCase() !== 'bearer') return 'MissingProviderToken';
    try {
      const key = await importSPKI(ecKeys.publicKey, 'ES256');
      const { payload } = await jwtVerify(jwt, key, { issuer: this.teamID, algorithms: ['ES256'] });
      if (decodeProtectedHeader(jwt).kid !== this.keyID) return 'InvalidProviderToken';
      if (this.now() / 1000 - (payload.iat ?? 0) > 3600) return 'ExpiredProviderToken';
    } catch {
      return 'InvalidProviderToken';
    }
    this.providerTokens.add(jwt);
    return undefined;
  }
}
