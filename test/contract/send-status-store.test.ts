import { SqlSendStatusStore } from '../../src/store/sql-send-status-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { sendStatusStoreSuite } from './send-status-store.suite.ts';

testOnEveryDatabase('SendStatusStore', (t, { db }) => sendStatusStoreSuite(t, new SqlSendStatusStore(db), db));
