import { SqlReactionStore } from '../../src/store/sql-reaction-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { reactionStoreSuite } from './reaction-store.suite.ts';

testOnEveryDatabase('ReactionStore', (t, { db }) =>
  reactionStoreSuite(t, { store: new SqlReactionStore(db), unitOfWork: db }),
);
