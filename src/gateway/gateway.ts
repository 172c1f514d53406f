/**
 * The long-connection gateway: sockets in, pushes out. It listens on a port of its own and under /msg_gateway of other
 * servers. Protocol: websocket.md.
 */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forEachInSlices, forEachOver } from '../kernel/time-slices.ts';
import type { DeliveryBus } from '../log/delivery.ts';
import { OnlineStatus } from '../presence/online-status.ts';
import type { OnlineConnection, Presence } from '../presence/presence.ts';
import type { WireBounds } from '../protocol/bounds.ts';
import { createTextPingResponder } from '../protocol/frames/text-ping.ts';
import { reqIdentifiers } from '../protocol/numbers/request-identifiers.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OperationScope } from '../telemetry/operation.ts';
import type { TokenAuthority } from '../tokens/authority.ts';
import type { TokenEvents } from '../tokens/events.ts';
import { cutReasons } from './connection/close-reason.ts';
import { type FrameCodecs, FrameVariants, SharedFrame } from './connection/frame-variant.ts';
import { InboundBytes } from './connection/inbound-bytes.ts';
import { everySecond, Pulse } from './connection/pulse.ts';
import { type NodeLease, Recheck } from './connection/recheck.ts';
import { type Connection, Session, type SessionEnvironment } from './connection/session.ts';
import { Turns } from './connection/turns.ts';
import { FlushQueue } from './connection/writer.ts';
import { displaceElsewhere, displaceOthers } from './displacement.ts';
import { GroupIndex, type GroupMemberships, type SharedGroups } from './group-index.ts';
import { Admission } from './handshake/admission.ts';
import { Upgrader } from './handshake/upgrade.ts';
import { Hub, type HubOptions } from './hub.ts';
import type { GatewayLimits } from './limits.ts';
import { createConnectionRequests, type LoggedOutDevices } from './requests/connection-requests.ts';
import { Dispatcher } from './requests/dispatch.ts';
import type { RequestHandlers } from './requests/request-handler.ts';
import { Subscriptions } from './subscriptions.ts';

export interface GatewayOptions {
  readonly authority: Pick<
    TokenAuthority,
    'verify' | 'displacedPlatforms' | 'displace' | 'displaceElsewhere' | 'lookAgain' | 'hearsAll'
  >;
  readonly events: TokenEvents;
  /** The domains' requests; those about the connection itself are the gateway's own. */
  readonly handlers: RequestHandlers;
  readonly bus: Pick<DeliveryBus, 'onDelivery'>;
  readonly presence: Presence;
  /** Who is in which group; undefined where there are none. */
  readonly memberships?: GroupMemberships;
  /** Told of logouts (2003); undefined where nothing is pushed to those who are offline. */
  readonly devices?: LoggedOutDevices;
  /** Where there are other nodes. */
  readonly sharedGroups?: SharedGroups | undefined;
  readonly committed?: HubOptions['committed'];
  readonly results?: HubOptions['results'];
  readonly lease?: NodeLease | undefined;
  /** Where a request comes from; undefined if that is not known, as behind a proxy that is not trusted. */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
  readonly codecs: FrameCodecs;
  readonly limits: GatewayLimits;
  /** Of requests about the connection itself. */
  readonly bounds?: WireBounds;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly scope: OperationScope;
  /** Unix ms. */
  readonly clock: () => number;
  /** Calls back once a second; returns what stops it. For tests: {@link everySecond} otherwise. */
  readonly everySecond?: (onSecond: () => void) => () => void;
  /** Milliseconds that only go forward; the process's own by default. */
  readonly monotonicMs?: () => number;
}

export interface Gateway extends AsyncDisposable {
  /** Opens the gateway's own port, where every path is accepted. Returns the port: the system's choice if given 0. */
  listen(host: string, port: number): Promise<number>;
  /** Serves the upgrade requests of another server. */
  attach(server: Server): void;
  /**
   * Stops as O3 has it: no new connections; sockets are closed, one after another over `drainSpreadMs`, so that clients
   * reconnect elsewhere; before, what they have asked is answered. Resolves when all are gone, `drainTimeoutMs` after that
   * at the latest.
   */
  drain(): Promise<void>;
}

export function createGateway(options: GatewayOptions): Gateway {
  return new LongConnectionGateway(options);
}

class LongConnectionGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #admission: Admission;
  readonly #hub: Hub;
  readonly #environment: SessionEnvironment;
  readonly #upgrader: Upgrader;
  readonly #server: Server;
  readonly #stops: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    const { authority, events, codecs, limits, metrics, logger, scope, clock, bus, presence } = options;
    this.#options = options;
    this.#admission = new Admission(limits);
    const subscriptions = new Subscriptions(limits, metrics, presence);
    const groups = new GroupIndex({ memberships: options.memberships, shared: options.sharedGroups });
    this.#hub = new Hub({
      metrics,
      presence,
      subscriptions,
      groups,
      limits,
      committed: options.committed,
      results: options.results,
    });
    const pulse = new Pulse(limits);
    const inbound = new InboundBytes(limits);
    const monotonicMs = options.monotonicMs ?? (() => performance.now());
    const recheck = new Recheck({ hub: this.#hub, authority, events, logger, monotonicMs, lease: options.lease });
    this.#environment = createEnvironment(options, { pulse, subscriptions, recheck, inbound, monotonicMs });
    this.#upgrader = new Upgrader({
      admission: this.#admission,
      addressOf: options.addressOf,
      variants: new FrameVariants(codecs, limits.maxInflatedBytes),
      authority,
      events,
      limits,
      metrics,
      logger,
      scope,
      clock,
      monotonicMs,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onConnection: (connection) => this.#open(connection),
    });
    this.#server = createOwnServer(this.#upgrader, limits);

    presence.onNeighbours({
      onOlder: (connection, older) => this.#onOlder(connection, older),
      onDoubted: (userID, connID) => this.#hub.doubt(userID, connID),
    });
    bus.onDelivery(this.#hub);
    const start = options.everySecond ?? ((onSecond) => everySecond(clock, onSecond));
    this.#stops.push(
      events.on('tokensEnded', (event) => this.#hub.endTokens(event)),
      events.on('tokensSuperseded', (event) => this.#hub.shortenTokens(event)),
      events.on('cutoffRaised', (event) => this.#hub.endCutOff(event)),
      events.on('keysReplaced', (event) => this.#hub.endKeys(event)),
      () => recheck[Symbol.dispose](),
      () => groups[Symbol.dispose](),
      presence.onChange((change) => subscriptions.announce(change)),
      start(() => {
        pulse.beat(this.#hub.all, clock());
        inbound.wakeAll();
      }),
    );
  }

  async listen(host: string, port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen({ host, port, backlog: 1024 }, resolve);
    await promise;
    this.#server.off('error', reject);
    return (this.#server.address() as AddressInfo).port;
  }

  attach(server: Server): void {
    server.on('upgrade', this.#upgrader.onUpgrade);
    this.#stops.push(() => server.off('upgrade', this.#upgrader.onUpgrade));
  }

  async drain(): Promise<void> {
    this.#admission.close();
    this.#server.close();
    this.#server.closeIdleConnections();
    const { all } = this.#hub;
    const { drainTimeoutMs, drainSpreadMs } = this.#options.limits;
    const spreadMs = Math.min(drainSpreadMs, all.size);
    const timer = setTimeout(
      () => void forEachInSlices(all, (session) => session.cut(cutReasons.drainTimeout)),
      spreadMs + drainTimeoutMs,
    );
    await forEachOver([...all], spreadMs, (session) => session.drain());
    await this.#hub.whenEmpty();
    clearTimeout(timer);
  }

  /** Drains, and lets go of everything that it was attached to. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    for (const stop of this.#stops) stop();
    this.#server.closeAllConnections();
  }

  #onOlder({ userID, connID }: OnlineConnection, older: readonly OnlineConnection[]): void {
    const { authority } = this.#options;
    const session = [...this.#hub.sessionsOf(userID)].find((candidate) => candidate.connID === connID);
    if (session !== undefined)
      displaceElsewhere(authority, session, older).catch((error) => this.#reportKept(error, connID));
  }

  #reportKept(error: unknown, connID: string): void {
    this.#options.logger.error({ err: error, connID }, 'tokens of displaced connections were not ended');
  }

  #open(connection: Connection): void {
    const { authority } = this.#options;
    const session = new Session(connection, this.#environment, this.#hub);
    const isReady = this.#hub.add(session);
    if (isReady !== undefined) session.waitFor(isReady);
    displaceOthers(this.#hub, authority, session, connection.token).catch((error) =>
      this.#reportKept(error, connection.connID),
    );
  }
}

function createEnvironment(
  { handlers, scope, logger, metrics, limits, clock, presence, devices, bounds }: GatewayOptions,
  made: Pick<SessionEnvironment, 'pulse' | 'recheck' | 'inbound' | 'monotonicMs'> & {
    readonly subscriptions: Subscriptions;
  },
): SessionEnvironment {
  const allHandlers = new Map([...handlers, ...createConnectionRequests(new OnlineStatus(presence), devices, bounds)]);
  return {
    dispatcher: new Dispatcher({ handlers: allHandlers, scope, logger, metrics }),
    answerText: createTextPingResponder(),
    kickFrame: new SharedFrame(() => ({
      reqIdentifier: reqIdentifiers.kickOnline,
      msgIncr: '',
      operationID: '',
      errCode: 0,
      errMsg: '',
      data: null,
    })),
    flushes: new FlushQueue(),
    turns: new Turns(),
    limits,
    metrics,
    logger,
    clock,
    ...made,
  };
}

/** Sockets that do not get through with their request in time are dropped by node:http. */
function createOwnServer({ onUpgrade, onRequest }: Upgrader, { handshakeTimeoutMs }: GatewayLimits): Server {
  const options = {
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: Math.ceil(handshakeTimeoutMs / 50),
    // Others, such as a Java client's offer of HTTP/2, are ordinary requests.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  };
  return createServer(options, onRequest).on('upgrade', onUpgrade);
}
