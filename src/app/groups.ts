/** Groups and their members, composed. Part of the composition root; see app.ts. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { Applications } from '../groups/applications.ts';
import { GroupAbstracts } from '../groups/group-abstracts.ts';
import { GroupChanger } from '../groups/group-changer.ts';
import { GroupMembers } from '../groups/group-members.ts';
import { GroupOwnership } from '../groups/group-ownership.ts';
import { GroupQueries } from '../groups/group-queries.ts';
import { GroupRequestQueries } from '../groups/group-request-queries.ts';
import { GroupRequests } from '../groups/group-requests.ts';
import { GroupSettings } from '../groups/group-settings.ts';
import { GroupSync } from '../groups/group-sync.ts';
import { Groups } from '../groups/groups.ts';
import { MemberIDs } from '../groups/member-ids.ts';
import { MemberSettings } from '../groups/member-settings.ts';
import { MembershipFeed, type MembershipRelay } from '../groups/membership-feed.ts';
import type { Services } from '../http/services.ts';
import { groupChatID } from '../protocol/conversation-id.ts';
import { SqlGroupCallStore } from '../store/sql-group-call-store.ts';
import { SqlGroupMemberStore } from '../store/sql-group-member-store.ts';
import { SqlGroupRequestStore } from '../store/sql-group-request-store.ts';
import { SqlGroupStore } from '../store/sql-group-store.ts';
import type { UserStore } from '../users/user-store.ts';
import type { Ground } from './ground.ts';
import type { Log } from './messaging.ts';
import type { Hooks } from './webhooks.ts';

export interface OpenedGroups {
  readonly services: Pick<
    Services,
    | 'groups'
    | 'groupMembers'
    | 'groupRequests'
    | 'groupSettings'
    | 'groupOwnership'
    | 'memberSettings'
    | 'groupQueries'
    | 'groupRequestQueries'
    | 'groupAbstracts'
    | 'groupSync'
  >;
  /** For the gateway. */
  readonly memberships: MembershipFeed;
}

export function openGroups(
  { config, clock }: Ground,
  db: Database,
  { messages, notifier, versionLog, conversationRows }: Log,
  users: Pick<UserStore, 'find' | 'hold'>,
  { relay, hooks }: { readonly relay: MembershipRelay | undefined; readonly hooks: Hooks },
): OpenedGroups {
  const groups = new SqlGroupStore(db);
  const members = new SqlGroupMemberStore(db);
  const memberships = new MembershipFeed(members, relay);
  const calls = new SqlGroupCallStore(db);
  const changer = new GroupChanger({
    groups,
    members,
    versionLog,
    notifier,
    feed: memberships,
    chats: {
      openGroupChat: (tx, ...rest) => conversationRows.openGroupChat(tx, ...rest),
      closeGroupChat: (tx, ...rest) => conversationRows.closeGroupChat(tx, ...rest),
      announce: (tx, groupID) => calls.announce(tx, groupID),
      lock: (tx, groupID) => messages.lockLog(tx, groupChatID(groupID)),
    },
    limits: config,
    get historyForNewMembers() {
      return config.historyForNewMembers;
    },
    users,
    unitOfWork: db,
    hooks: hooks.groups,
  });
  const requests = new SqlGroupRequestStore(db);
  const applications = new Applications({ store: requests, newEventID: randomUUID, now: clock });
  const shared = { changer, users, applications, limits: config, now: clock };
  const memberIDs = new MemberIDs(members, versionLog);
  const stores = { groups, members, memberIDs, versionLog, users, limits: config };
  return {
    memberships,
    services: {
      groups: new Groups({ ...shared, newGroupID }),
      groupMembers: new GroupMembers(shared),
      groupRequests: new GroupRequests(shared),
      groupSettings: new GroupSettings(shared),
      groupOwnership: new GroupOwnership(shared),
      memberSettings: new MemberSettings(shared),
      groupQueries: new GroupQueries(stores),
      groupRequestQueries: new GroupRequestQueries({ ...stores, store: requests }),
      groupAbstracts: new GroupAbstracts(stores),
      groupSync: new GroupSync(stores),
    },
  };
}

/** As short as people can tell each other. */
function newGroupID(): string {
  return `${randomInt(2 ** 32)}`;
}
