/** Hooks of the operator's receiver, composed: what each domain asks and tells. Part of the composition root; see app.ts. */
import { randomUUID } from 'node:crypto';
import type { ConversationHooks } from '../conversations/conversation-rows.ts';
import type { ReadHooks } from '../conversations/read-state.ts';
import { DeliveryWorker } from '../deliveries/delivery-worker.ts';
import type { FriendHooks } from '../friends/friend-hooks.ts';
import type { GroupHooks } from '../groups/group-hooks.ts';
import type { DeliveryBus } from '../log/delivery.ts';
import type { MessageTeller } from '../log/pipeline.ts';
import type { MessageHooks } from '../messaging/messenger.ts';
import type { RevocationHooks } from '../messaging/revocations.ts';
import type { Presence } from '../presence/presence.ts';
import type { OfflinePushHooks } from '../push/offline-push-hooks.ts';
import { SqlDeliveryStore } from '../store/sql-delivery-store.ts';
import type { TokenTeller } from '../tokens/token-teller.ts';
import type { UserHooks } from '../users/users.ts';
import { ConversationWebhooks } from '../webhooks/conversation-webhooks.ts';
import { FriendWebhooks } from '../webhooks/friend-webhooks.ts';
import { GroupWebhooks } from '../webhooks/group-webhooks.ts';
import { groupHookNames, type HookName } from '../webhooks/hook-table.ts';
import { MessageEventWebhooks } from '../webhooks/message-event-webhooks.ts';
import { MessageAsker, WebhookTeller } from '../webhooks/message-webhooks.ts';
import { PushWebhooks } from '../webhooks/push-webhooks.ts';
import { UserWebhooks } from '../webhooks/user-webhooks.ts';
import { WebhookClient } from '../webhooks/webhook-client.ts';
import { WebhookDeliveries } from '../webhooks/webhook-deliveries.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import { type FollowedEvents, followConnections, followTokens } from './followed-events.ts';
import type { Ground } from './ground.ts';
import { watchDeliveries } from './watched-deliveries.ts';
import { readWebhooksFile } from './webhooks-file.ts';

/** What the domains are given; undefined what nobody outside is asked or told about, which then costs nothing. */
export interface Hooks {
  readonly pushes: OfflinePushHooks | undefined;
  /** In place of the bus. */
  readonly leaving: Pick<DeliveryBus, 'deliver' | 'deliverAgain'> | undefined;
  /** For operators. */
  readonly deliveries: WebhookDeliveries;
  /** For the gateway. */
  readonly presence: Presence;
  readonly messageTeller: MessageTeller | undefined;
  readonly tokenTeller: TokenTeller | undefined;
  readonly messages: MessageHooks | undefined;
  readonly users: UserHooks | undefined;
  readonly friends: FriendHooks | undefined;
  readonly groups: GroupHooks | undefined;
  readonly conversations: ConversationHooks | undefined;
  readonly messageEvents: (ReadHooks & RevocationHooks) | undefined;
}

/**
 * What an earlier process has left to tell is on its way afterwards.
 * @param opened waits, when it is disposed of, for requests under way
 * @throws StartError if the file cannot be read
 */
export async function openWebhooks(
  ground: Ground,
  opened: AsyncDisposableStack,
  followed: FollowedEvents,
): Promise<Hooks> {
  const { db, presence } = followed;
  const { config, clock, monotonicMs, logger, metrics } = ground;
  const settings = await readWebhooksFile(config.webhooksFile, logger);
  const store = new SqlDeliveryStore(db);
  const deliveriesWaking = (wake: () => void) => new WebhookDeliveries({ settings, store, wake, now: clock });
  if (settings.hooks.size === 0) return { ...off, presence, deliveries: deliveriesWaking(() => {}) };
  const { url } = settings;
  const client = new WebhookClient({ url, secret: config.webhooksSecret, now: clock, maxReplyBytes });
  opened.defer(() => client.close());
  let failures = 0;
  let nextLineAtMs = 0;
  const webhooks: Webhooks = new Webhooks({
    settings,
    client,
    store,
    wake: () => worker.wake(),
    newID: randomUUID,
    now: clock,
    observer: {
      answered: (command, result, seconds) => {
        metrics.webhookRequests.inc({ command, result });
        metrics.webhookSeconds.observe(seconds);
      },
      failed: (command, { message, status }, isPassed) => {
        failures += 1;
        if (monotonicMs() < nextLineAtMs) return;
        nextLineAtMs = monotonicMs() + failureLineEveryMs;
        logger.warn({ command, status, reason: message, isPassed, failures }, 'a webhook failed');
        failures = 0;
      },
    },
  });
  const worker = new DeliveryWorker({
    topic: 'webhooks',
    store,
    deliver: (row, signal) => webhooks.deliver(row, signal),
    now: clock,
    observer: {
      delivered: () => {},
      failed: ({ id, attempts }, _error, isParked) => {
        if (isParked)
          logger.error({ id, attempts: attempts + 1 }, 'a webhook was parked: it is not tried again by itself');
      },
      heldUp: (error) => logger.warn({ err: error }, 'webhooks were held up: they are tried again'),
    },
  });
  opened.defer(() => worker.close(config.shutdownTimeoutMs));
  worker.start();
  watchDeliveries(ground, opened, store, 'webhooks');
  const isOn = (...names: readonly HookName[]) => names.some((name) => settings.hooks.has(name));
  const keep = async (entries: Parameters<typeof store.add>[1]) => {
    await db.transaction((tx) => store.add(tx, entries, clock()));
    worker.wake();
  };
  const teller = new WebhookTeller({ webhooks, keep, wake: () => worker.wake() });
  const pushes = new PushWebhooks({ webhooks, bus: followed.bus, now: clock });
  const telling = { webhooks, wake: () => worker.wake() };
  return {
    tokenTeller: followTokens(ground, opened, followed, telling),
    pushes: isOn(...onlinePushHooks, 'beforeOfflinePush') ? pushes : undefined,
    leaving: isOn(...onlinePushHooks) ? pushes : undefined,
    deliveries: deliveriesWaking(telling.wake),
    presence: followConnections(ground, opened, followed, telling),
    messageTeller: isOn('afterSendSingleMsg', 'afterSendGroupMsg', 'afterMsgSaveDB') ? teller : undefined,
    messages: isOn('beforeSendSingleMsg', 'beforeSendGroupMsg', 'beforeMsgModify')
      ? new MessageAsker(webhooks, clock)
      : undefined,
    // Each asks and tells only what is on.
    users: new UserWebhooks(webhooks),
    friends: new FriendWebhooks(webhooks),
    groups: isOn(...groupHookNames) ? new GroupWebhooks(webhooks) : undefined,
    conversations: isOn('beforeCreateSingleChatConversations', 'afterCreateSingleChatConversations')
      ? new ConversationWebhooks(webhooks)
      : undefined,
    messageEvents: new MessageEventWebhooks(webhooks),
  };
}

/** A receiver that fails at all mostly fails often: a line tells of all failures since the one before. */
const failureLineEveryMs = 10_000;

const off: Omit<Hooks, 'presence' | 'deliveries'> = {
  pushes: undefined,
  leaving: undefined,
  messageTeller: undefined,
  tokenTeller: undefined,
  messages: undefined,
  users: undefined,
  friends: undefined,
  groups: undefined,
  conversations: undefined,
  messageEvents: undefined,
};

const onlinePushHooks = ['beforeOnlinePush', 'beforeGroupOnlinePush'] as const;

/** Of one answer: a message and what belongs to it. */
const maxReplyBytes = 1024 * 1024;
