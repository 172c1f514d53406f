/** The groups domain on a database, with everything that its transactions write, and nothing of what goes to sockets. */
import { randomUUID } from 'node:crypto';
import { ConversationRows } from '../../../src/conversations/conversation-rows.ts';
import type { Database } from '../../../src/database/database.ts';
import { Applications } from '../../../src/groups/applications.ts';
import { GroupChanger } from '../../../src/groups/group-changer.ts';
import { GroupMembers } from '../../../src/groups/group-members.ts';
import { GroupOwnership } from '../../../src/groups/group-ownership.ts';
import { GroupProfiles } from '../../../src/groups/group-profiles.ts';
import { GroupQueries } from '../../../src/groups/group-queries.ts';
import { GroupRequests } from '../../../src/groups/group-requests.ts';
import { GroupSettings } from '../../../src/groups/group-settings.ts';
import { GroupSync } from '../../../src/groups/group-sync.ts';
import { Groups } from '../../../src/groups/groups.ts';
import { MemberIDs } from '../../../src/groups/member-ids.ts';
import { MemberSettings } from '../../../src/groups/member-settings.ts';
import { MembershipFeed } from '../../../src/groups/membership-feed.ts';
import type { CallContext } from '../../../src/kernel/caller.ts';
import type { UnitOfWork } from '../../../src/kernel/unit-of-work.ts';
import { GroupCommit } from '../../../src/log/group-commit.ts';
import { MessagePipeline } from '../../../src/log/pipeline.ts';
import { defaultNoticeSettings } from '../../../src/notices/notice-settings.ts';
import { Notifier } from '../../../src/notices/notifier.ts';
import type { OutboxEntry } from '../../../src/notices/outbox-store.ts';
import { groupChatID } from '../../../src/protocol/conversation-id.ts';
import { SqlConversationStore } from '../../../src/store/sql-conversation-store.ts';
import { SqlGroupCallStore } from '../../../src/store/sql-group-call-store.ts';
import { SqlGroupMemberStore } from '../../../src/store/sql-group-member-store.ts';
import { SqlGroupRequestStore } from '../../../src/store/sql-group-request-store.ts';
import { SqlGroupStore } from '../../../src/store/sql-group-store.ts';
import { SqlMessageStore } from '../../../src/store/sql-message-store.ts';
import { SqlUserStore } from '../../../src/store/sql-user-store.ts';
import { SqlVersionLogStore } from '../../../src/store/sql-version-log-store.ts';
import { VersionLog } from '../../../src/sync/version-log.ts';

export type GroupDomain = Awaited<ReturnType<typeof groupDomainOn>>;

const defaultLimits = {
  maxNicknameBytes: 256,
  maxFaceUrlBytes: 2048,
  maxExBytes: 8192,
  maxGroupTextBytes: 8192,
  maxRequestMsgBytes: 2048,
  maxGroupMembers: 200_000,
  maxJoinedGroups: 1000,
  maxAnswerBytes: 4 * 1024 * 1024,
};

/** @param now Unix ms @param unitOfWork of what changes a group */
export async function groupDomainOn(
  db: Database,
  now: () => number,
  narrower: Partial<typeof defaultLimits> = {},
  unitOfWork: UnitOfWork = db,
) {
  const limits = { ...defaultLimits, ...narrower };
  const users = new SqlUserStore(db);
  const groups = new SqlGroupStore(db);
  const members = new SqlGroupMemberStore(db);
  const messages = new SqlMessageStore(db);
  const versionLog = new VersionLog(await SqlVersionLogStore.open(db, randomUUID));
  const rows = new ConversationRows({
    store: new SqlConversationStore(db),
    versionLog,
    unitOfWork: db,
    maxTextBytes: 8192,
    now,
  });
  const newMessageID = () => randomUUID().replaceAll('-', '');
  const pipeline = new MessagePipeline({
    commits: new GroupCommit({ store: messages, lanes: 1, maxBatch: 1 }),
    messages,
    bus: { deliver: () => {}, deliverAgain: () => {} },
    newMessageID,
    now,
  });
  /** What committed transactions tell, in their order. */
  const told: OutboxEntry[] = [];
  const outbox = {
    add: async (tx: Parameters<Notifier['notify']>[0], entries: readonly OutboxEntry[]) =>
      tx.afterCommit(() => {
        told.push(...entries);
      }),
    take: async () => true,
  };
  const notifier = new Notifier({ outbox, pipeline, rows, settings: defaultNoticeSettings, newMessageID, now });
  const calls = new SqlGroupCallStore(db);
  const changer = new GroupChanger({
    groups,
    members,
    versionLog,
    notifier,
    feed: new MembershipFeed(members),
    chats: {
      openGroupChat: (tx, ...rest) => rows.openGroupChat(tx, ...rest),
      closeGroupChat: (tx, ...rest) => rows.closeGroupChat(tx, ...rest),
      announce: (tx, groupID) => calls.announce(tx, groupID),
      lock: (tx, groupID) => messages.lockLog(tx, groupChatID(groupID)),
    },
    limits,
    historyForNewMembers: true,
    users,
    unitOfWork,
  });
  const applications = new Applications({ store: new SqlGroupRequestStore(db), newEventID: randomUUID, now });
  const shared = { changer, users, applications, limits, now };
  const memberIDs = new MemberIDs(members, versionLog);
  const stores = { groups, members, memberIDs, versionLog, users, limits };
  return {
    db,
    users,
    notifier,
    told,
    versionLog,
    groups: new Groups({ ...shared, newGroupID: randomUUID }),
    groupsNamedBy: (newGroupID: () => string) => new Groups({ ...shared, newGroupID }),
    members: new GroupMembers(shared),
    requests: new GroupRequests(shared),
    settings: new GroupSettings(shared),
    ownership: new GroupOwnership(shared),
    memberSettings: new MemberSettings(shared),
    queries: new GroupQueries(stores),
    sync: new GroupSync(stores),
    profilesInSlicesOf: (groupsPerSlice: number) =>
      new GroupProfiles({ groups, members, users, versionLog, notifier, outbox, unitOfWork: db, groupsPerSlice }),
  };
}

/** A call by a user. */
export function callBy(userID: string, { isAdmin = false } = {}): CallContext {
  const caller = { userID, platformID: 1, jti: 'jti', expiresAt: Number.MAX_SAFE_INTEGER, isAdmin };
  return { caller, operationID: 'op' };
}

export async function addUsers({ db, users }: Pick<GroupDomain, 'db' | 'users'>, userIDs: readonly string[]) {
  const records = userIDs.map((userID) => ({
    userID,
    nickname: `nick ${userID}`,
    faceURL: '',
    ex: '',
    createdAt: 1,
    appManagerLevel: 0,
    globalRecvMsgOpt: 0,
  }));
  await db.transaction((tx) => users.add(tx, records));
}
