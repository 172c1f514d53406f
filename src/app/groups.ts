/** Groups and their members, composed. Part of the composition root; see app.ts. */
import { randomInt } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { GroupChanger } from '../groups/group-changer.ts';
import { Groups } from '../groups/groups.ts';
import { MembershipFeed } from '../groups/membership-feed.ts';
import type { Services } from '../http/services.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { SqlGroupMemberStore } from '../store/sql-group-member-store.ts';
import { SqlGroupStore } from '../store/sql-group-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';
import type { Log } from './messaging.ts';

export interface OpenedGroups {
  readonly services: Pick<Services, 'groups'>;
  /** For the gateway. */
  readonly memberships: MembershipFeed;
}

export function openGroups(
  { config, clock }: Ground,
  db: Database,
  { messages, notifier, versionLog, conversationRows }: Log,
  users: Pick<UserStore, 'find'>,
): OpenedGroups {
  const groups = new SqlGroupStore(db);
  const members = new SqlGroupMemberStore(db);
  const memberships = new MembershipFeed(members);
  const changer = new GroupChanger({
    groups,
    members,
    versionLog,
    notifier,
    feed: memberships,
    chats: {
      openGroupChat: (tx, ...rest) => conversationRows.openGroupChat(tx, ...rest),
      closeGroupChat: (tx, ...rest) => conversationRows.closeGroupChat(tx, ...rest),
      newestSeq: (tx, groupID) => messages.newestSeq(tx, groupChatID(groupID)),
    },
    limits: config,
    historyForNewMembers: config.historyForNewMembers,
    users,
    unitOfWork: db,
  });
  return {
    memberships,
    services: { groups: new Groups({ changer, users, limits: config, newGroupID, now: clock }) },
  };
}

/** As short as people can tell each other. */
function newGroupID(): string {
  return `${randomInt(2 ** 32)}`;
}
