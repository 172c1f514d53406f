/** A real API port with endpoints made for tests of the HTTP layer, a token table instead of an authority, and a log. */
import type { TestContext } from 'node:test';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { PageAccess } from '../../src/http/page-guard.ts';
import { type HttpLimits, HttpServer, type HttpTimeouts } from '../../src/http/server.ts';
import type { Services } from '../../src/http/services.ts';
import { errors } from '../../src/protocol/errors.ts';
import { Wire } from '../../src/protocol/wire/wire-schema.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { OperationScope } from '../../src/telemetry/operation.ts';
import { type RawReply, type RawRequest, send } from './raw-http.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly operationID?: string;
  readonly [field: string]: unknown;
}

/** A handler that waits until the test lets it go on. */
class Gate {
  readonly entered = Promise.withResolvers<void>();
  readonly opened = Promise.withResolvers<void>();
}

const goodToken = 'token-of-u1';
/** Of an admin. */
export const adminToken = 'token-of-an-admin';

export const toyLimits: HttpLimits = {
  maxBodyBytes: 256 * 1024,
  maxAdminBodyBytes: 1024 * 1024,
  maxPublicBodyBytes: 64 * 1024,
  maxWrongSecretsPerMinute: 10,
  maxBodyBytesInFlight: 128 * 1024 * 1024,
  maxBodyBytesInFlightPerUser: 128 * 1024 * 1024,
};
export const headers = { operationID: 'op-1', token: goodToken } as const;
/** What a failing handler or store knows and nobody else may. */
export const inside = 'connect ECONNREFUSED redis://:hunter22@10.0.0.5';

export class ToyServer implements AsyncDisposable {
  readonly log: LogLine[] = [];
  readonly metrics = createMetrics();
  readonly gate = new Gate();
  readonly http: HttpServer;
  notReady: readonly string[] = [];
  /** What has become of the good token; it is good as long as this is undefined. */
  tokenFault: (() => Error) | undefined;
  /** How often a token was looked at. */
  judgements = 0;
  /** What the server takes for the time that passes. */
  nowMs = 0;
  port = 0;

  constructor(timeouts: Partial<HttpTimeouts> = {}, limits: Partial<HttpLimits> = {}, pages?: PageAccess) {
    const scope = new OperationScope();
    const destination = { write: (line: string) => this.log.push(JSON.parse(line)) };
    const logger = createLogger({
      level: 'debug',
      format: 'json',
      secrets: () => [],
      scope,
      destination: destination as unknown as NodeJS.WritableStream,
    });
    this.http = new HttpServer({
      endpoints: toyEndpoints(this.gate),
      services: {
        authority: { verify: (token: string) => this.#verify(token) },
      } as unknown as Services,
      telemetry: { logger, metrics: this.metrics, scope, monotonicMs: () => this.nowMs },
      registry: this.metrics.registry,
      readiness: async () => this.notReady,
      version: '0.0.0',
      limits: { ...toyLimits, ...limits },
      ...(pages === undefined ? {} : { pages }),
      timeouts,
    });
  }

  static async start(
    t: Pick<TestContext, 'after'>,
    timeouts?: Partial<HttpTimeouts>,
    limits?: Partial<HttpLimits>,
    pages?: PageAccess,
  ): Promise<ToyServer> {
    const server = new ToyServer(timeouts, limits, pages);
    server.port = await server.http.listen('127.0.0.1', 0);
    t.after(() => server[Symbol.asyncDispose]());
    return server;
  }

  async #verify(token: string) {
    this.judgements++;
    if (token === 'kicked') throw errors.tokenKicked();
    if (token === 'store down') throw new Error(inside);
    if (token === adminToken) return { userID: 'admin', platformID: 10, isAdmin: true };
    if (token === 'token-of-u2') return { userID: 'u2', platformID: 1, isAdmin: false };
    if (token !== goodToken) throw errors.tokenMalformed();
    if (this.tokenFault !== undefined) throw this.tokenFault();
    return { userID: 'u1', platformID: 1, isAdmin: false };
  }

  send(request: RawRequest): Promise<RawReply> {
    return send(this.port, request);
  }

  /** A POST with a good token and an operationID. */
  post(path: string, body: unknown, more: Partial<RawRequest> = {}): Promise<RawReply> {
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return this.send({ path, body: bytes, ...more, headers: { ...headers, ...more.headers } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.close();
  }
}

function toyEndpoints(gate: Gate): readonly Endpoint[] {
  return [
    endpoint({
      path: '/toy/echo',
      summary: 'Answers with what it was sent',
      access: 'anyone',
      example: {},
      request: Wire.object({ text: Wire.string(), count: Wire.int32(), list: Wire.list(Wire.string()) }),
      response: Wire.object({
        text: Wire.string(),
        count: Wire.int32(),
        list: Wire.list(Wire.string()),
        userID: Wire.string(),
      }),
      handle: async ({ caller }, body) => ({ ...body, userID: caller.userID }),
    }),
    endpoint({
      path: '/toy/register',
      summary: 'What back ends send long lists to',
      access: 'admin',
      example: {},
      takesLargeBody: true,
      request: Wire.object({ text: Wire.string() }),
      handle: async () => {},
    }),
    endpoint({
      path: '/toy/public',
      summary: 'Anybody may call, nothing is answered',
      access: 'public',
      example: {},
      request: Wire.object({}),
      handle: async () => {},
    }),
    endpoint({
      path: '/toy/strict',
      summary: 'HTTP 400 for a body that does not bind',
      access: 'anyone',
      example: {},
      strictBind: true,
      request: Wire.object({ count: Wire.int32() }),
      checkBinding: ({ count }) => {
        if (count === 0) throw errors.args('count is empty');
      },
      handle: async (_call, { count }) => {
        if (count === 13) throw errors.args('count is unlucky');
      },
    }),
    endpoint({
      path: '/toy/protobuf',
      summary: 'Bytes in, bytes out',
      access: 'anyone',
      example: {},
      request: Wire.object({ text: Wire.string() }),
      response: Wire.object({ text: Wire.string() }),
      protobuf: {
        // A byte of ASCII is a varint of that value; another begins one that has to go on.
        decode: (reader) => ({
          text: String.fromCharCode(...Array.from({ length: reader.len }, () => reader.uint32())),
        }),
        encode: ({ text }) => Buffer.from(text),
      },
      handle: async (_call, { text }) => {
        if (text === 'refuse') throw errors.noPermission();
        return { text };
      },
    }),
    endpoint({
      path: '/toy/list',
      summary: 'A bare list',
      access: 'anyone',
      example: {},
      request: Wire.object({ list: Wire.list(Wire.string()) }),
      response: Wire.list(Wire.string()),
      handle: async (_call, { list }) => list,
    }),
    endpoint({
      path: '/toy/large',
      summary: 'Answers as many bytes as asked for',
      access: 'anyone',
      example: {},
      request: Wire.object({ bytes: Wire.int32() }),
      response: Wire.object({ text: Wire.string() }),
      handle: async (_call, { bytes }) => ({ text: 'x'.repeat(bytes) }),
    }),
    endpoint({
      path: '/toy/fail',
      summary: 'Fails in the way asked for',
      access: 'anyone',
      example: {},
      request: Wire.object({ how: Wire.string() }),
      response: Wire.object({ count: Wire.int32() }),
      handle: (_call, { how }) => fail(how),
    }),
    endpoint({
      path: '/toy/wait',
      summary: 'Answers when the test says so',
      access: 'anyone',
      example: {},
      request: Wire.object({}),
      handle: async () => {
        gate.entered.resolve();
        await gate.opened.promise;
      },
    }),
  ];
}

function fail(how: string): Promise<{ count: number }> {
  switch (how) {
    case 'protocol':
      throw errors.recordNotFound('no such toy');
    case 'at once':
      throw new TypeError(inside);
    case 'later':
      return Promise.reject(new Error(inside));
    case 'no error at all':
      return Promise.reject(inside);
    default:
      return Promise.resolve({ count: 0.5 });
  }
}
