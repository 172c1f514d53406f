import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { conversationStoreSuite } from './conversation-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('ConversationStore', (t, { db, peer }) =>
  conversationStoreSuite(t, {
    node: { store: new SqlConversationStore(db), unitOfWork: db },
    peer: { store: new SqlConversationStore(peer), unitOfWork: peer },
    setOptions: async (ownerUserID, conversationID, { recvMsgOpt, isPinned }) => {
      await db.transaction((tx) =>
        db
          .executor(tx)
          .updateTable('conversations')
          .set({ recv_msg_opt: recvMsgOpt, is_pinned: isPinned ? 1 : 0 })
          .where('owner_user_id', '=', ownerUserID)
          .where('conversation_id', '=', conversationID)
          .execute(),
      );
    },
  }),
);
