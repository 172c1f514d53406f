/** What OpenIM's monitoring asks for: rest-core.md 8 and 11. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/services/free-port.ts';
import { send } from './raw-http.ts';
import { World } from './world.ts';

let world: World;
before(async () => {
  world = await World.open({ TESSERA_GRAFANA_URL: 'https://grafana.example.com/d/1' });
});
after(() => world[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) => world.send({ method: 'GET', path, headers });

test('rest-core 8: /third/prometheus leads to the dashboard, without token and operationID', async () => {
  const { status, headers } = await get('/third/prometheus');
  assert.deepEqual([status, headers.location], [302, 'https://grafana.example.com/d/1']);
});

test('rest-core 8: defect of OpenIM: without a dashboard it leads nowhere, and says so', async () => {
  await using bare = await World.open();
  const { status, body, headers } = await bare.send({ method: 'GET', path: '/third/prometheus' });
  assert.deepEqual([status, headers.location], [404, undefined]);
  assert.match(body.toString(), /TESSERA_GRAFANA_URL/);
});

test('rest-core 11: discovery tells the process once, as it was asked, and no other part of OpenIM', async () => {
  const read = async (service: string) => {
    const { status, body } = await get(`/prometheus_discovery/${service}`, { Host: 'im.internal:10002' });
    assert.equal(status, 200);
    return JSON.parse(body.toString());
  };
  assert.deepEqual(await read('api'), [{ targets: ['im.internal:10002'], labels: { namespace: 'default' } }]);
  for (const other of ['user', 'group', 'msg', 'friend', 'conversation', 'third', 'auth', 'push', 'msg_gateway']) {
    assert.deepEqual(await read(other), [], other);
  }
  assert.deepEqual(await read('msg_transfer'), []);
  assert.equal((await get('/prometheus_discovery/mail')).status, 404);
});

test('a port of its own has the metrics of this process and the probes, and is what discovery tells', async () => {
  const port = await freePort();
  const settings = { TESSERA_METRICS_PORT: String(port), TESSERA_ADVERTISED_HOST: 'im1.internal' };
  await using scraped = await World.open(settings);
  const ask = async (path: string) => (await send(port, { method: 'GET', path })).status;
  assert.deepEqual(await Promise.all(['/metrics', '/healthz', '/readyz'].map(ask)), [200, 200, 200]);
  assert.deepEqual(await Promise.all(['/docs', '/prometheus_discovery/api', '/'].map(ask)), [404, 404, 404]);
  const closed = await send(port, { path: '/metrics', method: 'GET', headers: { 'X-Forwarded-For': '192.0.2.1' } });
  assert.equal(closed.status, 401);
  const { body } = await scraped.send({ method: 'GET', path: '/prometheus_discovery/api' });
  assert.deepEqual(JSON.parse(body.toString()), [
    { targets: [`im1.internal:${port}`], labels: { namespace: 'default' } },
  ]);
});

test('rest-core 11: whoever comes through a proxy needs the token of the pages', async () => {
  for (const path of ['/prometheus_discovery/api', '/third/prometheus']) {
    assert.equal((await get(path, { 'X-Forwarded-For': '192.0.2.1' })).status, 401, path);
  }
});
