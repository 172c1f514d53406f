/** Hooks of what nobody asks for in a call: connections and tokens. Part of the composition root; see app.ts. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { DeliveryWorker } from '../deliveries/delivery-worker.ts';
import type { DeliveryBus } from '../log/delivery.ts';
import type { OnlineConnection, Presence } from '../presence/presence.ts';
import { SqlDeliveryStore } from '../store/sql-delivery-store.ts';
import { SqlToldOnlineStore } from '../store/sql-told-online-store.ts';
import type { TokenEvents } from '../tokens/events.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { TokenTeller } from '../tokens/token-teller.ts';
import type { HookName } from '../webhooks/hook-table.ts';
import { OnlineWebhooks } from '../webhooks/online-webhooks.ts';
import { TokenWebhooks } from '../webhooks/token-webhooks.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import type { Ground } from './ground.ts';
import type { Node } from './nodes.ts';
import { notingPresence } from './noting-presence.ts';

export interface FollowedEvents {
  readonly db: Database;
  readonly events: TokenEvents;
  readonly tokens: TokenStore;
  readonly presence: Presence;
  readonly bus: DeliveryBus;
  readonly node: Pick<Node, 'onLost' | 'channel'> | undefined;
}

interface Telling {
  readonly webhooks: Webhooks;
  /** There is something to deliver. */
  readonly wake: () => void;
}

/** @returns the presence for the gateway */
export function followConnections(
  { logger, clock }: Ground,
  opened: AsyncDisposableStack,
  { db, presence, node }: FollowedEvents,
  { webhooks }: Telling,
): Presence {
  if (!['afterUserOnline', 'afterUserOffline'].some((name) => webhooks.setting(name as HookName))) return presence;
  const onHeldUp = (error: unknown) => logger.warn({ err: error }, 'who is online is told later');
  const online = opened.use(
    new OnlineWebhooks({
      webhooks,
      presence,
      store: new SqlToldOnlineStore(db),
      unitOfWork: db,
      newID: randomUUID,
      now: clock,
      onHeldUp,
    }),
  );
  node?.onLost((connections) => online.lost(connections));
  const here = new Set<OnlineConnection>();
  // A node that stood still was taken for dead: its heir has told that these are offline.
  node?.channel.onLease(() => {
    for (const connection of here) online.note(connection);
  });
  void online.resume().catch(onHeldUp);
  return notingPresence(presence, here, (connection) => online.note(connection));
}

/** @returns the teller for the token authority; undefined if nothing is told that it does */
export function followTokens(
  { logger, clock, monotonicMs, config }: Ground,
  opened: AsyncDisposableStack,
  { db, events, tokens }: FollowedEvents,
  { webhooks, wake }: Telling,
): TokenTeller | undefined {
  const isOn = (name: HookName) => webhooks.setting(name) !== undefined;
  if (!tokenHooks.some(isOn)) return undefined;
  const observer = {
    failed: (error: unknown) => logger.warn({ err: error }, 'hooks of tokens are held up'),
    dropped: () => {},
    outageEnded: (dropped: number) => logger.warn({ dropped }, 'hooks of tokens are written again'),
  };
  const store = new SqlDeliveryStore(db);
  const told = opened.use(
    new TokenWebhooks({ webhooks, events, tokens, store, unitOfWork: db, wake, now: clock, monotonicMs, observer }),
  );
  const teller = tokenHooks.some((name) => name !== 'afterTokenRefused' && isOn(name)) ? told : undefined;
  if (!isOn('afterTokenExpired')) return teller;
  const worker = new DeliveryWorker({
    topic: 'expiries',
    store,
    deliver: (row) => told.expire(row),
    now: clock,
    observer: {
      delivered: () => {},
      failed: () => {},
      heldUp: (error) => logger.warn({ err: error }, 'tokens that expire are told of later'),
    },
  });
  opened.defer(() => worker.close(config.shutdownTimeoutMs));
  worker.start();
  return teller;
}

const tokenHooks: readonly HookName[] = [
  ...(['afterTokenIssued', 'afterTokenRenewed', 'afterTokenKicked', 'afterTokenRevoked'] as const),
  ...(['afterTokenExpired', 'afterTokenRefused', 'afterUserKickOff'] as const),
];
