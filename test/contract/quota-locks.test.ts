/** Two transactions that add to what one owner has, at the same time: the second one's usage counts the first one's. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Database } from '../../src/database/database.ts';
import type { Transaction } from '../../src/kernel/unit-of-work.ts';
import { SqlClientConfigStore } from '../../src/store/sql-client-config-store.ts';
import { SqlUserCommandStore } from '../../src/store/sql-user-command-store.ts';
import type { Usage } from '../../src/users/user-limits.ts';
import { besideTransactions } from '../support/reads-within.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';

/** Adds one of its kind to what `u` has, and asks for the usage. */
type Adding = (tx: Transaction, name: string) => Promise<Usage>;

const kinds: Readonly<Record<string, (db: Database) => Adding>> = {
  'user commands': (db) => {
    const store = new SqlUserCommandStore(db);
    return async (tx, uuid) => {
      await store.put(tx, { userID: 'u', type: 1, uuid, value: 'v', ex: '', createdAt: 1 });
      return store.usage(tx, 'u');
    };
  },
  'client configs': (db) => {
    const store = new SqlClientConfigStore(db);
    return async (tx, key) => {
      await store.put(tx, [{ userID: 'u', key, value: 'v' }]);
      return store.usage(tx, 'u');
    };
  },
};

async function quotaSuite(t: TestContext, { db, peer }: Databases): Promise<void> {
  for (const [kind, addingOn] of Object.entries(kinds)) {
    await t.test(`of concurrent adds the second one's usage counts the first one's: ${kind}`, async () => {
      let second: Promise<Usage> | undefined;
      const first = await db.transaction(async (tx) => {
        const usage = await addingOn(db)(tx, 'first');
        let isOver = false;
        await besideTransactions(async () => {
          second = peer
            .transaction((other) => addingOn(peer)(other, 'second'))
            .finally(() => {
              isOver = true;
            });
          // Without a lock it is over long before.
          for (let trips = 0; trips < 50 && !isOver; trips += 1) {
            await peer.reader.selectFrom('users').select('user_id').limit(1).execute();
          }
        });
        return usage;
      });
      assert.deepEqual([first.count, (await second)?.count], [1, 2]);
    });
  }
}

testOnEveryDatabase('Quotas', quotaSuite);
