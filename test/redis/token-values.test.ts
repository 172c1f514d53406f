/** The scripts' reader of token values, held to the table that holds ours (src/redis/tokens/token-value.test.ts). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { redisScript } from '../../src/redis/client/client.ts';
import { redisForSuite } from '../support/test-services.ts';
import { tokenValues } from '../support/token-values.ts';
import { connectForTest } from './support/every-redis.ts';

const shared = readFileSync(new URL('../../src/redis/tokens/scripts/token-records.lua', import.meta.url), 'utf8');
/** Reads a value, and writes it again as it would be stored. Numbers travel as text: replies have no fractions. */
const script = redisScript(`${shared}
local token = parse('jti', ARGV[1], 0)
if not token then return {} end
return {
  token.state, whole(token.platform), whole(token.issued_at), whole(token.order), token.accepted_until, token.reason,
  token.last_seen, format(token), token.login, token.successor, token.successor_end,
  token.key,
}`);

test('T5 the scripts read token values as the server does', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const redis = await connectForTest(t, server.url);
  for (const { what, value, token } of tokenValues()) {
    await t.test(`${token === null ? 'unreadable' : 'readable'}: ${what}`, async () => {
      const reply = (await redis.evalScript(script, [], [value])) as string[];
      if (token === null) return assert.deepEqual(reply, []);
      const [
        state = '',
        platform,
        issuedAt,
        order,
        acceptedUntil,
        reason,
        lastSeen,
        again = '',
        login,
        successor,
        successorEnd,
        key,
      ] = reply;
      assert.equal(state, token.state[0]);
      assert.deepEqual(
        [platform, issuedAt, order, acceptedUntil || '0', reason, lastSeen, login, successor, successorEnd, key].map(
          String,
        ),
        [
          token.platformID,
          token.issuedAt,
          token.issueOrder,
          token.acceptedUntil,
          token.reason,
          token.lastSeenAt === 0 ? '' : token.lastSeenAt.toString(36),
          token.loginAt?.toString(36) ?? '',
          token.successor?.jti ?? '',
          token.successor?.expiresAt.toString(36) ?? '',
          token.keyMark ?? '',
        ].map(String),
      );
      assert.deepEqual(await redis.evalScript(script, [], [again]), reply, 'and read it the same when they stored it');
    });
  }
});
