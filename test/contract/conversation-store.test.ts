import type { Database } from '../../src/database/database.ts';
import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlGroupCallStore } from '../../src/store/sql-group-call-store.ts';
import { type ConversationStoreNode, conversationStoreSuite } from './conversation-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('ConversationStore', (t, { db, peer }) =>
  conversationStoreSuite(t, {
    node: nodeOn(db),
    peer: nodeOn(peer),
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

function nodeOn(db: Database): ConversationStoreNode {
  return {
    store: new SqlConversationStore(db),
    unitOfWork: db,
    views: new SqlConversationViewStore(db),
    calls: new SqlGroupCallStore(db),
  };
}
