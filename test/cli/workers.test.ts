/** `tessera serve --workers`: several nodes of one machine on the same two ports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { freePort } from '../support/services/free-port.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';

test('O3: workers serve on the same ports, are restarted one after another, and all drain together', async (t) => {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return;
  const metricsPort = await freePort();
  const server = await TesseraProcess.start({
    env: {
      ...{ TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url },
      ...{ TESSERA_WORKERS: '2', TESSERA_SUPERVISED: 'true', TESSERA_METRICS_PORT: String(metricsPort) },
    },
  });
  t.after(() => server.dispose());
  const lines = (...messages: string[]) =>
    server.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => messages.includes(msg));
  const listening = () => lines('listening');
  await untilTrue('both listen', async () => listening().length === 2);
  const [first, second] = listening();
  assert.deepEqual([second.apiPort, second.wsPort], [first.apiPort, first.wsPort]);
  assert.notEqual(second.pid, first.pid);

  const startOf = async (port: number) => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return /^process_start_time_seconds (.+)$/m.exec(metrics)?.[1];
  };
  const starts = await Promise.all([metricsPort, metricsPort + 1].map(startOf));
  assert.ok(starts[0] !== undefined && starts[1] !== undefined, 'each has metrics of its own');

  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice');
  await backEnd.call('/restart', {});
  await untilTrue('both have been restarted', async () => listening().length === 4);
  const [, , third, fourth] = listening();
  assert.equal(third.apiPort, first.apiPort);
  // The second one goes when the first one is back.
  const order = lines('listening', 'stopping').map(({ msg }) => msg);
  assert.deepEqual(order, ['listening', 'listening', 'stopping', 'listening', 'stopping', 'listening']);
  assert.ok((await backEnd.userToken('alice', 5)).length > 0);

  assert.equal(await server.stop(), 0);
  const stopped = lines('stopped').slice(2);
  assert.deepEqual(stopped.map(({ pid }) => pid).sort(), [third.pid, fourth.pid].sort());
});
