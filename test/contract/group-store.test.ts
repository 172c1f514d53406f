import type { Database } from '../../src/database/database.ts';
import { SqlGroupMemberStore } from '../../src/store/sql-group-member-store.ts';
import { SqlGroupStore } from '../../src/store/sql-group-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { groupStoreSuite } from './group-store.suite.ts';

const nodeOn = (db: Database) => ({
  store: new SqlGroupStore(db),
  members: new SqlGroupMemberStore(db),
  unitOfWork: db,
});

testOnEveryDatabase('GroupStore', (t, { db, peer }) => groupStoreSuite(t, [nodeOn(db), nodeOn(peer)]));
