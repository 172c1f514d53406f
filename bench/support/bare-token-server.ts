/**
 * Child process: bare fastify routes that do what issuing and verifying cannot do without, and nothing else. The floor
 * that bench/tokens measures Tessera against. It is lower than any server of ours could be: no signature, no end of a token
 * on disk, no look at the caller's token, seven headers fewer than the protocol wants on an answer. Answers that wait for
 * Redis leave in bursts of up to 64, so that such a route may cost no more than one that does nothing.
 */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { connectRedis } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { noCutoffs } from '../../src/tokens/cutoffs.ts';
import { loginPolicy, policyGroups } from '../../src/tokens/policy.ts';
import { benchRedis } from './bench-redis.ts';

const redis = await connectRedis(process.argv[2] ?? '', benchRedis);
const store = new RedisTokenStore(redis, Date.now);
const policy = loginPolicy('one-per-platform', 0);
const lifetimeMs = 90 * 86_400_000;
/** As long as a token of ours. */
const token = 'x'.repeat(220);

interface IssueBody {
  readonly userID: string;
  readonly platformID: 1;
}

const server = fastify();
const envelope = (data: unknown) => ({ errCode: 0, errMsg: '', errDlt: '', data });

server.post('/nothing', async () =>
  envelope({ userID: '1000000000', platformID: 1, expireTimeSeconds: 1_790_000_000 }),
);
server.post('/issue-script', async ({ body }) => {
  const { userID, platformID } = body as IssueBody;
  const issuedAt = Date.now();
  const jti = randomBytes(10).toString('base64url');
  const record = { jti, userID: `b${userID}`, platformID, issuedAt, expiresAt: issuedAt + lifetimeMs, deviceName: '' };
  await store.issue({ record, groups: policyGroups(policy, platformID), everyonesCutoffs: noCutoffs });
  return envelope({ token, expireTimeSeconds: lifetimeMs / 1000 });
});
server.post('/read', async () => {
  await redis.mget(['tessera:{1000000000}:token:x', 'tessera:{1000000000}:not-before']);
  return envelope({ userID: '1000000000', platformID: 1, expireTimeSeconds: 1_790_000_000 });
});

await server.listen({ host: '127.0.0.1', port: 0 });
process.on('disconnect', () => process.exit());
process.send?.({ port: (server.server.address() as AddressInfo).port });
