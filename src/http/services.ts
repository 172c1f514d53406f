/** The domain objects that routes may call. Made by src/app/, where a new domain adds its line. */
import type { ConversationPreviews } from '../conversations/conversation-previews.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { ReadState } from '../conversations/read-state.ts';
import type { BlackList } from '../friends/black-list.ts';
import type { FriendQueries } from '../friends/friend-queries.ts';
import type { FriendRequestQueries } from '../friends/friend-request-queries.ts';
import type { FriendRequests } from '../friends/friend-requests.ts';
import type { Friends } from '../friends/friends.ts';
import type { GroupMembers } from '../groups/group-members.ts';
import type { GroupRequests } from '../groups/group-requests.ts';
import type { Groups } from '../groups/groups.ts';
import type { History } from '../messaging/history.ts';
import type { Messenger } from '../messaging/messenger.ts';
import type { OnlineStatus } from '../presence/online-status.ts';
import type { EmptyRelations } from '../sync/empty-relations.ts';
import type { TokenAuthority } from '../tokens/authority.ts';
import type { TokenEventLog } from '../tokens/token-event-log.ts';
import type { ClientConfigs } from '../users/client-configs.ts';
import type { NotificationAccounts } from '../users/notification-accounts.ts';
import type { UserCommands } from '../users/user-commands.ts';
import type { UserDirectory } from '../users/user-directory.ts';
import type { Users } from '../users/users.ts';

export interface Services {
  readonly authority: TokenAuthority;
  readonly tokenEventLog: TokenEventLog;
  readonly users: Users;
  readonly userDirectory: UserDirectory;
  readonly notificationAccounts: NotificationAccounts;
  readonly clientConfigs: ClientConfigs;
  readonly userCommands: UserCommands;
  readonly groups: Groups;
  readonly friends: Friends;
  readonly friendRequests: FriendRequests;
  readonly friendQueries: FriendQueries;
  readonly friendRequestQueries: FriendRequestQueries;
  readonly blackList: BlackList;
  readonly groupMembers: GroupMembers;
  readonly groupRequests: GroupRequests;
  readonly onlineStatus: OnlineStatus;
  readonly conversations: Conversations;
  readonly previews: ConversationPreviews;
  readonly emptyRelations: EmptyRelations;
  readonly messenger: Messenger;
  readonly history: History;
  readonly readState: ReadState;
}
