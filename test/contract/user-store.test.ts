import type { Database } from '../../src/database/database.ts';
import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { type UserStoreNode, userStoreSuite } from './user-store.suite.ts';

testOnEveryDatabase('UserStore', (t, { db, peer }) => userStoreSuite(t, [nodeOn(db), nodeOn(peer)]));

function nodeOn(db: Database): UserStoreNode {
  return {
    store: new SqlUserStore(db),
    unitOfWork: db,
    setLevel: (userID, level) =>
      db.transaction(async (tx) => {
        const users = db.executor(tx).updateTable('users').where('user_id', '=', userID);
        await users.set({ app_manager_level: level }).execute();
      }),
  };
}
