import { SqlGroupMemberStore } from '../../src/store/sql-group-member-store.ts';
import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { groupMemberStoreSuite } from './group-member-store.suite.ts';

testOnEveryDatabase('GroupMemberStore', (t, { db }) =>
  groupMemberStoreSuite(t, { store: new SqlGroupMemberStore(db), users: new SqlUserStore(db), unitOfWork: db }),
);
