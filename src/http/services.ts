/** The domain objects that routes may call. Constructed in app.ts; a new domain adds its line here. */
import type { ConversationPreviews } from '../conversations/conversation-previews.ts';
import type { Conversations } from '../conversations/conversations.ts';
import type { History } from '../messages/history.ts';
import type { Messenger } from '../messages/messenger.ts';
import type { ReadState } from '../messages/read-state.ts';
import type { TokenAuthority } from '../tokens/authority.ts';
import type { Users } from '../users/users.ts';
import type { EmptyRelations } from '../versions/empty-relations.ts';

export interface Services {
  readonly authority: TokenAuthority;
  readonly users: Users;
  readonly conversations: Conversations;
  readonly previews: ConversationPreviews;
  readonly emptyRelations: EmptyRelations;
  readonly messenger: Messenger;
  readonly history: History;
  readonly readState: ReadState;
}
