/** The domain objects that routes may call. Constructed in app.ts; a new domain adds its line here. */
import type { ConversationPreviews } from '../conversations/conversation-previews.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { ReadState } from '../conversations/read-state.ts';
import type { History } from '../messaging/history.ts';
import type { Messenger } from '../messaging/messenger.ts';
import type { OnlineStatus } from '../presence/online-status.ts';
import type { EmptyRelations } from '../sync/empty-relations.ts';
import type { TokenAuthority } from '../tokens/authority.ts';
import type { TokenEventLog } from '../tokens/token-event-log.ts';
import type { ClientConfigs } from '../users/client-configs.ts';
import type { UserCommands } from '../users/user-commands.ts';
import type { Users } from '../users/users.ts';
import type { OauthClients } from './oauth/oauth-clients.ts';
import type { FailureThrottle } from './throttle.ts';

export interface Services {
  readonly authority: TokenAuthority;
  readonly tokenEventLog: TokenEventLog;
  readonly oauthClients: OauthClients;
  /** For whatever takes a secret from somebody who has no token. */
  readonly secretThrottle: FailureThrottle;
  readonly users: Users;
  readonly clientConfigs: ClientConfigs;
  readonly userCommands: UserCommands;
  readonly onlineStatus: OnlineStatus;
  readonly conversations: Conversations;
  readonly previews: ConversationPreviews;
  readonly emptyRelations: EmptyRelations;
  readonly messenger: Messenger;
  readonly history: History;
  readonly readState: ReadState;
}
