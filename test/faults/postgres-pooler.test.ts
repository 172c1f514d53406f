/** Behind a pooler that gives every transaction another session, everything works as it does without one. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { runTessera } from '../support/run-tessera.ts';
import { adminSecret, TesseraProcess } from '../support/tessera-process.ts';
import { pgbouncerForSuite, postgresUrlForSuite } from '../support/test-services.ts';

for (const mode of ['session', 'transaction'] as const) {
  test(`PgBouncer in ${mode} mode, with its own settings`, (t) => behindPooler(t, mode));
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
        for (let round = 0; round < 6; round += 1) {
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
    const { code, stderr } = await runTessera(['serve'], {
      TESSERA_DATABASE_URL: pooler.url,
      TESSERA_SECRET: adminSecret,
      TESSERA_API_PORT: '0',
      TESSERA_WS_PORT: '0',
    });
    assert.equal(code, 1);
    assert.match(stderr, /another Tessera runs on this database/);
  });

  await t.test('a killed server leaves nothing behind that would keep the next one out', async () => {
    await server.kill();
    await server.start();
    assert.equal((await backEnd.post('/msg/send_msg', message('user0', 'user1'))).errCode, 0);
  });
}

function message(sendID: string, recvID: string) {
  return { sendID, recvID, content: { content: 'x' }, contentType: 101, sessionType: 1 };
}
