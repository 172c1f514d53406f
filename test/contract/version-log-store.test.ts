import { SqlVersionLogStore } from '../../src/store/sql-version-log-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { versionLogStoreSuite } from './version-log-store.suite.ts';

testOnEveryDatabase('VersionLogStore', async (t, { db, peer, openEmpty }) => {
  let epochs = 0;
  const newEpoch = () => `epoch ${epochs++}`;
  const open = (database: typeof db) => SqlVersionLogStore.open(database, newEpoch);
  // Both at once, as two nodes of a new deployment may start.
  const [store, peerStore] = await Promise.all([open(db), open(peer)]);
  await versionLogStoreSuite(t, {
    node: { store, unitOfWork: db },
    peer: { store: peerStore, unitOfWork: peer },
    reopen: () => open(db),
    openEmpty: async () => open(await openEmpty()),
  });
});
