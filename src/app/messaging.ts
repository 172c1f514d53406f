/** The log, notices and all that is sent and read, composed. Part of the composition root; see app.ts. */
import { randomBytes } from 'node:crypto';
import { ConversationDeletions } from '../conversations/conversation-deletions.ts';
import { ConversationPartners } from '../conversations/conversation-partners.ts';
import { ConversationPreviews } from '../conversations/conversation-previews.ts';
import { ConversationRows } from '../conversations/conversation-rows.ts';
import { ConversationSettings } from '../conversations/conversation-settings.ts';
import { Conversations } from '../conversations/conversations.ts';
import { GroupCalls } from '../conversations/group-calls.ts';
import { ReadState } from '../conversations/read-state.ts';
import { payloadBytes } from '../conversations/reply-budget.ts';
import type { Database } from '../database/database.ts';
import { FriendProfiles } from '../friends/friend-profiles.ts';
import { GroupProfiles } from '../groups/group-profiles.ts';
import type { Services } from '../http/services.ts';
import { randomPool } from '../kernel/random-pool.ts';
import { opening } from '../kernel/start-error.ts';
import type { DeliveryBus } from '../log/delivery.ts';
import { GroupCommit } from '../log/group-commit.ts';
import { MessagePipeline, type MessageTeller } from '../log/pipeline.ts';
import { Activity } from '../messaging/activity.ts';
import { BatchSender } from '../messaging/batch-sender.ts';
import { BusinessNotifications } from '../messaging/business-notifications.ts';
import { Clearings } from '../messaging/clearings.ts';
import { Deletions } from '../messaging/deletions.ts';
import { Edits } from '../messaging/edits.ts';
import { Eraser } from '../messaging/eraser.ts';
import { GroupReceipts } from '../messaging/group-receipts.ts';
import { History } from '../messaging/history.ts';
import { Messenger } from '../messaging/messenger.ts';
import { Reactions } from '../messaging/reactions.ts';
import { Revocations } from '../messaging/revocations.ts';
import { SendStatuses } from '../messaging/send-statuses.ts';
import { SimpleMessages } from '../messaging/simple-messages.ts';
import { Notifier, noticeSender } from '../notices/notifier.ts';
import { Outbox } from '../notices/outbox.ts';
import { SharedOutbox, type SharedOutboxOptions } from '../notices/shared-outbox.ts';
import { MessageSearch } from '../search/message-search.ts';
import { OwnMessages } from '../search/own-messages.ts';
import { replaceText } from '../search/replaced-text.ts';
import { TextIndex } from '../search/text-index.ts';
import { PostgresOutboxClaims } from '../store/postgres-outbox-claims.ts';
import type { PostgresOutgoingStore } from '../store/postgres-outgoing-store.ts';
import { SqlActivityStore } from '../store/sql-activity-store.ts';
import { SqlBlackStore } from '../store/sql-black-store.ts';
import { SqlConversationStore } from '../store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../store/sql-conversation-view-store.ts';
import { SqlDeletionStore } from '../store/sql-deletion-store.ts';
import { SqlEditStore } from '../store/sql-edit-store.ts';
import { SqlFriendStore } from '../store/sql-friend-store.ts';
import { SqlGroupCallStore } from '../store/sql-group-call-store.ts';
import { SqlGroupMemberStore } from '../store/sql-group-member-store.ts';
import { SqlGroupReaderStore } from '../store/sql-group-reader-store.ts';
import { SqlGroupStore } from '../store/sql-group-store.ts';
import { SqlMessageScanStore } from '../store/sql-message-scan-store.ts';
import { SqlMessageStore } from '../store/sql-message-store.ts';
import { SqlOutboxStore } from '../store/sql-outbox-store.ts';
import { SqlReactionStore } from '../store/sql-reaction-store.ts';
import { SqlReadPositionStore } from '../store/sql-read-position-store.ts';
import { SqlRevocationStore } from '../store/sql-revocation-store.ts';
import { SqlSendStatusStore } from '../store/sql-send-status-store.ts';
import { SqlSendingFacts } from '../store/sql-sending-facts.ts';
import { SqlTextIndexStore } from '../store/sql-text-index-store.ts';
import { SqlVersionLogStore } from '../store/sql-version-log-store.ts';
import { VersionLog } from '../sync/version-log.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';
import { readNotificationFile } from './notification-file.ts';
import type { Hooks } from './webhooks.ts';

export interface Log {
  readonly messages: SqlMessageStore;
  readonly pipeline: MessagePipeline;
  readonly notifier: Notifier;
  readonly versionLog: VersionLog;
  readonly conversations: SqlConversationStore;
  readonly conversationRows: ConversationRows;
  /** To be told of changed nicknames and faces. */
  readonly friendProfiles: FriendProfiles;
  readonly groupProfiles: GroupProfiles;
}

interface LogGround {
  readonly db: Database;
  readonly bus: DeliveryBus;
  /** Of a node. */
  readonly outgoing: PostgresOutgoingStore | undefined;
  readonly users: Pick<UserStore, 'find'>;
  readonly teller: MessageTeller | undefined;
  readonly hooks: Hooks;
}

/**
 * The way of every message and notice. What an earlier process has left in the outbox is on its way afterwards.
 * @param opened waits, when it is disposed of, for what is under way
 * @throws StartError if the outbox, or the file of notifications, cannot be read
 */
export async function openLog(
  { config, clock, logger, metrics, reportFailure }: Ground,
  opened: AsyncDisposableStack,
  { db, bus, outgoing, users, teller, hooks }: LogGround,
): Promise<Log> {
  const messages = new SqlMessageStore(db, outgoing);
  const textIndex = new TextIndex({
    store: new SqlTextIndexStore(db),
    unitOfWork: db,
    observer: {
      waiting: (logs) => metrics.searchWaiting.set(logs),
      indexed: (count) => metrics.searchIndexed.inc(count),
      failed: (error) => {
        metrics.searchFailures.inc();
        logger.warn({ err: error }, 'the index of texts was held up: it tries again');
      },
    },
  });
  opened.defer(() => textIndex.close());
  textIndex.start();
  const commits = new GroupCommit({
    store: messages,
    // SQLite has one writer: a second lane could only wait.
    lanes: db.dialect === 'sqlite' ? 1 : 4,
    maxBatch: 512,
    onDoubt: () => bus.doubt(),
    onCommit: ({ logIDs, stored, repeated, durationMs }) => {
      for (const logID of logIDs) textIndex.note(logID);
      metrics.messagesAppended.inc(stored);
      metrics.messagesDeduplicated.inc(repeated);
      metrics.appendBatchSize.observe(stored + repeated);
      metrics.appendSeconds.observe(durationMs / 1000);
    },
  });
  opened.defer(() => commits.drain());
  const newMessageID = messageIDs();
  const pipeline = new MessagePipeline({
    commits,
    messages,
    bus: hooks.leaving ?? bus,
    teller,
    now: clock,
    newMessageID,
  });
  const versionLog = new VersionLog(await SqlVersionLogStore.open(db, () => randomBytes(16).toString('hex')));
  const conversations = new SqlConversationStore(db);
  const conversationRows = new ConversationRows({
    store: conversations,
    versionLog,
    unitOfWork: db,
    hooks: hooks.conversations,
    get maxTextBytes() {
      return config.maxConversationTextBytes;
    },
    now: clock,
  });
  const outboxStore = new SqlOutboxStore(db);
  const working = {
    handlers: {
      'friend-profiles': (row) => friendProfiles.workOff(row),
      'group-profiles': (row) => groupProfiles.workOff(row),
      notices: noticeSender(pipeline, (error) => logger.error({ err: error }, 'a notification was refused by the log')),
    },
    now: clock,
    observer: {
      waiting: (rows: number) => metrics.outboxWaiting.set(rows),
      failed: (error: unknown) => {
        metrics.outboxFailures.inc();
        logger.warn({ err: error }, 'the outbox was held up: it tries again');
      },
      claimed: (keys: number) => metrics.outboxClaims.inc(keys),
      lost: () => metrics.outboxClaimsLost.inc(),
    },
  } satisfies Omit<SharedOutboxOptions, 'store'>;
  const outbox =
    outgoing === undefined || db.dialect !== 'postgres'
      ? new Outbox({ ...working, store: outboxStore })
      : new SharedOutbox({ ...working, store: new PostgresOutboxClaims(db, outboxStore) });
  opened.defer(() => outbox.close(config.shutdownTimeoutMs).catch(reportFailure));
  const notifier = new Notifier({
    outbox,
    pipeline,
    rows: conversationRows,
    settings: await readNotificationFile(config.notificationFile, logger),
    newMessageID,
    now: clock,
  });
  const telling = { versionLog, notifier, outbox, unitOfWork: db };
  const friendProfiles = new FriendProfiles({ ...telling, store: new SqlFriendStore(db) });
  const groupProfiles = new GroupProfiles({
    ...telling,
    groups: new SqlGroupStore(db),
    members: new SqlGroupMemberStore(db),
    users,
  });
  await opening('cannot read the outbox', outbox.resume());
  return { messages, pipeline, notifier, versionLog, conversations, conversationRows, friendProfiles, groupProfiles };
}

export type Messaging = Pick<
  Services,
  | 'conversations'
  | 'conversationDeletions'
  | 'conversationSettings'
  | 'previews'
  | 'messenger'
  | 'sendStatuses'
  | 'batchSender'
  | 'simpleMessages'
  | 'businessNotifications'
  | 'history'
  | 'activity'
  | 'messageSearch'
  | 'ownMessages'
  | 'readState'
  | 'revocations'
  | 'deletions'
  | 'clearings'
  | 'eraser'
  | 'reactions'
  | 'edits'
  | 'groupReceipts'
>;

export function openMessaging(
  { config, clock, reportFailure }: Ground,
  db: Database,
  { messages, pipeline, notifier, versionLog, conversations, conversationRows }: Log,
  { users, hooks }: { readonly users: Pick<UserStore, 'find' | 'ids'>; readonly hooks: Hooks },
): Messaging {
  const newMessageID = messageIDs();
  const views = new SqlConversationViewStore(db);
  const textIndexStore = new SqlTextIndexStore(db);
  const conversationDeletions = new ConversationDeletions({
    store: conversations,
    views,
    versionLog,
    unitOfWork: db,
    now: clock,
  });
  const deletionStore = new SqlDeletionStore(db);
  const revocationStore = new SqlRevocationStore(db);
  const editStore = new SqlEditStore(db);
  const reactionStore = new SqlReactionStore(db);
  const eraser = new Eraser({
    messages,
    revocations: revocationStore,
    deletions: deletionStore,
    texts: textIndexStore,
    reactions: reactionStore,
    edits: editStore,
    unitOfWork: db,
    now: clock,
  });
  const erasing = { groups: new SqlGroupStore(db), members: new SqlGroupMemberStore(db), unitOfWork: db, notifier };
  const maxReplyBytes = payloadBytes(config.maxReplyFrameBytes);
  const facts = new SqlSendingFacts(db);
  const sendStatuses = new SendStatuses({
    store: new SqlSendStatusStore(db),
    unitOfWork: db,
    now: clock,
    reportFailure,
  });
  const messenger = new Messenger({
    hooks: hooks.messages,
    newMessageID,
    statuses: sendStatuses,
    facts,
    rows: conversationRows,
    calls: new GroupCalls({ calls: new SqlGroupCallStore(db), store: conversations, versionLog, notifier }),
    pipeline,
    unitOfWork: db,
    now: clock,
    isAdmin: (userID) => config.adminUserIDs.includes(userID),
    get needsFriendship() {
      return config.friendVerify;
    },
    get maxMessageBytes() {
      return config.maxMessageBytes;
    },
    get maxMentions() {
      return config.maxMentions;
    },
  });
  return {
    conversations: new Conversations({ store: conversations, versionLog, deletions: conversationDeletions }),
    conversationDeletions,
    conversationSettings: new ConversationSettings({
      store: conversations,
      versionLog,
      users,
      blacks: new SqlBlackStore(db),
      friends: new SqlFriendStore(db),
      groups: new SqlGroupStore(db),
      members: new SqlGroupMemberStore(db),
      unitOfWork: db,
      notifier,
      get needsFriendship() {
        return config.friendVerify;
      },
      get maxTextBytes() {
        return config.maxConversationTextBytes;
      },
      now: clock,
    }),
    previews: new ConversationPreviews({
      messages,
      views,
      conversations,
      partners: new ConversationPartners({
        users,
        friends: new SqlFriendStore(db),
        groups: new SqlGroupStore(db),
        get maxTextBytes() {
          return config.maxAnswerBytes;
        },
      }),
      maxReplyBytes,
    }),
    messenger,
    sendStatuses,
    batchSender: new BatchSender({ messenger, users, newMessageID, maxNamed: config.maxListItems }),
    simpleMessages: new SimpleMessages({ messenger, users, statuses: sendStatuses, now: clock }),
    businessNotifications: new BusinessNotifications({
      facts,
      rows: conversationRows,
      pipeline,
      newMessageID,
      now: clock,
      get maxMessageBytes() {
        return config.maxMessageBytes;
      },
    }),
    history: new History({ messages, views, maxReplyBytes }),
    activity: new Activity({ store: new SqlActivityStore(db), users, groups: new SqlGroupStore(db), limits: config }),
    messageSearch: new MessageSearch({
      index: textIndexStore,
      messages: new SqlMessageScanStore(db),
      revocations: messages,
      users,
      groups: new SqlGroupStore(db),
      limits: config,
    }),
    ownMessages: new OwnMessages({ index: textIndexStore, views, messages, limits: config, now: clock }),
    readState: new ReadState({
      messages,
      views,
      positions: new SqlReadPositionStore(db),
      hooks: hooks.messageEvents,
      deletions: deletionStore,
      unitOfWork: db,
      notifier,
    }),
    groupReceipts: new GroupReceipts({ store: new SqlGroupReaderStore(db), messages, views, facts, limits: config }),
    edits: new Edits({
      store: editStore,
      messages,
      views,
      facts,
      texts: { replace: (tx, ref, message) => replaceText(textIndexStore, tx, ref, message) },
      unitOfWork: db,
      notifier,
      get needsFriendship() {
        return config.friendVerify;
      },
      limits: config,
      get withinMs() {
        return config.editWithinMs;
      },
      now: clock,
    }),
    reactions: new Reactions({
      store: reactionStore,
      messages,
      views,
      facts,
      unitOfWork: db,
      notifier,
      get needsFriendship() {
        return config.friendVerify;
      },
      limits: config,
      now: clock,
    }),
    revocations: new Revocations({
      ...erasing,
      messages,
      store: revocationStore,
      hooks: hooks.messageEvents,
      views,
      users,
      get withinMs() {
        return config.revokeWithinMs;
      },
      now: clock,
    }),
    deletions: new Deletions({ ...erasing, messages, store: deletionStore, eraser, views, conversations }),
    clearings: new Clearings({ ...erasing, messages, views, conversations, versionLog }),
    eraser,
  };
}

function messageIDs(): () => string {
  const bytes = randomPool();
  return () => bytes(16).toString('hex');
}
