/** deploy/compose: its tools take it, secrets are made once and kept apart, and nginx goes round a node that is away. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { composeProgram, nginxProgram } from '../support/services/deployment-tools.ts';
import { freePort } from '../support/services/free-port.ts';
import { requireProgram } from '../support/services/program.ts';
import { skipReason } from '../support/test-services.ts';

const directory = join(import.meta.dirname, '../../deploy/compose');
const read = (name: string) => readFileSync(join(directory, name), 'utf8');
const run = promisify(execFile);

test('docker-compose takes the cluster, which opens ports to this machine alone', {
  skip: skipReason('compose'),
}, async () => {
  await run(requireProgram(composeProgram), ['-f', join(directory, 'compose.yaml'), 'config', '--quiet']);
  const { services } = parseYaml(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> };
  const ports = Object.entries(services).flatMap(([name, each]) =>
    (each.ports ?? []).map((port) => [name, port] as const),
  );
  assert.ok(ports.length > 0 && ports.every(([name, port]) => name === 'nginx' && port.startsWith('127.0.0.1:')));
  assert.ok(services.postgres?.command?.includes('synchronous_commit=on'));
  for (const node of ['node-1', 'node-2']) assert.equal(services[node]?.read_only, true);
});

test('secrets are made once, each for its owner alone, and make a node', async (t) => {
  const root = await temporaryDirectory(t);
  for (const part of ['node', 'postgres', 'redis', 'files']) await mkdir(join(root, part));
  const make = () => run('bash', [join(directory, 'make-secrets.sh')], { env: { ...process.env, SECRETS_ROOT: root } });
  await make();
  const files = ['node/tessera.config.json', 'postgres/password', 'redis/redis.conf'].map((name) => join(root, name));
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
  await make();
  assert.deepEqual(await Promise.all(files.map((path) => readFile(path, 'utf8'))), texts);
  for (const path of files) assert.equal((await stat(path)).mode & 0o777, 0o600);

  const [path = '', password = ''] = [files[0], texts[1]];
  const config = loadConfig({ file: { path, isRequired: true } });
  assert.equal(new URL(config.databaseUrl).password, password);
  assert.ok(config.redisUrl !== '' && texts[2]?.includes(`requirepass ${new URL(config.redisUrl).password}\n`));
  assert.match(texts[2] ?? '', /^appendonly yes$/m);
  assert.match(texts[2] ?? '', /^maxmemory-policy noeviction$/m);
});

test('nginx goes round a node that is away, and passes sockets on without a word of their tokens', {
  skip: skipReason('nginx'),
}, async (t) => {
  const heard: { url: string; headers: IncomingHttpHeaders }[] = [];
  const node = createServer((asked, answer) => {
    heard.push({ url: asked.url ?? '', headers: asked.headers });
    answer.end('answered');
  });
  node.on('upgrade', (asked, socket) => {
    heard.push({ url: asked.url ?? '', headers: asked.headers });
    socket.end(switching);
  });
  await once(node.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    node.close();
    node.closeAllConnections();
  });
  const { port: livePort } = node.address() as AddressInfo;
  const [gatewayPort, apiPort, gonePort] = [await freePort(), await freePort(), await freePort()];
  const root = await temporaryDirectory(t);
  const path = join(root, 'nginx.conf');
  const text = read('nginx.conf')
    .replaceAll(/node-1:\d+/g, `127.0.0.1:${gonePort}`)
    .replaceAll(/node-2:\d+/g, `127.0.0.1:${livePort}`)
    .replace('listen 10001', `listen 127.0.0.1:${gatewayPort}`)
    .replace('listen 10002', `listen 127.0.0.1:${apiPort}`)
    .replace('/tmp/nginx.pid', join(root, 'nginx.pid'))
    .replace('worker_processes auto', 'worker_processes 1')
    .replace('/dev/stdout', join(root, 'access.log'));
  await writeFile(path, text);
  const nginx = requireProgram(nginxProgram);
  await run(nginx, ['-t', '-c', path, '-p', root]);

  const server = spawn(nginx, ['-c', path, '-p', root, '-g', 'daemon off;'], { stdio: 'ignore' });
  t.after(() => server.kill('SIGTERM'));
  const api = `http://127.0.0.1:${apiPort}`;
  // It says nothing when it begins: asked again until somebody answers.
  const answers = () =>
    fetch(`${api}/healthz`).then(
      () => true,
      () => false,
    );
  while (!(await answers()));
  for (let i = 0; i < 3; i += 1) {
    const answer = await fetch(`${api}/auth/parse_token`, { method: 'POST', body: '{}' });
    assert.equal(await answer.text(), 'answered');
  }
  assert.equal(heard[0]?.headers['x-request-api'], api);
  assert.equal(heard[0]?.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal((await fetch(`${api}/metrics`)).status, 404);
  for (const base of [api, `http://127.0.0.1:${gatewayPort}`]) {
    const { status, socket } = await askUpgrade(`${base}/msg_gateway?token=not-for-logs`);
    assert.equal(status, 101);
    socket?.destroy();
    assert.equal(heard.at(-1)?.url, '/msg_gateway?token=not-for-logs');
  }

  const gateway = `http://127.0.0.1:${gatewayPort}/`;
  // The one that was away stands still: it takes connections, and has the fewest sockets. The first to come waits a second.
  const still = createTcpServer((taken) => t.after(() => taken.destroy()));
  await once(still.listen(gonePort, '127.0.0.1'), 'listening');
  for (let i = 0; i < 5; i += 1) {
    const { status, socket } = await askUpgrade(gateway);
    assert.equal(status, 101);
    socket?.destroy();
  }
  still.close();

  // It is back, and the other goes within the second: everybody comes all the same, to stay.
  const back = createServer((_asked, answer) => answer.end()).on('upgrade', (_asked, socket) =>
    socket.write(switching),
  );
  await once(back.listen(gonePort, '127.0.0.1'), 'listening');
  t.after(() => {
    back.close();
    back.closeAllConnections();
  });
  node.close();
  node.closeAllConnections();
  const answer = await fetch(`${api}/auth/parse_token`, { method: 'POST', body: '{}' });
  assert.equal(answer.status, 200);
  for (let i = 0; i < 5; i += 1) {
    const { status, socket } = await askUpgrade(gateway);
    t.after(() => socket?.destroy());
    assert.equal(status, 101);
  }
  server.kill('SIGTERM');
  await once(server, 'exit');
  const log = await readFile(join(root, 'access.log'), 'utf8');
  assert.match(log, /GET \/msg_gateway/);
  assert.ok(!log.includes('not-for-logs'));
});

const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

/** The status of the answer, and the socket if that is 101. */
async function askUpgrade(url: string): Promise<{ readonly status: number | undefined; readonly socket?: Duplex }> {
  const asked = request(url, { headers: { connection: 'Upgrade', upgrade: 'websocket' } }).end();
  const upgraded = once(asked, 'upgrade').then(([answer, socket]) => ({ status: answer.statusCode, socket }));
  return Promise.race([upgraded, once(asked, 'response').then(([answer]) => ({ status: answer.statusCode }))]);
}

interface Service {
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  readonly read_only?: boolean;
}

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-cluster-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
