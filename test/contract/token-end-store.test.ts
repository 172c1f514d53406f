import { SqlTokenEndStore } from '../../src/store/sql-token-end-store.ts';
import { HeardLogins } from '../support/heard-logins.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { tokenEndStoreSuite } from './token-end-store.suite.ts';

testOnEveryDatabase('TokenEndStore', (t, { db }) => {
  const follower = new HeardLogins();
  return tokenEndStoreSuite(t, new SqlTokenEndStore(db, follower), follower);
});
