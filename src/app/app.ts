/**
 * The composition root: configuration to objects, area by area, by hand. What was opened is closed in reverse order,
 * also when starting fails half-way.
 */
import type { Config } from '../config/config.ts';
import { hasRole } from '../config/node-settings.ts';
import type { Services } from '../http/services.ts';
import { Cluster } from '../jobs/cluster.ts';
import { OnlineStatus } from '../presence/online-status.ts';
import { SqlUserStore } from '../store/sql-user-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { TokenEvents } from '../tokens/events.ts';
import { openDoors, type Ports } from './doors.ts';
import { openFiles } from './files.ts';
import { openFriends } from './friends.ts';
import { type AppOverrides, layGround } from './ground.ts';
import { openGroups } from './groups.ts';
import { openJobs } from './jobs.ts';
import { joinTellers } from './message-tellers.ts';
import { openLog, openMessaging } from './messaging.ts';
import { openDelivering } from './nodes.ts';
import { openPeople } from './people.ts';
import { openPush } from './push.ts';
import { openSettings } from './settings.ts';
import { openDatabase, openTokenStores, watchDurability } from './stores.ts';
import { openTokenAuthority, openTokenEventLog } from './tokens.ts';
import { openWebhooks } from './webhooks.ts';

export interface App extends AsyncDisposable {
  readonly logger: Logger;
  readonly services: Services;
  /** Opens the ports and resolves when both listen. */
  start(): Promise<Ports>;
  /** Resolves when this process is to stop, for its supervisor to start it again. */
  readonly restartOrdered: Promise<void>;
  /** Reads signing-keys.json again and logs the kids that hold, as SIGHUP asks for. */
  reloadSigningKeys(): void;
}

/**
 * Opens the stores and builds the server; no port is open yet. Disposing drains (promise O3): no new work, what is
 * under way is finished, sockets are closed so that clients reconnect elsewhere.
 *
 * @throws ConfigError, or StartError naming the setting that does not work.
 */
export async function createApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const ground = layGround(config, opened, overrides);
  const { logger, keyWatch, reportFailure } = ground;

  const db = opened.use(await openDatabase(ground, opened));
  const { runTimeSettings, restart } = await openSettings(ground, opened, db);
  const events = new TokenEvents(reportFailure);
  const tokenStores = await openTokenStores(ground, opened, { db, events });

  const { bus, presence, node, nodes } = await openDelivering(ground, opened, { db, redis: tokenStores.redis });
  const userStore = new SqlUserStore(db);
  const hooks = await openWebhooks(ground, opened, { db, events, tokens: tokenStores.store, presence, bus, node });
  const push = await openPush(ground, opened, {
    ...{ db, users: userStore, tokens: tokenStores.store, presence, node, hooks: hooks.pushes },
  });
  const teller = joinTellers(hooks.messageTeller, push.messageTeller);
  const outgoing = node?.outgoing;
  const log = await openLog(ground, opened, { db, bus, outgoing, users: userStore, teller, hooks });
  const { memberships, services: groups } = openGroups(ground, db, log, userStore, { relay: node?.memberships, hooks });
  const people = await openPeople(ground, db, {
    userStore,
    notifier: log.notifier,
    hooks,
    // Groups first: their locks come before those of version logs.
    followers: [log.groupProfiles, log.friendProfiles],
  });
  const authority = await openTokenAuthority(ground, opened, {
    ...{ ...tokenStores, events, users: people.users, teller: hooks.tokenTeller },
  });
  const messaging = openMessaging(ground, db, log, { users: userStore, hooks });
  const files = await openFiles(ground, db);
  const jobs = openJobs(ground, opened, db, log, { ...messaging, files, channel: node?.channel });
  const services: Services = {
    authority,
    tokenEventLog: openTokenEventLog(ground, opened, { db, events }),
    onlineStatus: new OnlineStatus(presence),
    ...people,
    ...groups,
    ...openFriends(ground, db, log, { users: userStore, hooks }),
    ...push.services,
    ...messaging,
    jobs,
    cluster: new Cluster(nodes),
    webhookDeliveries: hooks.deliveries,
    ...files.services,
    runTimeSettings,
    restart,
  };
  const stores = { database: () => db.ping(), tokens: () => tokenStores.store.ping() };
  const doors = await openDoors(ground, opened, {
    ...{ services, events, bus, presence: hooks.presence, memberships, stores },
    warnings: await watchDurability(ground, opened, db),
    sharedGroups: node?.sharedGroups,
    committed: node?.committed,
    lease: node?.channel,
    nodes,
    secretsFeed: node?.secretsFeed,
    results: push.results,
  });
  await node?.start(memberships);

  const owned = opened.move();
  return {
    logger,
    services,
    start: async () => {
      const ports = await doors.listen();
      if (hasRole(config, 'jobs')) jobs.start();
      await restart.start();
      return ports;
    },
    restartOrdered: restart.ordered,
    reloadSigningKeys: () => {
      if (keyWatch === undefined) logger.warn('TESSERA_SIGNING_KEYS is set: other signing keys need a restart');
      else keyWatch.reload();
    },
    [Symbol.asyncDispose]: async () => {
      await owned.disposeAsync();
      logger.info('stopped');
    },
  };
}
