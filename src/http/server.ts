/**
 * The API port: a fastify router whose routes are the endpoints, the probes and the API reference. Fastify only routes;
 * bodies, headers and answers are written here in the protocol's own way. Protocol: rest-core.md 1.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { type AddressInfo, Server as TcpServer } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import type { Registry } from 'prom-client';
import type { WireBounds } from '../protocol/bounds.ts';
import { answerClientError } from './client-errors.ts';
import type { Endpoint } from './endpoint.ts';
import { type Answer, exchanging, type Telemetry } from './exchange.ts';
import { InFlight } from './in-flight.ts';
import { serveUnrouted } from './not-found.ts';
import type { OauthEndpoint } from './oauth/oauth-endpoint.ts';
import { serveOauth } from './oauth/serve-oauth.ts';
import { openApiDocument } from './openapi.ts';
import { healthAnswer, metricsAnswer, type Readiness, readinessAnswer } from './probes.ts';
import { ReferencePage } from './reference-page.ts';
import { contentTypes } from './response-headers.ts';
import { serveEndpoint } from './serve-endpoint.ts';
import type { Services } from './services.ts';

export interface HttpServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly oauthEndpoints?: readonly OauthEndpoint[];
  readonly services: Services;
  readonly telemetry: Telemetry;
  readonly registry: Registry;
  readonly readiness: Readiness;
  /** Of Tessera, for the API reference. */
  readonly version: string;
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly bounds?: WireBounds;
}

export interface HttpTimeouts {
  /** For all headers of a request to arrive. */
  readonly headersMs: number;
  /** For a whole request to arrive. */
  readonly requestMs: number;
  /** Without a byte in either direction while a request is under way, such as an answer that nobody reads. */
  readonly stalledMs: number;
  /** For the next request on an idle connection; longer than load balancers keep theirs. */
  readonly keepAliveMs: number;
  /** How often the first two are looked at. */
  readonly checkEveryMs: number;
}

const defaultTimeouts: HttpTimeouts = {
  headersMs: 10_000,
  requestMs: 30_000,
  stalledMs: 60_000,
  keepAliveMs: 65_000,
  checkEveryMs: 2000,
};

const defaultCloseLimitMs = 15_000;

/** Upgrades of paths that start so are left to the server's 'upgrade' listener, the gateway. */
const gatewayPath = '/msg_gateway';

export class HttpServer implements AsyncDisposable {
  readonly #fastify: FastifyInstance;
  readonly #inFlight: InFlight;

  /** Opens no port yet. */
  constructor(options: HttpServerOptions) {
    this.#fastify = createRouter(options);
    this.#inFlight = new InFlight(this.server);
    addEndpoints(this.#fastify, options);
    addOauthEndpoints(this.#fastify, options);
    addPages(this.#fastify, options);
  }

  /** For the gateway's 'upgrade' listener, which gets only requests under /msg_gateway. */
  get server(): Server {
    return this.#fastify.server;
  }

  /** @returns the port, which is the system's choice if `port` is 0 */
  async listen(host: string, port: number): Promise<number> {
    await this.#fastify.ready();
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /**
   * Takes no new connections, lets the requests in flight finish, then ends all connections but upgraded ones, and
   * resolves when those have ended too. A request that still comes on an open connection is served as its last.
   * @param limitMs after which requests in flight are not waited for any more
   */
  async close(limitMs = defaultCloseLimitMs): Promise<void> {
    // Not http.Server's own close, which would cut off answers that are still on their way out.
    TcpServer.prototype.close.call(this.server);
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    await Promise.race([this.#inFlight.none(), tooLong]);
    clearTimeout(timer);
    this.server.closeAllConnections();
    await this.#fastify.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function createRouter(options: HttpServerOptions): FastifyInstance {
  const { endpoints, services, telemetry, trustedProxies = [] } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const routes = new Set<string>();
  const unrouted = exchanging(telemetry, 'unknown', serveUnrouted({ endpoints, services, routes }));
  const router: FastifyInstance = fastify({
    logger: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    genReqId: () => randomUUID(),
    requestTimeout: timeouts.requestMs,
    connectionTimeout: timeouts.stalledMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    clientErrorHandler: answerClientError,
    // Fastify's only one here: a path that is not a valid escape.
    frameworkErrors: (_error, request, reply) => unrouted(request, reply),
    http: {
      headersTimeout: timeouts.headersMs,
      connectionsCheckingInterval: timeouts.checkEveryMs,
      // Others, such as a Java client's offer of HTTP/2, are ordinary requests.
      shouldUpgradeCallback: ({ url }: IncomingMessage) =>
        url?.startsWith(gatewayPath) === true && router.server.listenerCount('upgrade') > 0,
    },
  });
  router.addHook('onRoute', ({ method, url }) => void routes.add(`${method} ${url}`));
  router.setNotFoundHandler(unrouted);
  // Bodies are read by serve-endpoint.ts: fastify would go by Content-Type, which the protocol ignores.
  router.addHttpMethod('POST', { hasBody: false, overrideExisting: true });
  return router;
}

function addEndpoints(router: FastifyInstance, { endpoints, services, telemetry, bounds }: HttpServerOptions): void {
  for (const endpoint of endpoints) {
    const { path } = endpoint;
    router.post(path, exchanging(telemetry, path, serveEndpoint(endpoint, services, bounds)));
  }
}

function addOauthEndpoints(
  router: FastifyInstance,
  { oauthEndpoints = [], services, telemetry }: HttpServerOptions,
): void {
  for (const endpoint of oauthEndpoints) {
    const { path } = endpoint;
    router.post(path, exchanging(telemetry, path, serveOauth(endpoint, services)));
  }
}

/** What is not the protocol's: probes and the API reference. */
function addPages(router: FastifyInstance, options: HttpServerOptions): void {
  const { endpoints, oauthEndpoints = [], telemetry, registry, readiness, version } = options;
  const reference = new ReferencePage();
  const get = (path: string, answer: (url: string) => Answer | Promise<Answer>) =>
    router.get(
      path,
      exchanging(telemetry, path, async (exchange) => exchange.send(await answer(exchange.request.url))),
    );

  get('/healthz', healthAnswer);
  get('/readyz', () => readinessAnswer(readiness));
  get('/metrics', () => metricsAnswer(registry));
  let openApi: Buffer | undefined;
  get('/openapi.json', () => {
    // Made at the first visit and then kept: it never changes.
    openApi ??= Buffer.from(JSON.stringify(openApiDocument(endpoints, version, oauthEndpoints)));
    return { status: 200, code: 0, contentType: contentTypes.json, body: openApi };
  });
  for (const path of ReferencePage.paths) get(path, (url) => reference.answer(url));
}
