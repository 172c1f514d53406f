import { SqlTokenEventStore } from '../../src/store/sql-token-event-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { tokenEventStoreSuite } from './token-event-store.suite.ts';

testOnEveryDatabase('TokenEventStore', (t, { db }) =>
  tokenEventStoreSuite(t, { store: new SqlTokenEventStore(db), unitOfWork: db }),
);
