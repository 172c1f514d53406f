import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { conversationStoreSuite } from './conversation-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('ConversationStore', (t, { db, peer }) =>
  conversationStoreSuite(t, {
    node: { store: new SqlConversationStore(db), unitOfWork: db, views: new SqlConversationViewStore(db) },
    peer: { store: new SqlConversationStore(peer), unitOfWork: peer, views: new SqlConversationViewStore(peer) },
    fillLog: async (logID, newestSeq) => {
      await db.transaction((tx) =>
        db
          .executor(tx)
          .insertInto('conversation_seqs')
          .values({ conversation_id: logID, max_seq: newestSeq, max_seq_at: 1 })
          .onConflict((conflict) => conflict.column('conversation_id').doUpdateSet({ max_seq: newestSeq }))
          .execute(),
      );
    },
  }),
);
