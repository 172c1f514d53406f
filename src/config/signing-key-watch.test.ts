import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keyID } from '../protocol/key-id.ts';
import { SigningKeys } from '../tokens/signing-keys.ts';
import { addPrepared, initialKeys, promote } from './key-rotation.ts';
import { changeSigningKeyFile } from './signing-key-file.ts';
import { SigningKeyWatch } from './signing-key-watch.ts';

const adminSecret = 'the admin secret of the test';
const [first, second] = ['a'.repeat(43), 'b'.repeat(43)];
const now = Date.UTC(2030, 0, 1);

test('a key that a command has added holds from the next check on, and the log has its kid alone', (t) => {
  const { keys, watch, log, rotateTo } = startWatch(t);
  watch.check();
  assert.deepEqual(log, []);
  rotateTo(first);
  assert.equal(keys.ring.signing.secret, adminSecret);
  watch.check();
  assert.deepEqual(secretsIn(keys), [first, adminSecret]);
  assert.deepEqual(log, [['info', { signing: keyID(first), verifying: [keyID(adminSecret)] }, 'signing keys']]);
  assert.ok(!JSON.stringify(log).includes(first));
});

test('a file that has not changed is not read again', (t) => {
  const { keys, watch, log, rotateTo } = startWatch(t);
  rotateTo(first);
  watch.check();
  keys.replace(['set by the test']);
  watch.check();
  assert.equal(keys.ring.signing.secret, 'set by the test');
  assert.equal(log.length, 1);
});

test('a file that was copied over the old one is noticed by its time, whatever its size', (t) => {
  const { dataDir, path, keys, watch, rotateTo } = startWatch(t);
  const copy = join(dataDir, 'copy');
  rotateTo(first);
  copyFileSync(path, copy);
  watch.check();
  rotateTo(second);
  watch.check();
  copyFileSync(copy, path);
  utimesSync(path, 1, 1);
  watch.check();
  assert.equal(keys.ring.signing.secret, first);
});

test('a broken file leaves the keys as they are, is told once, and is left behind when it is mended', (t) => {
  const { path, keys, watch, log, rotateTo } = startWatch(t);
  rotateTo(first);
  watch.check();
  log.length = 0;
  writeFileSync(path, `[{"state":"signing","secret":"${second}"`);
  watch.check();
  watch.check();
  assert.deepEqual(secretsIn(keys), [first, adminSecret]);
  assert.deepEqual(
    log.map(([level]) => level),
    ['error'],
  );
  assert.match(messageOf(log[0]), /signing-keys\.json: must hold one JSON list/);
  writeFileSync(path, JSON.stringify([{ state: 'signing', secret: second }]));
  watch.check();
  assert.deepEqual(secretsIn(keys), [second]);
});

test('a file that goes away leaves the keys as they are, loudly', (t) => {
  const { path, keys, watch, log, rotateTo } = startWatch(t);
  rotateTo(first);
  watch.check();
  rmSync(path);
  watch.check();
  watch.check();
  assert.deepEqual(secretsIn(keys), [first, adminSecret]);
  assert.match(messageOf(log[1]), /signing-keys\.json: has gone/);
  assert.equal(log.length, 2);
});

test('what could not be read is tried again, also if the file stays the same', (t) => {
  const { path, keys, watch, log, rotateTo } = startWatch(t);
  rotateTo(first);
  const aside = `${path}.aside`;
  renameSync(path, aside);
  mkdirSync(path);
  watch.check();
  watch.check();
  assert.match(messageOf(log[0]), /cannot be read \(EISDIR\)/);
  rmSync(path, { recursive: true });
  renameSync(aside, path);
  watch.check();
  assert.equal(keys.ring.signing.secret, first);
  assert.deepEqual(
    log.map(([level]) => level),
    ['error', 'info'],
  );
});

test('a token with an unknown kid has the file looked at, at most once a second', (t) => {
  const { keys, rotateTo, passTime } = startWatch(t);
  keys.lookForNewer();
  rotateTo(first);
  passTime(999);
  keys.lookForNewer();
  assert.equal(keys.ring.signing.secret, adminSecret);
  passTime(1);
  keys.lookForNewer();
  assert.equal(keys.ring.signing.secret, first);
});

test('a reload reads in any case and tells the keys in any case', (t) => {
  const { keys, watch, log, rotateTo } = startWatch(t);
  rotateTo(first);
  watch.reload();
  assert.equal(keys.ring.signing.secret, first);
  keys.replace(['set by the test']);
  watch.reload();
  assert.equal(keys.ring.signing.secret, first);
  watch.reload();
  assert.deepEqual(
    log.map(([level, fields]) => [level, fields]),
    Array(3).fill(['info', { signing: keyID(first), verifying: [keyID(adminSecret)] }]),
  );
});

test('a file that others may read is used, with a warning', (t) => {
  const { path, keys, watch, log, rotateTo } = startWatch(t);
  rotateTo(first);
  chmodSync(path, 0o640);
  watch.check();
  assert.equal(keys.ring.signing.secret, first);
  assert.deepEqual(log[0], ['warn', { path }, 'others than its owner may use the file with the signing keys']);
});

type LogEntry = [level: string, fields: object, message: string];

function startWatch(t: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tessera-watch-'));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const log: LogEntry[] = [];
  const write = (level: string) => (fields: object, message: string) => void log.push([level, fields, message]);
  const keys = new SigningKeys([adminSecret]);
  const time = { now };
  const watch = new SigningKeyWatch({
    dataDir,
    adminKeys: () => [adminSecret],
    keys,
    monotonicMs: () => time.now,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
  });
  return {
    dataDir,
    path: join(dataDir, 'signing-keys.json'),
    log,
    keys,
    watch,
    passTime: (ms: number) => {
      time.now += ms;
    },
    rotateTo: (secret: string) =>
      changeSigningKeyFile(dataDir, (current = initialKeys) => {
        const rotation = { now, longestTtlMs: 1000 };
        return promote(addPrepared(current, secret, rotation), keyID(secret), adminSecret, rotation);
      }),
  };
}

function secretsIn({ ring }: SigningKeys): string[] {
  return ring.all.map(({ secret }) => secret);
}

function messageOf(entry: LogEntry | undefined): string {
  const fields = entry?.[1] ?? {};
  return 'err' in fields && fields.err instanceof Error ? fields.err.message : '';
}
