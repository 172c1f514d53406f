import { SqlOutboxStore } from '../../src/store/sql-outbox-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { outboxStoreSuite } from './outbox-store.suite.ts';

testOnEveryDatabase('OutboxStore', (t, { db }) => outboxStoreSuite(t, new SqlOutboxStore(db), db));
