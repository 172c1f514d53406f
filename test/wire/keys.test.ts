/** Signing keys, from the command that changes them to the tokens and sockets of a running server. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { derivedKey } from '../../src/config/admin-keys.ts';
import { GetMaxSeqReq } from '../../src/protocol/gen/openim.ts';
import { keyID } from '../../src/protocol/key-id.ts';
import type { PlatformID } from '../../src/protocol/numbers/platforms.ts';
import { newTokenID, TokenCodec } from '../../src/tokens/claims.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import { BackEnd } from '../support/back-end.ts';
import { type Outcome, runTessera, runTesseraHere } from '../support/run-tessera.ts';
import { connect } from '../support/socket-client.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { adminSecret, World } from './world.ts';

/** Of the key that is derived from the admin secret. */
const adminKid = keyID(derivedKey(adminSecret));

describe('a running server', () => {
  test('T1 a rotation logs nobody out: tokens and sockets live on, new tokens carry the new kid', async (t) => {
    const { world, keys } = await openWorld(t);
    const old = world.token('user');
    const socket = await connect({ port: world.wsPort, query: { sendID: 'alice', platformID: '1', token: old } });
    t.after(() => socket.ws.terminate());

    const { keys: rows } = JSON.parse((await keys('rotate', '--json')).stdout);
    world.app.reloadSigningKeys();
    const young = await world.issue('bob', 2);

    assert.deepEqual([kidOf(old), kidOf(young)], [adminKid, rows[0].kid]);
    assert.deepEqual([await world.verdict(old), await world.verdict(young)], [0, 0]);
    assert.equal((await socket.request(1001, GetMaxSeqReq.encode({ userID: 'alice' }).finish())).errCode, 0);
    const again = await connect({ port: world.wsPort, query: { sendID: 'alice', platformID: '1', token: old } });
    again.ws.terminate();
  });

  test('T1 a key is not retired under live tokens; when that is forced, theirs are 1505 and no others', async (t) => {
    const { world, keys } = await openWorld(t);
    const old = world.token('user');
    await keys('rotate');
    world.app.reloadSigningKeys();
    const young = await world.issue('bob', 2);

    const refused = await keys('retire', adminKid);
    world.app.reloadSigningKeys();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /may be live until .*--force/);
    assert.deepEqual([await world.verdict(old), await world.verdict(young)], [0, 0]);

    assert.equal((await keys('retire', adminKid, '--force')).code, 0);
    world.app.reloadSigningKeys();
    assert.deepEqual([await world.verdict(old), await world.verdict(young)], [1505, 0]);
  });

  test('the admin secret opens get_admin_token also when it signs no more', async (t) => {
    const { world, keys } = await openWorld(t);
    await keys('rotate');
    await keys('retire', 'admin-secret', '--force');
    world.app.reloadSigningKeys();
    const { token } = await world.call('/auth/get_admin_token', { secret: adminSecret, userID: 'imAdmin' });
    assert.notEqual(kidOf(token), adminKid);
    assert.equal(await world.verdict(token), 0);
  });

  test('a token that names a key of which only the file knows has it read at once', async (t) => {
    const { world, keys } = await openWorld(t);
    const path = join(world.dataDir, 'signing-keys.json');
    await keys('rotate');
    const rotated = await readFile(path);
    world.app.reloadSigningKeys();
    const young = await world.issue('bob', 2);
    // As on a node that has not been given the new file yet.
    await writeFile(path, JSON.stringify([{ state: 'signing', from: 'admin secret' }]));
    world.app.reloadSigningKeys();
    assert.equal(await world.verdict(young), 1505);
    await writeFile(path, rotated);
    world.passTime(1000);
    assert.equal(await world.verdict(young), 0);
  });

  test('in three steps every node knows a key before any signs with it', async (t) => {
    const { world, keys } = await openWorld(t);
    const prepared = JSON.parse((await keys('rotate', '--prepare', '--json')).stdout).keys[1];
    world.app.reloadSigningKeys();
    assert.equal(prepared.state, 'prepared');
    assert.equal(kidOf(await world.issue('bob', 2)), adminKid);
    await keys('rotate', '--promote', prepared.kid);
    world.app.reloadSigningKeys();
    assert.equal(kidOf(await world.issue('bob', 2)), prepared.kid);
  });

  test('the admin secret signs nothing: no guess can be tried against a token, nor against what the log says', async (t) => {
    const log: string[] = [];
    const logDestination = new PassThrough().on('data', (chunk) => log.push(String(chunk)));
    const settings = { TESSERA_SIGNING_KEYS: '', TESSERA_LOG_LEVEL: 'info', TESSERA_LOG_FORMAT: 'json' };
    const world = await World.open(settings, { logDestination });
    t.after(() => world[Symbol.asyncDispose]());
    world.app.reloadSigningKeys();
    for (const token of [world.token('user'), world.token('admin')]) {
      const signedPart = token.slice(0, token.lastIndexOf('.'));
      const signature = token.slice(signedPart.length + 1);
      const hmac = (key: string) => createHmac('sha256', key).update(signedPart).digest('base64url');
      assert.notEqual(signature, hmac(adminSecret));
      assert.equal(signature, hmac(derivedKey(adminSecret)));
      assert.notEqual(kidOf(token), keyID(adminSecret));
    }
    assert.match(log.join(''), /"signing keys"/);
    assert.ok(!log.join('').includes(keyID(adminSecret)));
  });

  test('T1 a token that an earlier version signed with the admin secret holds, one that nobody issued is 1507', async (t) => {
    const { world } = await openWorld(t);
    const old = await signedByEarlierVersion(world, 'alice', 3);
    assert.equal(await world.verdict(old), 0);
    const claims = { userID: 'imAdmin', platformID: 10, jti: newTokenID(randomBytes), now: Date.now(), ttlMs: 60_000 };
    const forged = new TokenCodec(new SigningKeys([adminSecret])).sign({ ...claims, platformID: 10 }).token;
    assert.equal(await world.verdict(forged), 1507);
  });

  test('SIGHUP has a process take over a rotation, a restart keeps it, and T6 the log names kids alone', async (t) => {
    const server = await TesseraProcess.start({ env: { TESSERA_SECRET: adminSecret } });
    t.after(() => server.dispose());
    const backEnd = new BackEnd(() => server.apiUrl);
    await backEnd.register('alice', 'bob');
    const old = await backEnd.userToken('alice');
    const dataDir = join(server.dataDir, 'data');
    const settings = { TESSERA_DATA_DIR: dataDir, TESSERA_SECRET: adminSecret };
    const { kid } = JSON.parse((await runTessera(['keys', 'rotate', '--json'], settings)).stdout).keys[0];
    process.kill(server.pid, 'SIGHUP');
    while (kidOf(await backEnd.userToken('bob')) !== kid);
    // Only a second SIGHUP tells of keys that have not changed.
    process.kill(server.pid, 'SIGHUP');
    const tellings = () => server.logLines.filter((line) => line.includes(`"signing":"${kid}"`)).length;
    while (tellings() < 2) await backEnd.userToken('bob');

    await server.stop();
    await server.start();

    assert.equal(kidOf(await backEnd.userToken('bob')), kid);
    assert.equal((await backEnd.post('/user/get_users_info', { userIDs: ['alice'] }, old)).errCode, 0);
    const log = server.logLines.join('\n');
    const [{ secret }] = JSON.parse(await readFile(join(dataDir, 'signing-keys.json'), 'utf8'));
    assert.match(log, new RegExp(`"signing":"${kid}","verifying":\\["${adminKid}","a secret"\\],"msg":"signing keys"`));
    assert.ok(!log.includes(secret));
  });
});

describe('tessera keys', () => {
  test('list shows the admin secret until there is anything else, and makes nothing', async (t) => {
    const run = await openDirectory(t);
    const { stdout } = await run(['list'], {});
    assert.match(stdout, /^KID +STATE.*\n\(unknown\) +signing +admin secret\n/);
    assert.deepEqual(JSON.parse((await run(['list', '--json'])).stdout), {
      source: 'admin secret',
      path: null,
      keys: [rowOf({ kid: adminKid, isAdminSecret: true, state: 'signing' })],
    });
  });

  test('rotate shows what has become of every key, and from when on the old one may go', async (t) => {
    const run = await openDirectory(t);
    const before = Date.now();
    const { path, keys } = JSON.parse(
      (await run(['rotate', '--json', '--token-ttl', '1h', '--max-token-ttl', '2h'])).stdout,
    );
    assert.match(path, /signing-keys\.json$/);
    const [signing, verifying] = keys;
    assert.ok(signing.signingSince >= before && signing.signingSince <= Date.now());
    const { kid, signingSince: since } = signing;
    assert.deepEqual(signing, rowOf({ kid, state: 'signing', createdAt: since, signingSince: since }));
    assert.deepEqual(
      verifying,
      rowOf({
        kid: adminKid,
        isAdminSecret: true,
        state: 'verifying',
        signedUntil: since,
        retirableAt: since + 2 * 3_600_000 + 60_000,
      }),
    );
    assert.match((await run(['list'])).stdout, /verifying +admin secret +until \d{4}-.* +from \d{4}-/);
  });

  test('T6 nothing that is printed holds a key', async (t) => {
    const run = await openDirectory(t);
    const outcomes = [await run(['rotate']), await run(['rotate', '--prepare', '--json']), await run(['list'])];
    const stored = JSON.parse(await readFile(join(run.dataDir, 'signing-keys.json'), 'utf8'));
    const secrets = [adminSecret, ...stored.flatMap(({ secret }: { secret?: string }) => secret ?? [])];
    assert.equal(secrets.length, 3);
    for (const { stdout, stderr } of outcomes) {
      assert.ok(!secrets.some((secret) => (stdout + stderr).includes(secret)), stdout + stderr);
    }
  });

  test('with TESSERA_SIGNING_KEYS they are shown, and only the setting can change them', async (t) => {
    const run = await openDirectory(t);
    const settings = { TESSERA_SIGNING_KEYS: 'the new key,the old key' };
    const { source, keys } = JSON.parse((await run(['list', '--json'], settings)).stdout);
    assert.deepEqual(
      [source, ...keys],
      [
        'setting',
        rowOf({ kid: keyID('the new key'), state: 'signing' }),
        rowOf({ kid: keyID('the old key'), state: 'verifying' }),
      ],
    );
    for (const action of [['rotate'], ['rotate', '--prepare'], ['retire', keyID('the old key'), '--force']]) {
      const { code, stderr } = await run(action, settings);
      assert.deepEqual([code, /TESSERA_SIGNING_KEYS.*restart every node/.test(stderr)], [1, true], stderr);
    }
  });

  const refused: Readonly<Record<string, { args: string[]; code: number; says: RegExp }>> = {
    'no action': { args: [], code: 2, says: /tessera keys --help/ },
    'an unknown action': { args: ['renew'], code: 2, says: /no such action: renew.*tessera keys --help/s },
    'an unknown flag': { args: ['list', '--all'], code: 2, says: /--all/ },
    'two steps at once': { args: ['rotate', '--prepare', '--promote', 'x'], code: 2, says: /two steps/ },
    'retire without a kid': { args: ['retire', '--force'], code: 2, says: /needs the kid/ },
    'an unknown kid': { args: ['retire', '01234567', '--force'], code: 1, says: /there is no key 01234567/ },
    'the key that signs': { args: ['retire', adminKid, '--force'], code: 1, says: /signs; let another/ },
    'to promote what signs': { args: ['rotate', '--promote', adminKid], code: 1, says: /signs already/ },
    'a directory that is not there': { args: ['rotate', '--data-dir', 'x'], code: 1, says: /no such data directory/ },
  };
  for (const [name, { args, code, says }] of Object.entries(refused)) {
    test(`${name} is refused in one sentence, and nothing is written`, async (t) => {
      const run = await openDirectory(t);
      const outcome = await run(args);
      assert.equal(outcome.code, code);
      assert.match(outcome.stderr, says);
      assert.doesNotMatch(outcome.stderr, /^ +at /m);
      assert.deepEqual(await readdir(run.dataDir), []);
    });
  }

  test('a broken file is named and left alone', async (t) => {
    const run = await openDirectory(t);
    await writeFile(join(run.dataDir, 'signing-keys.json'), '[');
    for (const args of [['list'], ['rotate']]) {
      const { code, stderr } = await run(args);
      assert.deepEqual([code, /signing-keys\.json: must hold one JSON list/.test(stderr)], [2, true], stderr);
    }
    assert.equal(await readFile(join(run.dataDir, 'signing-keys.json'), 'utf8'), '[');
  });

  test('--help explains the whole and each action', async (t) => {
    const run = await openDirectory(t);
    assert.match((await run(['--help'])).stdout, /list.*rotate.*retire/s);
    assert.match((await run(['list', '--help'])).stdout, /^Usage: tessera keys list .*--json/s);
    assert.match((await run(['rotate', '--help'])).stdout, /^Usage: tessera keys rotate .*--prepare.*--promote/s);
    assert.match((await run(['retire', '--help'])).stdout, /^Usage: tessera keys retire .*--force/s);
  });
});

async function openWorld(t: TestContext) {
  const world = await World.open({ TESSERA_SIGNING_KEYS: '' });
  t.after(() => world[Symbol.asyncDispose]());
  const settings = { TESSERA_DATA_DIR: world.dataDir, TESSERA_SECRET: adminSecret };
  return { world, keys: (...args: string[]) => runTesseraHere(['keys', ...args], settings) };
}

/** A token that the store knows, as the version before keys were derived signed it. */
async function signedByEarlierVersion(world: World, userID: string, platformID: PlatformID): Promise<string> {
  const { jti, iat = 0, exp = 0 } = decodeJwt(await world.issue(userID, platformID));
  const now = (iat + 5) * 1000;
  const request = { userID, platformID, jti: jti ?? '', now, ttlMs: exp * 1000 - now };
  return new TokenCodec(new SigningKeys([adminSecret])).sign(request).token;
}

type Run = (args: readonly string[], settings?: Readonly<Record<string, string>>) => Promise<Outcome>;

/** Runs `tessera keys` on a data directory of its own, by default with the admin secret. */
async function openDirectory(t: TestContext): Promise<Run & { dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-keys-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const run: Run = (args, settings = { TESSERA_SECRET: adminSecret }) =>
    runTesseraHere(['keys', ...args], { TESSERA_DATA_DIR: dataDir, ...settings });
  return Object.assign(run, { dataDir });
}

function rowOf(known: object): object {
  const unknown = { createdAt: null, signingSince: null, signedUntil: null, retirableAt: null };
  return { isAdminSecret: false, ...unknown, ...known };
}

function kidOf(token: string): unknown {
  return decodeProtectedHeader(token).kid;
}
