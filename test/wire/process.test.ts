/** The program as its operator meets it: how it starts, what it refuses, how it stops. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { compileCache, program } from '../support/program.ts';
import { runTessera, runTesseraHere } from '../support/run-tessera.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import { connect } from '../support/socket-client.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';

test('O3: SIGTERM closes sockets so that clients go elsewhere, and ends the process with 0', async (t) => {
  const server = await TesseraProcess.start();
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice');
  const token = await backEnd.userToken('alice');
  const socket = await connect({ port: server.wsPort, query: { sendID: 'alice', token } });
  const exitCode = server.stop();
  assert.equal((await socket.closed).code, 1001);
  assert.equal(await exitCode, 0);
});

test('O3: /restart drains, and ends the process with the code that a supervisor restarts', async (t) => {
  const server = await TesseraProcess.start({ env: { TESSERA_SUPERVISED: 'true' } });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice');
  const token = await backEnd.userToken('alice');
  const socket = await connect({ port: server.wsPort, query: { sendID: 'alice', token } });
  const exitCode = server.exited();
  assert.equal((await backEnd.post('/restart', {})).errCode, 0);
  assert.equal((await within('the socket to be closed', socket.closed)).code, 1001);
  assert.equal(await within('the process to end', exitCode), 75);
});

test('O3: a request that does not end holds the stop up no longer than it may', async (t) => {
  const server = await TesseraProcess.start({ env: { TESSERA_SHUTDOWN_TIMEOUT: '100ms' } });
  t.after(() => server.dispose());
  const socket = connectTcp(Number(new URL(server.apiUrl).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  const continues = once(socket, 'data');
  // The server answers 100 when it has begun to wait for the body, which never comes.
  socket.write(
    'POST /auth/parse_token HTTP/1.1\r\nHost: x\r\noperationID: op\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  );
  await continues;
  assert.equal(await server.stop(), 0);
});

for (const reader of ['gone', 'not reading'] as const) {
  test(`O1 O3: with the reader of the log ${reader} the server serves on, drains at SIGTERM and ends with 0`, async (t) => {
    const server = spawn(process.execPath, [...program, 'serve'], {
      cwd: await temporaryDirectory(t),
      env: environment({ TESSERA_API_PORT: '0', TESSERA_WS_PORT: '0', TESSERA_LOG_LEVEL: 'debug' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => server.kill('SIGKILL'));
    const apiUrl = await listening(server.stdout);
    if (reader === 'gone') {
      server.stdout.destroy();
      server.stderr.destroy();
    } else {
      server.stdout.pause();
    }
    // More lines than a pipe holds.
    for (let count = 0; count < 60; count++) {
      const headers = { operationID: `op-${count}-${'x'.repeat(1500)}` };
      const answers = Array.from({ length: 10 }, () => fetch(`${apiUrl}/nowhere`, { method: 'POST', headers }));
      for (const answer of await Promise.all(answers)) assert.match(await answer.text(), /errCode/);
    }
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  });
}

test('a command whose reader has gone ends quietly, and well', async (t) => {
  for (const args of [['--help'], ['config', '--docs'], ['keys', 'list'], ['doctor']]) {
    const command = spawn(process.execPath, [...program, ...args], {
      cwd: await temporaryDirectory(t),
      env: environment({ TESSERA_SECRET: 'a-secret-of-more-than-thirty-two-bytes' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    command.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(command.stderr!), once(command, 'exit')]);
    assert.equal(code, 0, args.join(' '));
    assert.doesNotMatch(stderr, /EPIPE|Error/, args.join(' '));
  }
});

test('what cannot be written is a failure, and said', { skip: !existsSync('/dev/full') }, async (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const command = spawn(process.execPath, [...program, 'config', '--docs'], {
    cwd: await temporaryDirectory(t),
    env: environment(),
    stdio: ['ignore', full, 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([text(command.stderr!), once(command, 'exit')]);
  assert.equal(code, 1);
  assert.match(stderr, /^tessera: cannot write the output: ENOSPC/);
});

test('T5 an outage of Redis has one line at its beginning and one at its end', async (t) => {
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes'] });
  if (redis === undefined) return;
  const server = await TesseraProcess.start({ env: { TESSERA_REDIS_URL: redis.url } });
  t.after(() => server.dispose());
  const lines = (message: string) => server.logLines.filter((line) => line.includes(`"msg":"${message}`)).length;

  await redis.kill();
  await untilTrue('the line of the outage', async () => lines('Redis is away') > 0);
  await redis.restart();
  await untilTrue('the line of its end', async () => lines('Redis is back') > 0);

  assert.deepEqual([lines('Redis is away'), lines('Redis is back')], [1, 1]);
});

test('data and secret are nobody else’s to read', async (t) => {
  // The server itself makes its database where the tests name one, be it the default.
  const server = await TesseraProcess.start({ env: { TESSERA_SECRET: '', TESSERA_DATABASE_URL: '' } });
  t.after(() => server.dispose());
  for (const [name, mode] of [
    ['.', 0o700],
    ['secret', 0o600],
    ['tessera.db', 0o600],
  ] as const) {
    assert.equal((await stat(join(server.dataDir, 'data', name))).mode & 0o777, mode, name);
  }
});

const refused: readonly { name: string; args: string[]; env?: Record<string, string>; says: RegExp; code: number }[] = [
  {
    name: 'a flag that does not exist',
    args: ['serve', '--port', '1'],
    says: /--port.*tessera serve --help/s,
    code: 2,
  },
  {
    name: 'a variable that does not exist',
    args: ['serve'],
    env: { TESSERA_PORT: '1' },
    says: /TESSERA_PORT/,
    code: 2,
  },
  { name: 'a value out of range', args: ['serve', '--api-port', '70000'], says: /--api-port: must be/, code: 2 },
  {
    name: "OpenIM's published secret",
    args: ['serve'],
    env: { TESSERA_SECRET: 'openIM123' },
    says: /published default/,
    code: 2,
  },
  { name: 'a command that does not exist', args: ['server'], says: /unknown command server.*Usage/s, code: 2 },
];

for (const { name, args, env = {}, says, code } of refused) {
  test(`${name} is refused before anything starts, and said`, async () => {
    const outcome = await runTesseraHere(args, env);
    assert.equal(outcome.code, code);
    assert.match(outcome.stderr, says);
    assert.equal(outcome.stdout, '');
  });
}

const cannotStart: readonly { name: string; env: Record<string, string>; says: RegExp }[] = [
  {
    name: 'PostgreSQL',
    env: { TESSERA_DATABASE_URL: 'postgres://127.0.0.1:1/x' },
    says: /^tessera: TESSERA_DATABASE_URL: /,
  },
  { name: 'Redis', env: { TESSERA_REDIS_URL: 'redis://127.0.0.1:1' }, says: /^tessera: TESSERA_REDIS_URL: / },
  { name: 'the data directory', env: { TESSERA_DATA_DIR: '/proc/nope' }, says: /^tessera: TESSERA_DATA_DIR: / },
  {
    name: 'a data directory to write a secret into',
    env: { TESSERA_DATA_DIR: '/proc' },
    says: /^tessera: TESSERA_DATA_DIR: cannot write /,
  },
  {
    name: 'a data directory to write into',
    env: { TESSERA_DATA_DIR: '/proc', TESSERA_SECRET: 'a-secret-of-more-than-thirty-two-bytes' },
    says: /^tessera: TESSERA_DATA_DIR: cannot write into \/proc/,
  },
  {
    name: 'the host',
    env: { TESSERA_HOST: '192.0.2.1', TESSERA_API_PORT: '0' },
    says: /^tessera: TESSERA_API_PORT: cannot listen on 192.0.2.1/,
  },
];

for (const { name, env, says } of cannotStart) {
  test(`a start without ${name} fails, and the setting is named`, async () => {
    const start = name === 'PostgreSQL' ? runTessera : runTesseraHere;
    const { code, stderr } = await start(['serve'], { TESSERA_LOG_FORMAT: 'json', ...env });
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.equal(stderr.trim().split('\n').length, 1, 'one line, no stack');
  });
}

test('a port that is taken is named', async (t) => {
  const taken = createServer().listen(0, '0.0.0.0');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, stderr } = await runTesseraHere(['serve', '--api-port', `${port}`, '--ws-port', '0'], {});
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^tessera: TESSERA_API_PORT: .*EADDRINUSE.*:${port}`));
});

test('--help, --version and config answer without starting anything', async () => {
  assert.match((await runTessera(['--version'], {})).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await runTesseraHere(['--help'], {})).stdout, /serve.*config/s);
  assert.match((await runTesseraHere(['serve', '--help'], {})).stdout, /--login-policy/);
  const secret = { TESSERA_SECRET: 'not-to-be-shown' };
  const { stdout, stderr } = await runTesseraHere(['config', '--token-ttl', '1h'], secret);
  assert.partialDeepStrictEqual(JSON.parse(stdout), { tokenTtl: '1h', apiPort: 10_002 });
  assert.equal(stderr, 'left out, being secret: TESSERA_SECRET\n');
});

/** None of the caller's own settings are passed on. */
function environment(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', ...compileCache, ...settings };
}

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** URL of the API, when the log says that it listens. */
async function listening(log: Readable): Promise<string> {
  let lines = '';
  for await (const [chunk] of on(log, 'data')) {
    lines += String(chunk);
    const [, port] = /"apiPort":(\d+)/.exec(lines) ?? [];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
  throw new Error('the log ended');
}
