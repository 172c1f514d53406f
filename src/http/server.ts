/**
 * The API port: Node's own HTTP server and a table of routes, which are the endpoints, the probes and the API reference.
 * Protocol: rest-core.md 1.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, Server as TcpServer } from 'node:net';
import type { Registry } from 'prom-client';
import type { WireBounds } from '../protocol/bounds.ts';
import { LogBudget } from '../telemetry/log-budget.ts';
import type { BodyLimits } from './body.ts';
import { BodyBudget, type BodyBudgetLimits } from './body-budget.ts';
import { ClientAddresses } from './client-address.ts';
import { answerClientError } from './client-errors.ts';
import type { Endpoint } from './endpoint.ts';
import { type Answer, Exchange, type Surroundings, serve, type Telemetry, type Work } from './exchange.ts';
import { FairTurns } from './fair-turns.ts';
import { fileRoutes } from './files/file-routes.ts';
import { InFlight } from './in-flight.ts';
import { type Monitoring, monitoringPages } from './monitoring.ts';
import { serveUnrouted } from './not-found.ts';
import { OauthClients } from './oauth/oauth-clients.ts';
import type { OauthEndpoint } from './oauth/oauth-endpoint.ts';
import { serveOauth } from './oauth/serve-oauth.ts';
import { openApiDocument } from './openapi.ts';
import { type PageAccess, refusePage } from './page-guard.ts';
import { healthAnswer, metricsAnswer, type Readiness, readinessAnswer, rootAnswer, type Warnings } from './probes.ts';
import { ReferencePage } from './reference-page.ts';
import { ApiResponse, contentTypes } from './response-headers.ts';
import { serveEndpoint } from './serve-endpoint.ts';
import type { Services } from './services.ts';
import { FailureThrottle, type ThrottleFeed } from './throttle.ts';

export interface HttpServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly oauthEndpoints?: readonly OauthEndpoint[];
  /** Who may call those; nobody by default. */
  readonly oauthClients?: OauthClients;
  readonly services: Services;
  readonly telemetry: Telemetry;
  readonly registry: Registry;
  readonly readiness: Readiness;
  readonly warnings?: Warnings;
  /** Of Tessera, for the API reference. */
  readonly version: string;
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly bounds?: WireBounds;
  readonly limits: HttpLimits;
  /** Of wrong secrets at other nodes. */
  readonly secretsFeed?: ThrottleFeed | undefined;
  readonly monitoring?: Monitoring;
  /** Of the API as clients call it; empty, the default: as each request says. */
  readonly publicUrl?: string;
  /** Who may see /metrics, /docs, /openapi.json and what is for monitoring; everybody by default. */
  readonly pages?: PageAccess;
}

/** docs/limits.md has what each is. */
export type HttpLimits = BodyLimits & BodyBudgetLimits & SecretLimits;

export interface SecretLimits {
  /** Of one address, or of one caller who has proved a secret of late. */
  readonly maxWrongSecretsPerMinute: number;
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
  /** For the gateway's 'upgrade' listener, which gets only requests under /msg_gateway. */
  readonly server: ApiServer;
  /** For scrapers: the API port may be shared by several processes. */
  readonly #scraped: ApiServer;
  readonly #inFlight = new InFlight();

  /** Opens no port yet. */
  constructor(options: HttpServerOptions) {
    this.server = openServer({ ...defaultTimeouts, ...options.timeouts });
    this.#scraped = openServer({ ...defaultTimeouts, ...options.timeouts });
    const { endpoints, services, telemetry, limits, trustedProxies = [] } = options;
    const surroundings: Surroundings = {
      telemetry,
      addresses: new ClientAddresses({ trustedProxies, onUntrustedProxy: proxyWarning(telemetry) }),
      bodies: new BodyBudget(limits),
      turns: new FairTurns(),
      secrets: secretThrottle(telemetry, limits, options.secretsFeed),
      isListening: () => this.server.listening,
      publicUrl: options.publicUrl ?? '',
    };
    const routes = routesOf(options);
    const folders = fileRoutes(services);
    const unrouted: Route = {
      path: 'unknown',
      work: serveUnrouted({
        endpoints,
        services,
        routes,
        logger: telemetry.logger,
        monotonicMs: monotonicOf(telemetry),
      }),
    };
    this.server.on('request', (request, response) => {
      this.#inFlight.add(response);
      const { path, work } = routes.get(routeOf(request)) ?? folderOf(request, folders) ?? unrouted;
      serve(new Exchange(surroundings, path, request, response), work);
    });
    this.#scraped.on('request', (request, response) => {
      const route = routeOf(request);
      const { path, work } = (scrapedRoutes.has(route) ? routes.get(route) : undefined) ?? unrouted;
      serve(new Exchange(surroundings, path, request, response), work);
    });
  }

  /** @returns the port, which is the system's choice if `port` is 0 */
  async listen(host: string, port: number): Promise<number> {
    return listen(this.server, host, port);
  }

  /** For `/metrics` and the probes of this process alone. @returns the port */
  async listenForScrapers(host: string, port: number): Promise<number> {
    return listen(this.#scraped, host, port);
  }

  /**
   * Takes no new connections, lets the requests in flight finish, then ends all connections but upgraded ones, and
   * resolves when those have ended too. A request that still comes on an open connection is served as its last.
   * @param limitMs after which requests in flight are not waited for any more
   */
  async close(limitMs = defaultCloseLimitMs): Promise<void> {
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
    // Not http.Server's own close, which would cut off answers that are still on their way out.
    TcpServer.prototype.close.call(this.server, () => onClosed());
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    await Promise.race([this.#inFlight.none(), tooLong]);
    clearTimeout(timer);
    this.server.closeAllConnections();
    await closed;
    // Their timers look for slow requests.
    this.server.close();
    this.#scraped.closeAllConnections();
    this.#scraped.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function secretThrottle(
  telemetry: Telemetry,
  { maxWrongSecretsPerMinute }: SecretLimits,
  feed: ThrottleFeed | undefined,
): FailureThrottle {
  return new FailureThrottle({
    ...(feed === undefined ? {} : { feed }),
    maxFailures: maxWrongSecretsPerMinute,
    windowMs: 60_000,
    maxAddresses: 10_000,
    clock: monotonicOf(telemetry),
    onBlocked: (network) => telemetry.logger.warn({ network }, 'too many wrong secrets: refused for a while'),
  });
}

/** Once an hour, since it holds for every request that comes that way. */
function proxyWarning(telemetry: Telemetry): (proxy: string) => void {
  const budget = new LogBudget({ maxLines: 1, windowMs: 3_600_000, monotonicMs: monotonicOf(telemetry) });
  return (proxy) =>
    budget.spend(() =>
      telemetry.logger.warn(
        { proxy },
        'X-Forwarded-For comes from a proxy that is not trusted: its clients count as one; name it in TESSERA_TRUSTED_PROXIES',
      ),
    );
}

function monotonicOf({ monotonicMs }: Telemetry): () => number {
  return monotonicMs ?? (() => performance.now());
}

type ApiServer = Server<typeof IncomingMessage, typeof ApiResponse>;

function openServer(timeouts: HttpTimeouts): ApiServer {
  const server: ApiServer = createServer({
    ServerResponse: ApiResponse,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: timeouts.checkEveryMs,
    // Others, such as a Java client's offer of HTTP/2, are ordinary requests.
    shouldUpgradeCallback: ({ url }: IncomingMessage) =>
      url?.startsWith(gatewayPath) === true && server.listenerCount('upgrade') > 0,
  });
  server.setTimeout(timeouts.stalledMs);
  return server.on('clientError', answerClientError);
}

interface Route {
  /** As it is named in metrics and logs. */
  readonly path: string;
  readonly work: Work;
}

/** Everything below a path. */
export interface FolderRoute extends Route {
  readonly methods: readonly string[];
  /** Begins and ends with a slash. */
  readonly folder: string;
}

function folderOf({ method = '', url = '' }: IncomingMessage, folders: readonly FolderRoute[]): Route | undefined {
  return folders.find(({ methods, folder }) => url.startsWith(folder) && methods.includes(method));
}

/** By `METHOD /path`. */
function routesOf(options: HttpServerOptions): ReadonlyMap<string, Route> {
  const { endpoints, oauthEndpoints = [], oauthClients = new OauthClients(new Map()), services } = options;
  const { bounds, limits, pages = openPages } = options;
  const reading = { bodyLimits: limits, ...(bounds === undefined ? {} : { bounds }) };
  const routes = new Map<string, Route>();
  const add = (method: string, path: string, work: Work) => routes.set(`${method} ${path}`, { path, work });
  for (const endpoint of endpoints) add('POST', endpoint.path, serveEndpoint(endpoint, services, reading));
  for (const endpoint of oauthEndpoints)
    add('POST', endpoint.path, serveOauth(endpoint, services, oauthClients, limits));
  for (const [path, answer] of pagesOf(options)) {
    const isGuarded = !openPaths.has(path);
    const work: Work = async (exchange) => {
      const refused = isGuarded ? await refusePage(exchange, pages) : undefined;
      await exchange.send(refused ?? (await answer(exchange.request)));
    };
    for (const method of ['GET', 'HEAD']) add(method, path, work);
  }
  return routes;
}

const scrapedRoutes: ReadonlySet<string> = new Set(['GET /metrics', 'GET /healthz', 'GET /readyz']);

const openPages: PageAccess = { isOpen: true, token: '' };
/** Orchestrators ask for these from wherever they are, and the first says nothing but where to look. */
const openPaths: ReadonlySet<string> = new Set(['/', '/healthz', '/readyz']);

type Page = (request: IncomingMessage) => Answer | Promise<Answer>;

/** What is not the protocol's: a page for the curious, probes and the API reference. */
function pagesOf(options: HttpServerOptions): readonly (readonly [string, Page])[] {
  const { endpoints, oauthEndpoints = [], registry, readiness, warnings = () => [], version, monitoring } = options;
  const reference = new ReferencePage();
  let openApi: Buffer | undefined;
  return [
    ['/', () => rootAnswer(version)],
    ['/healthz', healthAnswer],
    ['/readyz', () => readinessAnswer(readiness, warnings)],
    ['/metrics', () => metricsAnswer(registry)],
    [
      '/openapi.json',
      () => {
        // Made at the first visit and then kept: it never changes.
        openApi ??= Buffer.from(JSON.stringify(openApiDocument(endpoints, version, oauthEndpoints)));
        return { status: 200, code: 0, contentType: contentTypes.json, body: openApi };
      },
    ],
    ...ReferencePage.paths.map((path) => [path, ({ url = path }: IncomingMessage) => reference.answer(url)] as const),
    ...(monitoring === undefined ? [] : monitoringPages(monitoring)),
  ];
}

function routeOf({ method, url = '' }: IncomingMessage): string {
  // A proxy may send the whole URL (RFC 9112, section 3.2.2).
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
  const end = target.indexOf('?');
  return `${method} ${end === -1 ? target : target.slice(0, end)}`;
}
