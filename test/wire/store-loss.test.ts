/** What clients see while a store is away, and after it is back: 500, never a fact about a token, and nothing lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { startPostgres } from '../support/services/postgres.ts';
import { connect, dialRefused } from '../support/socket-client.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { redisForSuite, skipReason } from '../support/test-services.ts';

test('Redis dies and comes back', async (t) => {
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (redis === undefined) return;
  const server = await TesseraProcess.start({ env: { TESSERA_REDIS_URL: redis.url } });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice');
  const token = await backEnd.userToken('alice');
  const query = { sendID: 'alice', token };
  const open = await connect({ port: server.wsPort, query });
  await redis.kill();
  // Its connections end a moment later; until then what is known of tokens holds.
  await untilAnswering(server, 503);

  await t.test('T5: REST and handshakes answer 500, not 15xx', async () => {
    assert.equal((await backEnd.post('/user/get_users_info', { userIDs: ['alice'] }, token)).errCode, 500);
    assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 500);
    const { status, body } = await dialRefused({ port: server.wsPort, query });
    assert.deepEqual([status, JSON.parse(body).errCode], [200, 500]);
  });

  await t.test('the node says that it is not ready, and goes on serving the sockets that are open', async () => {
    const response = await fetch(`${server.apiUrl}/readyz`);
    assert.equal(response.status, 503);
    assert.deepEqual(await response.json(), { status: 'not ready', notReady: ['tokens', 'token feed'] });
    await open.roundTrip();
  });

  await t.test('T1: when it is back, the same token is good again', async () => {
    await redis.restart();
    await untilReady(server);
    assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 0);
    await (await connect({ port: server.wsPort, query })).close();
  });

  await t.test('T6: nothing of it has put a token into the log', () => {
    assert.ok(server.logLines.length > 0);
    assert.ok(!server.logLines.some((line) => line.includes(token) || line.includes('eyJ')));
  });
});

test('PostgreSQL dies and comes back', { skip: skipReason('postgres') }, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const server = await TesseraProcess.start({ env: { TESSERA_DATABASE_URL: postgres.url } });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice', 'bob');
  const send = (text: string) =>
    backEnd.post('/msg/send_msg', {
      sendID: 'alice',
      recvID: 'bob',
      content: { content: text },
      contentType: 101,
      sessionType: 1,
    });
  assert.equal((await send('before')).errCode, 0);
  await postgres.kill();

  await t.test('T5, M1: what needs it answers 500, and is not acknowledged', async () => {
    assert.equal((await send('meanwhile')).errCode, 500);
    assert.equal((await fetch(`${server.apiUrl}/readyz`)).status, 503);
    assert.equal((await fetch(`${server.apiUrl}/healthz`)).status, 200);
  });

  await t.test('M1, M2: when it is back, what was acknowledged is there and the next message follows it', async () => {
    await postgres.restart();
    await untilReady(server);
    assert.equal((await send('after')).errCode, 0);
    const seqRanges = [{ conversationID: 'si_alice_bob', begin: 1, end: 9, num: 9 }];
    const { msgs } = await backEnd.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
    assert.deepEqual(
      msgs.si_alice_bob.Msgs.map(({ seq, content }: { seq: number; content: string }) => [
        seq,
        JSON.parse(Buffer.from(content, 'base64').toString()).content,
      ]),
      [
        [1, 'before'],
        [2, 'after'],
      ],
    );
  });
});

/** The probe itself tells: it is asked again as soon as it has answered. */
function untilReady(server: TesseraProcess): Promise<void> {
  return untilAnswering(server, 200);
}

/** @param status of /readyz */
async function untilAnswering(server: TesseraProcess, status: number): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  while ((await fetch(`${server.apiUrl}/readyz`, { signal })).status !== status);
}
