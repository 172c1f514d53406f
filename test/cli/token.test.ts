/** `tessera token` against a running server, as an operator uses it. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { runTessera, runTesseraHere } from '../support/run-tessera.ts';
import { adminSecret, TesseraProcess } from '../support/tessera-process.ts';

describe('tessera token', () => {
  let server: TesseraProcess;
  let backEnd: BackEnd;

  before(async () => {
    // The key comes from the secret, with which `inspect` checks a token before it asks.
    server = await TesseraProcess.start({ env: { TESSERA_SECRET: adminSecret } });
    backEnd = new BackEnd(() => server.apiUrl);
    await backEnd.register('alice', 'bob');
  });

  after(() => server.dispose());

  const token = (action: string, ...args: string[]) =>
    runTesseraHere(['token', action, '--url', server.apiUrl, ...args], { TESSERA_SECRET: adminSecret });

  test('issue, inspect, list and revoke, for people', async () => {
    const details = ['--platform', 'web', '--ttl', '2h', '--device', 'my laptop', '--url', server.apiUrl];
    const issued = await runTessera(['token', 'issue', '--user', 'alice', ...details], { TESSERA_SECRET: adminSecret });
    assert.equal(issued.code, 0, issued.stderr);
    const [given = ''] = issued.stdout.split('\n');
    assert.match(issued.stdout, /valid for 7200 s, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    assert.equal((await backEnd.post('/user/get_users_info', { userIDs: ['alice'] }, given)).errCode, 0);

    const inspected = await token('inspect', '--token', given);
    assert.equal(inspected.code, 0);
    assert.match(inspected.stdout, /userID +alice\nplatform +5 Web\n/);
    assert.match(inspected.stdout, /accepted\n$/);

    const listed = await token('list', '--user', 'alice');
    assert.match(
      listed.stdout,
      /^JTI +PLATFORM +DEVICE +ISSUED +EXPIRES +LAST SEEN +STATE\n\S+ +Web +my laptop .* live\n$/,
    );

    const [, row = ''] = listed.stdout.split('\n');
    const revoked = await token('revoke', '--user', 'alice', '--jti', row.split(' ')[0] ?? '');
    assert.equal(revoked.stdout, '1 revoked\n');
    assert.match((await token('list', '--user', 'alice')).stdout, /revoked \(revoked\)\n$/);
    const refused = await token('inspect', '--token', given);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /the server refused: 1506 /);
  });

  test('the same for programs', async () => {
    const issued = JSON.parse((await token('issue', '--user', 'bob', '--platform', '1', '--json')).stdout);
    assert.deepEqual(Object.keys(issued).sort(), ['expireTimeSeconds', 'token']);
    const [listed] = JSON.parse((await token('list', '--user', 'bob', '--json')).stdout);
    assert.deepEqual([listed.platformID, listed.state], [1, 'live']);
    const inspected = JSON.parse((await token('inspect', '--token', issued.token, '--json')).stdout);
    assert.deepEqual([inspected.userID, inspected.jti, inspected.isAccepted], ['bob', listed.jti, true]);
    assert.deepEqual(JSON.parse((await token('revoke', '--user', 'bob', '--all', '--json')).stdout), { revoked: 1 });
  });

  test("a look does not supersede the back end's admin token", async () => {
    const { data } = await backEnd.post('/auth/get_admin_token', { secret: adminSecret, userID: 'imAdmin' }, 'none');
    await token('list', '--user', 'alice');
    const page = await backEnd.post('/auth/list_tokens', { userID: 'imAdmin' }, data.token);
    assert.equal(page.data.tokens[0].state, 'live');
  });

  test('tessera config --sources tells where each value comes from, run time before all others', async () => {
    const { data: version } = await backEnd.post('/config/list_settings', {});
    const data = JSON.stringify({ $version: version.version, maxFriends: 7 });
    assert.equal((await backEnd.post('/config/set_config', { configName: 'tessera.config.json', data })).errCode, 0);
    const env = { TESSERA_SECRET: adminSecret, TESSERA_DATA_DIR: join(server.dataDir, 'data') };
    const { stdout, stderr } = await runTesseraHere(['config', '--sources', '--max-blacks', '9'], env);
    assert.match(stdout, /^SETTING +SOURCE +VALUE\n/, stderr);
    assert.match(stdout, /\nmaxFriends +run time +7\nmaxBlacks +flag +9\n/);
    assert.match(stdout, /\nsecret +environment +\*\*\*\n/);
    assert.match(stdout, /\nloginPolicy +default +1\n/);
    assert.ok(!stdout.includes(adminSecret));
  });

  test('tessera jobs lists what runs by the clock, and runs one now', async () => {
    const jobs = (...args: string[]) =>
      runTesseraHere(['jobs', ...args, '--url', server.apiUrl], { TESSERA_SECRET: adminSecret });
    const listed = await jobs('list');
    assert.match(listed.stdout, /^JOB +SCHEDULE +LAST RUN +RESULT .*\nretention .* off: retainMessages is 0 /);
    const ran = await jobs('run', 'timed-destruction', '--json');
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(JSON.parse(ran.stdout).outcome, 'done');
    assert.match((await jobs('run', 'retention')).stderr, /1001 .*retainMessages is 0/);
    assert.equal((await jobs('run')).code, 2);
  });

  test('tessera nodes lists the nodes, and one process lists itself', async () => {
    const list = (...args: string[]) =>
      runTesseraHere(['nodes', 'list', ...args, '--url', server.apiUrl], { TESSERA_SECRET: adminSecret });
    assert.match((await list()).stdout, /^NODE +ROLES +VERSION .*\n[0-9a-f]{12} +api,gateway,jobs /);
    assert.deepEqual(JSON.parse((await list('--json')).stdout)[0].roles, ['api', 'gateway', 'jobs']);
  });

  test('tessera webhooks says what is on and what waits, and what was given up', async () => {
    const webhooks = (...args: string[]) =>
      runTesseraHere(['webhooks', ...args, '--url', server.apiUrl], { TESSERA_SECRET: adminSecret });
    assert.match((await webhooks('list')).stdout, /^HOOK +COMMAND +TIMEOUT +FAILURE\n\n0 waiting, 0 parked\n$/);
    assert.match((await webhooks('parked')).stdout, /^ID +COMMAND +KEY +PARKED +FAILURE\n$/);
    assert.equal((await webhooks('replay', 'all')).stdout, '0\n');
    assert.deepEqual(JSON.parse((await webhooks('drop', '3', '4', '--json')).stdout), { count: 0 });
    assert.equal((await webhooks('drop')).code, 2);
  });

  test('what is wrong is said, and nothing happens', async () => {
    const cases: [string[], number, RegExp][] = [
      [['issue', '--user', 'alice'], 2, /--platform is missing/],
      [['issue', '--user', 'alice', '--platform', 'Fridge'], 2, /no such platform; there are IOS \(1\), Android \(2\)/],
      [['issue', '--user', 'alice', '--platform', 'Web', '--ttl', 'soon'], 2, /--ttl must be a duration/],
      [['issue', '--user', 'nobody', '--platform', 'Web'], 1, /the server refused: 1004 /],
      [['revoke', '--user', 'alice'], 2, /one of --jti, --platform and --all/],
      [['revoke', '--token', 'x', '--user', 'alice', '--all'], 2, /nothing beside it/],
      [['inspect', '--token', 'nonsense'], 2, /that is not a token/],
      [['list', '--user', 'alice', '--secret', 'another-secret'], 1, /the server refused: 1002 /],
      [
        ['list', '--user', 'alice', '--url', 'http://127.0.0.1:9'],
        1,
        /no Tessera server answers at http:\/\/127.0.0.1:9/,
      ],
      [['list', '--user', 'alice', '--url', 'foo'], 2, /^tessera: the API has to be at an http or https URL/],
      [
        ['list', '--user', 'alice', '--url', 'http://192.0.2.1'],
        2,
        /^tessera: http:\/\/192.0.2.1 is on another machine/,
      ],
      [['polish'], 2, /no such action: polish/],
    ];
    for (const [[action = '', ...args], code, message] of cases) {
      const outcome = await token(action, ...args);
      assert.match(outcome.stderr, message);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.equal(outcome.stdout, '');
    }
  });

  test('inspect tells a token of another server from an expired one, without asking', async () => {
    const { token: given } = JSON.parse(
      (await token('issue', '--user', 'alice', '--platform', 'Web', '--json')).stdout,
    );
    const foreign = await token('inspect', '--offline', '--token', given, '--secret', 'some-other-secret');
    assert.equal(foreign.code, 1);
    assert.match(foreign.stdout, /refused: 1505 /);
  });
});

describe('tessera token inspect --offline', () => {
  const signingKey = 'a-signing-key-of-more-than-32-bytes';

  test('with TESSERA_SIGNING_KEYS and no secret checks the token, and writes nothing', async (t) => {
    const dataDir = await temporaryDirectory(t);
    const env = { TESSERA_SIGNING_KEYS: signingKey, TESSERA_DATA_DIR: dataDir };
    const args = ['token', 'inspect', '--offline', '--token', signed({ UserID: 'alice', PlatformID: 5, exp: 4e9 })];
    for (const settings of [env, { ...env, TESSERA_DATA_DIR: join(dataDir, 'missing') }]) {
      const { code, stdout, stderr } = await runTesseraHere(args, settings);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /signature and times are right\n$/);
      assert.match(stdout, /issued\nexpires +2096-10-02 07:06:40 UTC\n/);
    }
    assert.deepEqual(await readdir(dataDir), []);
  });

  test('without any key says that there is none, and makes none', async (t) => {
    const dataDir = await temporaryDirectory(t);
    const token = signed({ UserID: 'alice', PlatformID: 5, exp: 4e9 });
    const { code, stderr } = await runTesseraHere(['token', 'inspect', '--token', token], {
      TESSERA_DATA_DIR: dataDir,
    });
    assert.deepEqual([code, /^tessera: there are no keys to check it with/.test(stderr)], [1, true], stderr);
    assert.deepEqual(await readdir(dataDir), []);
  });

  test("T6 a stranger's claims do not command the terminal, and claims of any type are shown", async () => {
    const hostile = signed({ UserID: '\x1b]0;owned\x07\x1b[2J\x9b2J', PlatformID: { a: 1 }, jti: null, exp: 1e300 });
    for (const more of [[], ['--json']]) {
      const args = ['token', 'inspect', '--offline', '--token', hostile, ...more];
      const { code, stdout, stderr } = await runTesseraHere(args, { TESSERA_SIGNING_KEYS: signingKey });
      assert.deepEqual([code, stderr], [1, '']);
      assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u);
      assert.match(stdout, /owned/);
      assert.match(stdout, /refused: 1503 /);
    }
  });

  function signed(claims: object): string {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${text}.${createHmac('sha256', signingKey).update(text).digest('base64url')}`;
  }
});

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-token-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}
