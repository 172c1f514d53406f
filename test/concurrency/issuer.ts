/** A process of issuers: node issuer.ts REDIS_URL. Says that it is ready, then answers each batch. See rounds.ts. */
import { connectRedis } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { authoritiesOver, type Batch, runBatch } from './rounds.ts';

const redis = await connectRedis(process.argv[2] ?? '', { onConnectionFailure: () => {} });
const authorities = authoritiesOver(new RedisTokenStore(redis, Date.now));

process.on('message', (batch: Batch) => {
  void runBatch(authorities, batch).then(
    (ended) => process.send?.({ ended }),
    (error: unknown) => process.send?.({ ended: [], error: String(error) }),
  );
});
process.on('disconnect', () => void redis[Symbol.asyncDispose]());
process.send?.('ready');
