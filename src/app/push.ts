/** Offline push, composed. Part of the composition root; see app.ts. */
import { randomUUID } from 'node:crypto';
import { NodeReach, type NodeReachOptions } from '../bus/node-reach.ts';
import type { Database } from '../database/database.ts';
import type { DeliveryEntry } from '../deliveries/delivery-store.ts';
import { DeliveryWorker } from '../deliveries/delivery-worker.ts';
import type { Services } from '../http/services.ts';
import type { DeliveryResults } from '../log/delivery-results.ts';
import type { MessageTeller } from '../log/pipeline.ts';
import type { Presence } from '../presence/presence.ts';
import { CutOffDevices } from '../push/cut-off-devices.ts';
import type { OfflinePushHooks } from '../push/offline-push-hooks.ts';
import { OfflinePushes, type OfflinePushesOptions } from '../push/offline-pushes.ts';
import { PushTeller } from '../push/push-teller.ts';
import { PushTest } from '../push/push-test.ts';
import { PushTokens } from '../push/push-tokens.ts';
import { ReachedUsers } from '../push/reached-users.ts';
import { SqlBadgeStore } from '../store/sql-badge-store.ts';
import { SqlDeliveryStore } from '../store/sql-delivery-store.ts';
import { SqlPushRecipientStore } from '../store/sql-push-recipient-store.ts';
import { SqlPushTokenStore } from '../store/sql-push-token-store.ts';
import { currentLogin } from '../tokens/current-login.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';
import { openPushProviders } from './push-providers.ts';
import { watchDeliveries } from './watched-deliveries.ts';

export interface Push {
  readonly services: Pick<Services, 'pushTokens' | 'pushTest'>;
  /** These are undefined while no service is configured: messages then cost nothing more. */
  readonly messageTeller: MessageTeller | undefined;
  readonly results: DeliveryResults | undefined;
}

export interface PushOptions {
  readonly db: Database;
  readonly users: Pick<UserStore, 'find'>;
  readonly tokens: Pick<TokenStore, 'find' | 'everyonesCutoffs'>;
  readonly presence: Presence;
  /** Undefined in a process that is alone. */
  readonly node: Pick<NodeReachOptions, 'channel' | 'whereabouts' | 'lookFor'> | undefined;
  readonly hooks: OfflinePushHooks | undefined;
}

/** @throws StartError naming the setting of a push service that does not work */
export async function openPush(ground: Ground, opened: AsyncDisposableStack, options: PushOptions): Promise<Push> {
  const { config, clock } = ground;
  const { db, users } = options;
  const providers = await openPushProviders(config, clock);
  for (const provider of providers.values()) opened.defer(() => provider.close());
  const tokens = new SqlPushTokenStore(db);
  const pushTokens = new PushTokens({
    store: tokens,
    badges: new SqlBadgeStore(db),
    users,
    unitOfWork: db,
    currentLogin: (token) => currentLogin(options.tokens, token),
    providers: config.pushByPlatform,
    limits: config,
    now: clock,
  });
  // What fails stays owed, and readiness tells of a database that takes nothing.
  const settle = () => pushTokens.settle().catch(() => {});
  opened.defer(settle);
  opened.use(setInterval(settle, settleEveryMs));
  const cutOffDevices = opened.use(new CutOffDevices(tokens));
  opened.use(setInterval(() => void cutOffDevices.sweep().catch(() => {}), settleEveryMs));
  const newID = () => randomUUID().replaceAll('-', '');
  const services = { pushTokens, pushTest: new PushTest({ providers, tokens, newID, now: clock }) };
  if (providers.size === 0) return { services, messageTeller: undefined, results: undefined };
  return { services, ...openOfflinePushes(ground, opened, options, { providers, tokens }) };
}

const settleEveryMs = 1000;

function openOfflinePushes(
  ground: Ground,
  opened: AsyncDisposableStack,
  { db, presence, node, hooks }: PushOptions,
  services: Pick<OfflinePushesOptions, 'providers' | 'tokens'>,
): Pick<Push, 'messageTeller' | 'results'> {
  const { config, clock, monotonicMs, logger, metrics } = ground;
  const store = new SqlDeliveryStore(db);
  const results = new ReachedUsers({ limits: config, now: clock });
  const pushes = new OfflinePushes({
    ...services,
    recipients: new SqlPushRecipientStore(db),
    reach: node === undefined ? results : new NodeReach({ ...node, here: results, monotonicMs }),
    presence,
    hooks,
    limits: config,
    now: clock,
    monotonicMs,
    observer: {
      outcome: (provider, { kind }) => {
        metrics.offlinePushes.inc({ provider, outcome: kind });
        if (kind === 'later' || kind === 'refused') metrics.offlinePushesFailed.inc();
      },
      tooOld: () => metrics.offlinePushesTooOld.inc(),
    },
  });
  const worker = new DeliveryWorker({
    topic: 'push',
    store,
    deliver: (row, signal) => pushes.deliver(row, signal),
    now: clock,
    observer: {
      delivered: () => {},
      failed: ({ id, attempts }, error, isParked) => {
        if (isParked) logger.error({ err: error, id, attempts: attempts + 1 }, 'an offline push was parked');
      },
      heldUp: (error) => logger.warn({ err: error }, 'offline pushes were held up: they are tried again'),
    },
    // Nobody is to replay a push: it gets too old first.
    limits: { maxAttempts: 1000 },
  });
  opened.defer(() => worker.close(config.shutdownTimeoutMs));
  worker.start();
  const counts = watchDeliveries(ground, opened, store, 'push');
  const keep = async (entries: readonly DeliveryEntry[]) => {
    await db.transaction((tx) => store.add(tx, entries, clock()));
    worker.wake();
  };
  const messageTeller = new PushTeller({
    keep,
    wake: () => worker.wake(),
    waiting: () => counts().waiting,
    limits: config,
    onLeftOut: () => metrics.offlinePushesLeftOut.inc(),
    hooks,
    now: clock,
  });
  return { messageTeller, results };
}
