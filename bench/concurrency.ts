/**
 * Ten thousand rounds of 64 logins of one user at the same time, by four processes, spread over the login policies; on
 * SQLite by one process. Ends at the first session too many, too few or wrong. Run: node bench/concurrency.ts [rounds]
 * [SQLite|Redis|Cluster]
 */
import { connectRedis } from '../src/redis/client/client.ts';
import { RedisTokenStore } from '../src/redis/tokens/redis-token-store.ts';
import type { TokenStore } from '../src/tokens/token-store.ts';
import {
  type Issuers,
  issuersElsewhere,
  issuersHere,
  issuersPerRound,
  runRounds,
  triedPolicies,
} from '../test/concurrency/rounds.ts';
import { startRedis } from '../test/support/services/redis.ts';
import { startRedisCluster } from '../test/support/services/redis-cluster.ts';
import { openSqliteTokens } from '../test/support/token-authority.ts';
import { readCommandLine } from './support/command-line.ts';

const policies = Object.keys(triedPolicies);
const { positionals } = readCommandLine(import.meta.filename, {}, 2);
const rounds = Number(positionals[0] ?? 10_000);
console.log(`${rounds} rounds of ${issuersPerRound} logins of one user, under ${policies.join(', ')}`);

if (isWanted('SQLite')) {
  await using tokens = await openSqliteTokens(Date.now);
  await measure('SQLite, one process', issuersHere(tokens.store), tokens.store);
}
for (const [name, start] of Object.entries({ Redis: startRedis, Cluster: startRedisCluster })) {
  if (!isWanted(name)) continue;
  await using server = await start();
  await using redis = await connectRedis(server.url, { onConnectionFailure: console.error });
  await using issuers = await issuersElsewhere(server.url, 4);
  await measure(`${name}, four processes`, issuers, new RedisTokenStore(redis, Date.now));
}

function isWanted(name: string): boolean {
  return [undefined, name].includes(positionals[1]);
}

async function measure(name: string, issuers: Issuers, store: TokenStore): Promise<void> {
  const startedMs = performance.now();
  let [logins, looks] = [0, 0];
  for (const policy of policies) {
    const outcome = await runRounds(issuers, store, { policy, rounds: Math.ceil(rounds / policies.length) });
    logins += outcome.logins;
    looks += outcome.looks;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${name}: ${logins} logins in ${seconds.toFixed(0)} s, looked at ${looks} times meanwhile: never a session too many, never none, always the newest`,
  );
}
