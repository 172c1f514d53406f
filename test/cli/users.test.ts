/** `tessera users import`: after it, the users of an OpenIM deployment can log in. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectRedis } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { BackEnd } from '../support/back-end.ts';
import { runTessera, runTesseraHere } from '../support/run-tessera.ts';
import { adminSecret, TesseraProcess } from '../support/tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';

const createdAt = Date.UTC(2023, 4, 6);
const openimUser = (userID: string, more: object = {}) =>
  JSON.stringify({
    ...{ _id: { $oid: '6594e0f5a1b2c3d4e5f60718' }, user_id: userID, nickname: `Nick of ${userID}`, face_url: '' },
    ...{ ex: '', app_manger_level: 1, global_recv_msg_opt: 0, create_time: { $date: new Date(createdAt) } },
    ...more,
  });

for (const engine of ['SQLite', 'PostgreSQL'] as const) {
  test(`users import on ${engine}: a dry run equals the run, which lets everybody log in`, async (t) => {
    const databaseUrl = engine === 'SQLite' ? '' : await postgresUrlForSuite(t);
    if (databaseUrl === undefined) return;
    const directory = await temporaryDirectory(t);
    const file = join(directory, 'user.json');
    const lines = [...['imAdmin', 'ann', 'bob', 'ann'].map((userID) => openimUser(userID)), openimUser('a-b'), 'x'];
    await writeFile(file, lines.join('\n'));
    const server = await TesseraProcess.start({ env: { TESSERA_DATABASE_URL: databaseUrl } });
    t.after(() => server.dispose());
    const env = { TESSERA_DATA_DIR: join(server.dataDir, 'data'), TESSERA_DATABASE_URL: databaseUrl };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await runTesseraHere(
        ['users', 'import', '--file', file, '--json', ...args],
        env,
      );
      assert.equal(code, 1, stderr);
      const { isDryRun: _, seconds: __, ...report } = JSON.parse(stdout);
      return report;
    };

    const planned = await run('--dry-run');
    if (engine === 'SQLite') {
      const beside = await runTesseraHere(['users', 'import', '--file', file], env);
      assert.deepEqual([beside.code, beside.stdout], [1, '']);
      assert.match(beside.stderr, /another Tessera runs on the data directory/);
      await server.stop();
    }
    const done = await run();
    assert.deepEqual(done, planned);
    assert.deepEqual(done, {
      ...{ isComplete: true, records: 6, added: 2, known: 2, refused: 2 },
      faults: ['record 5: userID may have only letters, digits and _', 'record 6: cannot be read'],
    });
    assert.partialDeepStrictEqual(await run(), { added: 0, known: 4 });

    if (engine === 'SQLite') await server.start();
    const backEnd = new BackEnd(() => server.apiUrl);
    const token = await backEnd.userToken('bob');
    const { data } = await backEnd.post('/user/get_users_info', { userIDs: ['ann'] }, token);
    assert.partialDeepStrictEqual(data, { usersInfo: [{ nickname: 'Nick of ann', createTime: createdAt }] });
  });
}

test('users import on a data directory where no server ever ran: a dry run makes nothing, an import all', async (t) => {
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'users.csv');
  await writeFile(file, '\ufeffuserID,nickname\nann,"Ann, the first"\n');
  const env = { TESSERA_DATA_DIR: join(directory, 'data') };
  const planned = await runTesseraHere(['users', 'import', '--file', file, '--dry-run'], env);
  assert.match(planned.stdout, /^1 users in .*Nothing was changed; an import would find:\n +1 {2}registered\n$/);
  const done = await runTessera(['users', 'import', '--file', file], env);
  assert.match(done.stdout, /^1 users in [\d.]+ s:\n +1 {2}registered\n$/);
  assert.equal(done.code, 0);
});

test('users import says what is wrong', async (t) => {
  const env = { TESSERA_DATA_DIR: join(await temporaryDirectory(t), 'data') };
  for (const [args, says, code] of [
    [[], /--file is missing/, 2],
    [['--file', '/nowhere'], /--file: \/nowhere cannot be read \(ENOENT\)/, 1],
    [['--file', '-', '--resume'], /standard input cannot be resumed/, 2],
    [['--file', 'x', '--resume', '--dry-run'], /nothing to resume/, 2],
  ] as const) {
    const outcome = await runTesseraHere(['users', 'import', ...args], env);
    assert.match(outcome.stderr, says);
    assert.equal(outcome.code, code);
  }
});

test('doctor finds those who hold a token and are not registered', async (t) => {
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes'] });
  if (redis === undefined) return;
  const env = { TESSERA_REDIS_URL: redis.url, TESSERA_SECRET: adminSecret };
  const server = await TesseraProcess.start({ env });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('ann');
  await backEnd.userToken('ann');
  const holders = async () => {
    const args = ['doctor', '--json', '--data-dir', join(server.dataDir, 'data')];
    const findings = JSON.parse((await runTesseraHere(args, env)).stdout) as { subject: string; severity: string }[];
    return findings.find(({ subject }) => subject === 'holders of tokens');
  };
  assert.partialDeepStrictEqual(await holders(), { severity: 'ok' });

  await using client = await connectRedis(redis.url, { onConnectionFailure: () => {} });
  const now = Math.floor(Date.now() / 1000) * 1000;
  const token = {
    jti: 'x'.repeat(22),
    userID: 'ghost',
    platformID: 5,
    issuedAt: now,
    expiresAt: now + 60_000,
    deviceName: '',
  };
  await new RedisTokenStore(client, Date.now).adopt({ ...token, lastSeenAt: 0, state: 'live' } as never);
  await client.command('UID_PID_TOKEN_STATUS:olaf:Web', ['HSET', 'UID_PID_TOKEN_STATUS:olaf:Web', 'token', '0']);
  assert.partialDeepStrictEqual(await holders(), {
    severity: 'problem',
    text: '2 are not registered ("ghost", "olaf"): their tokens hold, their next login fails',
  });
});

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-users-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}
