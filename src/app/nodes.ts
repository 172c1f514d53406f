/**
 * What makes of a process a node among others: a lease, a channel to the others, and the bus over it. Part of the
 * composition root; see app.ts.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { MemoryBus } from '../bus/memory-bus.ts';
import { NodeBus } from '../bus/node-bus.ts';
import type { Whereabouts } from '../bus/whereabouts.ts';
import type { Config } from '../config/config.ts';
import { workerPlace } from '../config/env.ts';
import { isNode, metricsPortOf } from '../config/node-settings.ts';
import { sharedSettings } from '../config/shared-settings.ts';
import type { Database } from '../database/database.ts';
import type { SharedGroups } from '../gateway/group-index.ts';
import type { MembershipFeed, MembershipRelay } from '../groups/membership-feed.ts';
import type { ThrottleFeed } from '../http/throttle.ts';
import type { ClusterNode } from '../jobs/cluster.ts';
import { AskedTogether } from '../kernel/asked-together.ts';
import { opening } from '../kernel/start-error.ts';
import type { DeliveryBus } from '../log/delivery.ts';
import type { MessageRef } from '../log/message-store.ts';
import type { Committed } from '../log/outgoing-store.ts';
import { MemoryPresence } from '../presence/memory-presence.ts';
import type { OnlineConnection, Presence } from '../presence/presence.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { companionLogID } from '../protocol/log-id.ts';
import type { RedisClient } from '../redis/client/client.ts';
import type { RedisNodeChannel } from '../redis/nodes/redis-node-channel.ts';
import type { RedisPresence as RedisPresenceType } from '../redis/presence/redis-presence.ts';
import type { PostgresOutgoingStore } from '../store/postgres-outgoing-store.ts';
import { LogBudget } from '../telemetry/log-budget.ts';
import { readVersion } from '../version.ts';
import { type ClusterView, tellCluster, tellClusterEveryMs } from './cluster-series.ts';
import type { Ground } from './ground.ts';
import { LoopDelay } from './loop-delay.ts';
import { followRedis } from './shared-time.ts';

/** How messages get to sockets, wherever those are, and who knows where. */
export interface Delivering {
  readonly bus: DeliveryBus;
  readonly presence: Presence;
  /** What has only a node; undefined in a process that is alone. */
  readonly node: Node | undefined;
  /** Those that live; this process alone where it is no node. */
  readonly nodes: () => readonly ClusterNode[];
}

export interface Node {
  readonly channel: RedisNodeChannel;
  readonly whereabouts: Whereabouts;
  readonly outgoing: PostgresOutgoingStore;
  /** Finds a stored message that should have come here. Never rejects. */
  lookFor(ref: MessageRef): Promise<void>;
  readonly memberships: MembershipRelay;
  readonly sharedGroups: SharedGroups;
  readonly secretsFeed: ThrottleFeed;
  /** What has committed by now. */
  committed(): Promise<Committed>;
  /** Hears, on one node only, of connections that ended with theirs. Rejecting has it told again. */
  onLost(listener: (connections: readonly OnlineConnection[]) => Promise<void>): void;
  /** What other nodes say of memberships goes there; and from now on there is something to hear. */
  start(feed: Pick<MembershipFeed, 'hear'>): Promise<void>;
}

/**
 * @param redis undefined where there is none: the process is no node then, nor without PostgreSQL
 * @param opened takes the lease, and what is on its way
 * @throws StartError
 */
export async function openDelivering(
  ground: Ground,
  opened: AsyncDisposableStack,
  { db, redis }: { readonly db: Database; readonly redis: RedisClient | undefined },
): Promise<Delivering> {
  if (redis === undefined || db.dialect !== 'postgres') {
    const presence = new MemoryPresence();
    const describe = describer(ground, opened, () => presence.connections);
    const nodeID = randomBytes(6).toString('hex');
    const nodes = () => [{ nodeID, ...describe(), heartbeatAgeMs: 0 }];
    const self = { roles: ground.config.roles, version: readVersion(), settings: {} };
    watchCluster(ground, opened, () => {
      return { nodes: [{ ...self, connections: presence.connections }], users: presence.users, silent: 0 };
    });
    return { bus: new MemoryBus(), presence, node: undefined, nodes };
  }
  const { RedisNodeChannel } = await import('../redis/nodes/redis-node-channel.ts');
  const { GroupNodes } = await import('../redis/nodes/group-nodes.ts');
  const { RedisWhereabouts } = await import('../redis/nodes/redis-whereabouts.ts');
  const { RedisPresence } = await import('../redis/presence/redis-presence.ts');
  const { onlineKey } = await import('../redis/presence/presence-keys.ts');
  const { PostgresOutgoingStore } = await import('../store/postgres-outgoing-store.ts');
  const { PostgresMembershipStore } = await import('../store/postgres-membership-store.ts');
  const { clock, monotonicMs, logger, metrics } = ground;
  // Without Redis every step fails.
  const lines = new LogBudget({ maxLines: 10, windowMs: 60_000, monotonicMs });
  const onFailure = (error: unknown) => {
    metrics.nodeFailures.inc();
    lines.spend((leftOut) => logger.warn({ err: error, leftOut }, 'a step between nodes failed: it is made up for'));
  };
  const clockRead = await opening('TESSERA_REDIS_URL: cannot read its clock', followRedis(ground, opened, redis));
  let presence: RedisPresenceType | undefined;
  const describeProcess = describer(ground, opened, () => presence?.connections ?? 0);
  const keyIDs = () => ground.signingKeys.ring.all.map(({ kid }) => kid);
  const settings = sharedSettings(ground.config, ground.secrets, keyIDs);
  const describe = () => ({ ...describeProcess(), settings: settings() });
  const channel = opened.use(
    await opening(
      'TESSERA_REDIS_URL: cannot become a node',
      RedisNodeChannel.open({
        redis,
        nodeID: randomBytes(6).toString('hex'),
        describe,
        monotonicMs,
        observer: { failed: onFailure, unknown: () => metrics.nodeUnreadable.inc(), clockRead },
      }),
    ),
  );
  if (db.primary !== undefined) {
    const { SharedTimeline } = await import('../redis/nodes/shared-timeline.ts');
    const shared = SharedTimeline.open({ redis, known: db.primary, onFailure });
    opened.use(await opening('TESSERA_REDIS_URL: cannot ask for the newest primary', shared));
    await opening('TESSERA_DATABASE_URL: cannot use PostgreSQL', db.ping());
  }
  const { nodeID } = channel;
  const outgoing = new PostgresOutgoingStore(db, nodeID);
  const whereabouts = new RedisWhereabouts({
    redis,
    onlineKey,
    nodeIDs: () => new Set([nodeID, ...channel.peers().map((peer) => peer.nodeID)]),
    monotonicMs,
  });
  const bus = opened.use(
    new NodeBus({
      channel,
      whereabouts,
      store: outgoing,
      now: clock,
      monotonicMs,
      observer: {
        published: (count) => metrics.nodePublications.inc(count),
        arrived: (lagMs) => metrics.nodeLagSeconds.observe(lagMs / 1000),
        repaired: (count) => metrics.nodeRepairs.inc(count),
        unreadable: () => metrics.nodeUnreadable.inc(),
        failed: onFailure,
      },
    }),
  );
  const shared = opened.use(new RedisPresence({ redis, channel, onFailure }));
  presence = shared;
  watchCluster(ground, opened, () => {
    const nodes = channel.nodes.map(({ description }) => description ?? unreadable);
    return { nodes, users: shared.users, silent: bus.silent.length };
  });
  const groupNodes = opened.use(new GroupNodes({ redis, nodeID, onFailure }));
  // What was sent before the others could find this node again did not come here.
  const retell = () => {
    bus.distrust();
    void groupNodes.retell().then(() => bus.readAll());
  };
  channel.onLease(retell);
  channel.onHearing((isHearing) => {
    metrics.nodeHearing.set(isHearing ? 1 : 0);
    if (isHearing) retell();
  });
  const store = new PostgresMembershipStore(db);
  // Of all who connect in one turn.
  const committed = new AskedTogether<void, Committed>(async (askers) => {
    const now = await outgoing.committed();
    return askers.map(() => now);
  });
  return {
    bus,
    presence: shared,
    nodes: () =>
      channel.nodes.map((live) => {
        const { settings: _settings, ...description } = live.description ?? unreadable;
        return { nodeID: live.nodeID, ...description, heartbeatAgeMs: channel.heartbeatAgeMs(live) };
      }),
    node: {
      channel,
      whereabouts,
      outgoing,
      lookFor: (ref) => bus.lookFor(ref),
      memberships: { outgoing, say: (word) => bus.say(word) },
      sharedGroups: {
        joinedBy: (userID) => store.joinedBy(userID),
        changesSince: (groupID, version) => store.changesSince(groupID, version),
        hold: (groupIDs) => groupNodes.hold(groupIDs),
        release: (groupID) => groupNodes.release(groupID),
        readGroup: (groupID, isFound) =>
          bus.readLogs([groupChatID(groupID), companionLogID(groupChatID(groupID))], isFound),
        onFailure,
        monotonicMs,
      },
      secretsFeed: {
        tell: (news) => {
          for (const peer of channel.peers()) channel.send(peer.nodeID, 'secrets', Buffer.from(news));
        },
        listen: (hear) => channel.on('secrets', (_from, payload) => hear(payload.toString())),
      },
      committed: () => committed.ask(undefined),
      onLost: (listener) => shared.onLost(listener),
      start: async (feed) => {
        bus.onWord((word) => feed.hear(word));
        await bus.start();
      },
    },
  };
}

function watchCluster({ metrics }: Ground, opened: AsyncDisposableStack, view: () => ClusterView): void {
  tellCluster(metrics, view());
  opened.use(setInterval(() => tellCluster(metrics, view()), tellClusterEveryMs));
}

/** What this process says of itself. */
function describer(ground: Ground, opened: AsyncDisposableStack, connections: () => number) {
  const startedAt = ground.clock();
  const loop = opened.use(new LoopDelay());
  return () => ({
    version: readVersion(),
    roles: ground.config.roles,
    host: hostname(),
    pid: process.pid,
    startedAt,
    connections: connections(),
    lagMs: loop.takeMaxMs(),
    clockAheadMs: ground.sharedClock.hostAheadMs,
    metricsAddress: metricsAddressOf(ground.config),
  });
}

/** Empty where only who has reached this process knows how: it is alone, or its port is the system's choice. */
function metricsAddressOf(config: Config): string {
  const ownPort = metricsPortOf(config, workerPlace());
  const port = ownPort === 0 && isNode(config) ? config.apiPort : ownPort;
  return port === 0 ? '' : `${config.advertisedHost === '' ? hostname() : config.advertisedHost}:${port}`;
}

const unreadable = {
  ...{ version: '', roles: [], host: '', pid: 0, metricsAddress: '', settings: {} },
  ...{ startedAt: 0, connections: 0, lagMs: 0, clockAheadMs: 0 },
};
