/** 64 logins of one user at the same time, again and again: see rounds.ts. bench/concurrency.ts does ten thousand, by more. */
import { type TestContext, test } from 'node:test';
import type { TokenStore } from '../../src/tokens/token-store.ts';
import { openStore } from '../contract/support/redis-nodes.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { openSqliteTokens } from '../support/token-authority.ts';
import { type Issuers, issuersElsewhere, issuersHere, runRounds, triedPolicies } from './rounds.ts';

async function tryPolicies(t: TestContext, issuers: Issuers, store: TokenStore, rounds: number): Promise<void> {
  for (const policy of Object.keys(triedPolicies)) {
    await t.test(`T3 ${policy}: ${rounds} rounds`, async (t) => {
      const { logins, looks } = await runRounds(issuers, store, { policy, rounds });
      t.diagnostic(`${logins} logins, looked at ${looks} times meanwhile`);
    });
  }
}

test('concurrent logins in one process, on SQLite', async (t) => {
  const tokens = await openSqliteTokens(Date.now);
  t.after(() => tokens[Symbol.asyncDispose]());
  await tryPolicies(t, issuersHere(tokens.store), tokens.store, 4);
});

test('concurrent logins in two processes, on Redis', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  await using issuers = await issuersElsewhere(server.url, 2);
  await tryPolicies(t, issuers, (await openStore(t, server.url)).store, 4);
});

test('concurrent logins in two processes, on Redis Cluster', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  await using issuers = await issuersElsewhere(cluster.url, 2);
  await tryPolicies(t, issuers, (await openStore(t, cluster.url)).store, 2);
});
