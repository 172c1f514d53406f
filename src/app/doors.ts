/** The API port and the gateway, and what they say of their readiness. Part of the composition root; see app.ts. */
import type { Config } from '../config/config.ts';
import { workerPlace } from '../config/env.ts';
import { hasRole, isNode, metricsPortOf } from '../config/node-settings.ts';
import { createAddressOf } from '../gateway/connection/peer.ts';
import type { NodeLease } from '../gateway/connection/recheck.ts';
import { createGateway, type GatewayOptions } from '../gateway/gateway.ts';
import type { GroupMemberships, SharedGroups } from '../gateway/group-index.ts';
import { defaultLimits, type GatewayLimits } from '../gateway/limits.ts';
import { createRequestHandlers } from '../gateway/requests/requests.ts';
import { oauthEndpoints } from '../http/oauth/index.ts';
import { OauthClients } from '../http/oauth/oauth-clients.ts';
import { endpoints } from '../http/routes/index.ts';
import { HttpServer } from '../http/server.ts';
import type { Services } from '../http/services.ts';
import type { ThrottleFeed } from '../http/throttle.ts';
import type { ClusterNode } from '../jobs/cluster.ts';
import { opening } from '../kernel/start-error.ts';
import type { DeliveryBus } from '../log/delivery.ts';
import type { DeliveryResults } from '../log/delivery-results.ts';
import type { Presence } from '../presence/presence.ts';
import { createGobFrameCodec } from '../protocol/frames/gob-frame-codec.ts';
import { createJsonFrameCodec } from '../protocol/frames/json-frame-codec.ts';
import type { TokenEvents } from '../tokens/events.ts';
import { readVersion } from '../version.ts';
import type { Ground } from './ground.ts';
import { HealthWatch } from './health-watch.ts';
import { startReport } from './start-report.ts';

export interface Doors {
  /** Opens the ports and resolves when both listen. @throws StartError naming the one that cannot be had */
  listen(): Promise<Ports>;
}

export interface Ports {
  readonly apiPort: number;
  /** 0 without the role of a gateway. */
  readonly wsPort: number;
}

export interface DoorsOptions {
  readonly services: Services;
  readonly events: TokenEvents;
  readonly bus: Pick<DeliveryBus, 'onDelivery'>;
  readonly presence: Presence;
  readonly memberships: GroupMemberships;
  /** Of a node. */
  readonly sharedGroups: SharedGroups | undefined;
  readonly committed: GatewayOptions['committed'];
  readonly lease: NodeLease | undefined;
  readonly nodes: () => readonly Pick<ClusterNode, 'metricsAddress'>[];
  readonly secretsFeed: ThrottleFeed | undefined;
  /** Told whom messages reach; undefined while nobody is woken offline. */
  readonly results: DeliveryResults | undefined;
  /** What the server cannot do without, by the names that /readyz gives; each resolves if it answers. */
  readonly stores: Readonly<Record<string, () => Promise<void>>>;
  /** For /readyz, of what it can do with all the same. */
  readonly warnings: () => readonly string[];
}

/**
 * No port is open yet.
 * @param opened drains when it is disposed of: no new work, what is under way is finished (O3)
 */
export async function openDoors(ground: Ground, opened: AsyncDisposableStack, options: DoorsOptions): Promise<Doors> {
  const { config, logger, metrics, scope, clock, monotonicMs, reportFailure } = ground;
  const { services, events, bus, presence, memberships, sharedGroups, committed, lease, nodes, secretsFeed, results } =
    options;
  const { stores, warnings } = options;
  let isDraining = false;
  let isHearing = true;
  events.on('hearing', (change) => {
    isHearing = change.isHearing;
  });
  const readiness = async () => {
    const missing = await Promise.all(Object.entries(stores).map(([name, ping]) => unreachable(name, ping())));
    if (isDraining) return ['draining'];
    return isHearing ? missing.flat() : [...missing.flat(), 'token feed'];
  };
  const { dataDir } = config;
  const health = new HealthWatch({ missing: readiness, stores: Object.keys(stores), dataDir, metrics, logger });
  await health.look();
  opened.use(setInterval(() => void health.look().catch(reportFailure), lookAtHealthEveryMs));

  const http = new HttpServer({
    endpoints: hasRole(config, 'api') ? endpoints : [],
    oauthEndpoints: hasRole(config, 'api') ? oauthEndpoints : [],
    oauthClients: new OauthClients(config.oauthClients),
    services,
    telemetry: { logger, metrics, scope, monotonicMs },
    registry: metrics.registry,
    readiness,
    warnings,
    version: readVersion(),
    trustedProxies: config.trustedProxies,
    bounds: config,
    limits: config,
    secretsFeed,
    monitoring: {
      get grafanaUrl() {
        return config.grafanaUrl;
      },
      targets: async (here) => {
        const told = nodes().flatMap(({ metricsAddress }) => (metricsAddress === '' ? [] : [metricsAddress]));
        return told.length === 0 ? [here] : told;
      },
    },
    publicUrl: config.publicUrl,
    pages: {
      isOpen: config.pagesAccess === 'open' || (config.pagesAccess === 'auto' && config.dev),
      token: config.pagesToken,
    },
  });
  const makeGateway = () =>
    createGateway({
      authority: services.authority,
      events,
      handlers: createRequestHandlers(services, config),
      bounds: config,
      bus,
      presence,
      memberships,
      sharedGroups,
      committed,
      lease,
      results,
      devices: services.pushTokens,
      addressOf: createAddressOf(config.trustedProxies),
      codecs: { js: createJsonFrameCodec(), go: createGobFrameCodec() },
      limits: gatewayLimits(config),
      metrics,
      logger,
      scope,
      clock,
    });
  const gateway = hasRole(config, 'gateway') ? makeGateway() : undefined;
  gateway?.attach(http.server);
  opened.defer(async () => {
    isDraining = true;
    await Promise.all([gateway?.[Symbol.asyncDispose](), http.close(config.shutdownTimeoutMs)]);
  });

  return {
    listen: async () => {
      const { host } = config;
      const apiPort = await opening(`TESSERA_API_PORT: cannot listen on ${host}`, http.listen(host, config.apiPort));
      const wsPort =
        gateway === undefined
          ? 0
          : await opening(`TESSERA_WS_PORT: cannot listen on ${host}`, gateway.listen(host, config.wsPort));
      const metricsPort = metricsPortOf(config, workerPlace());
      if (metricsPort > 0) {
        await opening(`TESSERA_METRICS_PORT: cannot listen on ${host}`, http.listenForScrapers(host, metricsPort));
      }
      logger.info(startReport(config, { apiPort, wsPort }), 'listening');
      return { apiPort, wsPort };
    },
  };
}

/** What is the gateway's of the settings, and what is none. */
function gatewayLimits(config: Config): GatewayLimits {
  const settings: Readonly<Record<string, unknown>> = { ...defaultLimits };
  const given = Object.keys(settings).map((key) => [key, key in config ? config[key as keyof Config] : settings[key]]);
  return {
    ...Object.fromEntries(given),
    drainTimeoutMs: config.shutdownTimeoutMs,
    // Where there is no other node, nobody has to be spared.
    drainSpreadMs: isNode(config) ? config.drainSpreadMs : 0,
  };
}

const lookAtHealthEveryMs = 5000;

async function unreachable(name: string, ping: Promise<void>): Promise<string[]> {
  try {
    await ping;
    return [];
  } catch {
    return [name];
  }
}
