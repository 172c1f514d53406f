/** The server is killed at random while it issues tokens: no issue is half done, and none that was answered is lost. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { redisForSuite } from '../support/test-services.ts';

const users = Array.from({ length: 8 }, (_, i) => `user${i}`);
const rounds = 3;

interface Listed {
  readonly jti: string;
  readonly state: string;
}

test('T3: kill -9 of the server in the midst of issues, on SQLite', (t) => survivesKills(t, {}));

test('T3: kill -9 of the server in the midst of issues, on Redis', async (t) => {
  const redis = await redisForSuite(t);
  if (redis !== undefined) await survivesKills(t, { TESSERA_REDIS_URL: redis.url });
});

async function survivesKills(t: TestContext, env: Readonly<Record<string, string>>): Promise<void> {
  const server = await TesseraProcess.start({ env });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register(...users);
  /** In the order of the answers. */
  const answered = new Map<string, string[]>(users.map((userID) => [userID, []]));

  for (let round = 0; round < rounds; round++) {
    const enough = Promise.withResolvers<void>();
    let left = randomInt(20, 120);
    const issuers = users.map(async (userID) => {
      // Until the server is gone.
      for (;;) {
        const token = await backEnd.userToken(userID).catch(() => undefined);
        if (token === undefined) return;
        answered.get(userID)?.push(token);
        if (--left === 0) enough.resolve();
      }
    });
    await enough.promise;
    await server.kill();
    await Promise.all(issuers);
    await server.start();

    for (const userID of users) {
      const { tokens } = (await backEnd.call('/auth/list_tokens', { userID, limit: 500 })) as { tokens: Listed[] };
      const stateOf = new Map(tokens.map(({ jti, state }) => [jti, state]));
      const states = (answered.get(userID) ?? []).map((token) => stateOf.get(jtiOf(token)));
      assert.ok(!states.includes(undefined), `every token that ${userID} was given is remembered`);
      assert.equal(tokens.filter(({ state }) => state === 'live').length, 1, `${userID} has one session`);
      assert.equal(tokens[0]?.state, 'live', `and it is ${userID}'s newest, answered or not`);
      assert.ok(tokens.length - states.length <= round + 1, 'what was not answered is at most what was under way');
    }
  }
}

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
}
