/** `tessera serve --workers`: several nodes of one machine on the same two ports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';

test('O3: workers serve on the same ports, one that dies is started again, and all drain together', async (t) => {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return;
  const server = await TesseraProcess.start({
    env: { TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url, TESSERA_WORKERS: '2' },
  });
  t.after(() => server.dispose());
  const listening = () => server.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'listening');
  await untilTrue('both listen', async () => listening().length === 2);
  const [first, second] = listening();
  assert.deepEqual([second.apiPort, second.wsPort], [first.apiPort, first.wsPort]);
  assert.notEqual(second.pid, first.pid);

  process.kill(first.pid, 'SIGKILL');
  await untilTrue('another one listens', async () => listening().length === 3);
  const [, , third] = listening();
  assert.equal(third.apiPort, first.apiPort);
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice');
  assert.ok((await backEnd.userToken('alice', 5)).length > 0);

  assert.equal(await server.stop(), 0);
  const stopped = server.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'stopped');
  assert.deepEqual(stopped.map(({ pid }) => pid).sort(), [second.pid, third.pid].sort());
});
