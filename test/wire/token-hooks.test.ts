/** Hooks of tokens are on disk when the call that causes them is answered: a crash a moment later loses none of them. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type HookName, hookTable } from '../../src/webhooks/hook-table.ts';
import { redisForSuite } from '../support/test-services.ts';
import { HookWorld, shortCommand } from './hook-world.ts';

const followed: readonly HookName[] = [
  ...(['afterTokenIssued', 'afterTokenRenewed', 'afterTokenKicked', 'afterTokenRevoked'] as const),
  'afterUserKickOff',
];

async function outcomes(t: TestContext, settings: Readonly<Record<string, string>>): Promise<void> {
  const hooks = followed.map((name) => `${name}: { enable: true, timeout: 5 }`);
  const on = await HookWorld.open(hooks, settings);
  t.after(() => on[Symbol.asyncDispose]());
  // So that nothing of it goes.
  const refuse = (response: ServerResponse) => response.writeHead(503).end();
  for (const name of followed) on.receiver.answers.set(hookTable[name].command, refuse);
  using database = new DatabaseSync(join(on.world.dataDir, 'tessera.db'), { readOnly: true });
  const rows = database.prepare(`SELECT id, payload FROM deliveries WHERE topic = 'webhooks' AND id > ? ORDER BY id`);
  let last = 0;
  const written = () => {
    const found = rows.all(last);
    last = Number(found.at(-1)?.id ?? last);
    return found.map(({ payload }) => shortCommand(JSON.parse(String(payload)).name).replace('after', ''));
  };
  const { world } = on;
  const tokenOf = async (path: string, body: object, token?: string): Promise<string> =>
    (await on.done(path, body, token)).token;
  await on.done('/user/user_register', { users: [{ userID: 'tina', nickname: 'Tina' }] });
  written();

  const login = () => tokenOf('/auth/get_user_token', { userID: 'tina', platformID: 5 });
  await login();
  assert.deepEqual(written(), ['TokenIssued']);
  const second = await login();
  assert.deepEqual(written(), ['TokenIssued', 'TokenKicked', 'UserKickOff']);
  world.passTime(1_000_000);
  const renewed = await tokenOf('/auth/renew_token', {}, second);
  assert.deepEqual(written(), ['TokenRenewed']);
  await on.done('/auth/revoke_token', { token: renewed });
  assert.deepEqual(written(), ['TokenRevoked']);
  await on.done('/auth/revoke_token', { token: renewed });
  assert.deepEqual(written(), [], 'what has ended already is no news');
  await login();
  await on.done('/auth/force_logout', { userID: 'tina', platformID: 5 });
  // What was renewed is accepted for a minute more.
  assert.deepEqual(written(), ['TokenIssued', 'TokenKicked', 'TokenKicked', 'UserKickOff']);
  const issuedBefore = Date.now();
  for (const news of [['TokenRevoked'], []]) {
    await on.done('/auth/revoke_tokens', { userID: 'tina', issuedBefore });
    assert.deepEqual(written(), news);
  }
}

test('in the database', (t) => outcomes(t, {}));

test('in Redis, with the database beside it', async (t) => {
  const redis = await redisForSuite(t);
  if (redis !== undefined) await outcomes(t, { TESSERA_REDIS_URL: redis.url });
});
