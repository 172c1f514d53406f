/** Behind a pooler that gives every transaction another session, everything works as it does without one. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { PushLog } from '../support/push-log.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { pgbouncerForSuite, postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';
import { World } from '../wire/world.ts';

for (const mode of ['session', 'transaction'] as const) {
  test(`PgBouncer in ${mode} mode, with its own settings`, (t) => behindPooler(t, mode));
}

test('M4 two nodes behind PgBouncer in transaction mode', async (t) => {
  const url = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  const pooler = url === undefined ? undefined : await pgbouncerForSuite(t, { mode: 'transaction', url });
  if (pooler === undefined || redis === undefined) return;
  await using owned = new AsyncDisposableStack();
  owned.defer(() => pooler.stop());
  const settings = { TESSERA_DATABASE_URL: pooler.url, TESSERA_REDIS_URL: redis.url };
  const a = owned.use(await World.open(settings));
  const b = owned.use(await World.join(a, settings));
  const token = await a.issue('bob', 5);
  const bob = await PushLog.open({ port: b.wsPort, query: { sendID: 'bob', platformID: '5', token } });
  const texts = Array.from({ length: 30 }, (_, index) => `message ${index}`);
  await Promise.all(texts.map((text) => a.call('/msg/send_msg', textTo({ recvID: 'bob', sessionType: 1 }, text))));
  for (const text of texts) await bob.message(text);
  await a.call('/group/create_group', {
    ...{ ownerUserID: 'alice', memberUserIDs: ['bob'], groupInfo: { groupID: 'pooled', groupType: 2 } },
  });
  await a.call('/msg/send_msg', textTo({ groupID: 'pooled', sessionType: 3 }, 'to all'));
  await bob.message('to all');
  await b.call('/auth/force_logout', { userID: 'bob', platformID: 5 });
  assert.equal(await a.verdict(token), 1506);
  const [status] = await a.call('/user/get_users_online_status', { userIDs: ['alice'] });
  assert.equal(status.status, 0);
});

function textTo(place: object, content: string) {
  return { sendID: 'alice', senderPlatformID: 1, ...place, content: { content }, contentType: 101 };
}

async function behindPooler(t: TestContext, mode: 'session' | 'transaction'): Promise<void> {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const pooler = await pgbouncerForSuite(t, { mode, url });
  if (pooler === undefined) return;
  const server = await TesseraProcess.start({ env: { TESSERA_DATABASE_URL: pooler.url } });
  t.after(async () => {
    await server.dispose();
    await pooler.stop();
  });
  const backEnd = new BackEnd(() => server.apiUrl);
  const users = Array.from({ length: 8 }, (_, index) => `user${index}`);
  await backEnd.register(...users);

  await t.test('requests of every kind at once, all answered well', async () => {
    const codes = await Promise.all(
      users.map(async (userID) => {
        const token = await backEnd.userToken(userID);
        const answers = [];
        for (let round = 0; round < 3; round += 1) {
          answers.push(
            await Promise.all([
              ...users.map((recvID) => backEnd.post('/msg/send_msg', message(userID, recvID))),
              backEnd.post('/msg/newest_seq', { userID }, token),
              backEnd.post('/auth/parse_token', { token }),
              backEnd.post('/user/update_user_info_ex', { userInfo: { userID, nickname: `n${round}` } }),
              backEnd.post('/auth/list_tokens', { userID }),
            ]),
          );
        }
        return answers.flat().map(({ errCode }) => errCode);
      }),
    );
    assert.deepEqual([...new Set(codes.flat())], [0]);
  });

  await t.test('a second server is refused', async () => {
    const second = World.open({ TESSERA_DATABASE_URL: pooler.url }).then((world) => world[Symbol.asyncDispose]());
    await assert.rejects(second, { name: 'StartError', message: /another Tessera runs on this database/ });
  });

  await t.test('a killed server leaves nothing behind that would keep the next one out', async () => {
    await server.kill();
    await using next = await World.open({ TESSERA_DATABASE_URL: pooler.url });
    await next.call('/msg/send_msg', message('user0', 'user1'));
  });
}

function message(sendID: string, recvID: string) {
  return { sendID, recvID, content: { content: 'x' }, contentType: 101, sessionType: 1 };
}
