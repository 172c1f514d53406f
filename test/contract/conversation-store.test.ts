import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { conversationStoreSuite } from './conversation-store.suite.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('ConversationStore', (t, { db, peer }) =>
  conversationStoreSuite(t, {
    node: { store: new SqlConversationStore(db), unitOfWork: db },
    peer: { store: new SqlConversationStore(peer), unitOfWork: peer },
  }),
);
