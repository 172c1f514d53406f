/** `tessera backup`: a copy that another server can start on. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { runTessera, runTesseraHere } from '../support/run-tessera.ts';
import { TesseraProcess } from '../support/tessera-process.ts';

test('a copy made while messages are sent holds those acknowledged before, and starts a server', async (t) => {
  const server = await TesseraProcess.start();
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register('alice', 'bob');
  const token = await backEnd.userToken('alice');
  const send = () =>
    backEnd.call('/msg/send_msg', {
      sendID: 'alice',
      recvID: 'bob',
      content: { content: 'x' },
      contentType: 101,
      sessionType: 1,
    });
  await send();
  const copy = join(server.dataDir, 'copy.db');
  const env = { TESSERA_DATA_DIR: join(server.dataDir, 'data') };
  let isOver = false;
  const sending = (async () => {
    while (!isOver) await send();
  })();
  const { code, stderr } = await runTessera(['backup', '--to', copy], env);
  isOver = true;
  await sending;
  assert.equal(code, 0, stderr);
  assert.equal(statSync(copy).mode & 0o777, 0o600);

  const before = readFileSync(copy);
  const again = await runTesseraHere(['backup', '--to', copy], env);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /--to: cannot make the file: EEXIST/);
  assert.ok(readFileSync(copy).equals(before), 'what is there is left alone');

  await server.stop();
  const restored = join(server.dataDir, 'restored');
  mkdirSync(restored, { mode: 0o700 });
  copyFileSync(copy, join(restored, 'tessera.db'));
  const second = await TesseraProcess.start({ env: { TESSERA_DATA_DIR: restored } });
  t.after(() => second.dispose());
  const restoredEnd = new BackEnd(() => second.apiUrl);
  assert.equal((await restoredEnd.post('/auth/parse_token', { token }, 'none')).errCode, 0);
  const seqRanges = [{ conversationID: 'si_alice_bob', begin: 1, end: 1, num: 1 }];
  const { msgs } = await restoredEnd.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
  assert.equal(msgs.si_alice_bob.Msgs.length, 1);
});

test('backup says what is in its way, and leaves nothing behind', async (t) => {
  const server = await TesseraProcess.start();
  t.after(() => server.dispose());
  await server.stop();
  const data = join(server.dataDir, 'data');
  const run = (args: readonly string[], env: Record<string, string> = { TESSERA_DATA_DIR: data }) =>
    runTesseraHere(['backup', ...args], env);
  const copy = join(server.dataDir, 'copy.db');

  assert.equal((await run([])).code, 2);
  assert.match((await run(['--to', '/no/such/place.db'])).stderr, /cannot make the file: ENOENT/);
  const empty = await run(['--to', copy], { TESSERA_DATA_DIR: server.dataDir });
  assert.match(empty.stderr, /there is no database/);
  const url = 'postgres://user:hidden@127.0.0.1:5432/tessera';
  const elsewhere = await run(['--to', copy], { TESSERA_DATABASE_URL: url });
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /pg_dump --format=custom --file=.*copy\.db "\$TESSERA_DATABASE_URL"/);
  assert.doesNotMatch(elsewhere.stderr, /hidden/);

  mkdirSync(join(server.dataDir, 'odd', 'tessera.db'), { recursive: true });
  const odd = await run(['--to', copy], { TESSERA_DATA_DIR: join(server.dataDir, 'odd') });
  assert.match(odd.stderr, /^tessera: the copy failed: /);
  assert.throws(() => statSync(copy), { code: 'ENOENT' });

  writeFileSync(join(data, 'tessera.db'), 'this is no database, and long enough to be read as one'.repeat(50));
  chmodSync(join(data, 'tessera.db'), 0o600);
  assert.match((await run(['--to', copy])).stderr, /the copy failed: file is not a database/);
  assert.throws(() => statSync(copy), { code: 'ENOENT' });
});
