/**
 * Makes what test/contract/releases.test.ts starts today's server on: the data directory that a release leaves behind,
 * and what it answered. To be run once for each release, before the next one is begun:
 *
 *   node scripts/make-release-fixture.ts CHECKOUT test/fixtures/releases/VERSION
 *
 * CHECKOUT is the release, with its packages installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** One call, which every later version must answer in the same way; it may add fields. */
interface Recorded {
  readonly path: string;
  readonly body: unknown;
  /** The token that goes with it; '' stands for a new one of the admin's. */
  readonly token: string;
  readonly answer: unknown;
}

const [checkout = '', target = ''] = process.argv.slice(2).map((each) => resolve(each));
const directory = mkdtempSync(join(tmpdir(), 'tessera-release-'));
const data = join(directory, 'data');
const server = spawn(process.execPath, [join(checkout, 'bin/tessera.js'), 'serve'], {
  cwd: directory,
  env: {
    PATH: process.env.PATH ?? '',
    TESSERA_DATA_DIR: data,
    TESSERA_API_PORT: '0',
    TESSERA_WS_PORT: '0',
    TESSERA_LOG_FORMAT: 'json',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const apiPort = await listeningPort();
const secret = readFileSync(join(data, 'secret'), 'utf8').trim();
const adminToken = (await post('/auth/get_admin_token', { secret, userID: 'imAdmin' }, '')).data.token;
const tokens: Record<string, string> = {};

await call('/user/user_register', {
  users: ['alice', 'bob', 'carol'].map((userID) => ({ userID, nickname: `${userID} ü` })),
});
for (const [name, userID, platformID] of [
  ['aliceKicked', 'alice', 5],
  ['alice', 'alice', 5],
  ['alicePhone', 'alice', 1],
  ['bob', 'bob', 2],
  ['bobRevoked', 'bob', 1],
] as const) {
  tokens[name] = (await call('/auth/get_user_token', { userID, platformID })).token;
}
await call('/auth/revoke_token', { token: tokens.bobRevoked });
for (let count = 1; count <= 5; count += 1) {
  const sender = count % 2 === 0 ? 'bob' : 'alice';
  const recvID = sender === 'alice' ? 'bob' : 'alice';
  await call('/msg/send_msg', {
    sendID: sender,
    recvID,
    content: { content: `message ${count}` },
    contentType: 101,
    sessionType: 1,
  });
}
await call('/msg/set_conversation_has_read_seq', {
  conversationID: 'si_alice_bob',
  userID: 'bob',
  hasReadSeq: 3,
  noNotification: true,
});
await call('/user/update_user_info_ex', { userInfo: { userID: 'carol', nickname: 'Caroline', ex: '{"a":1}' } });
await call('/user/set_user_client_config', { userID: 'alice', config: { theme: 'dark' } });
await call('/user/process_user_command_add', { userID: 'alice', type: 1, uuid: 'note', value: 'remember', ex: '' });

const recorded: Recorded[] = [];
const record = async (path: string, body: unknown, token = '') => {
  const { errCode, data: answer } = await post(path, body, token === '' ? adminToken : token);
  recorded.push({ path, body, token, answer: { errCode, ...(answer === undefined ? {} : { data: answer }) } });
};
await record('/auth/list_tokens', { userID: 'bob' });
for (const token of Object.values(tokens)) await record('/auth/parse_token', { token }, token);
await record('/user/get_users_info', { userIDs: ['alice', 'bob', 'carol'] }, tokens.alice);
await record('/msg/pull_msg_by_seq', {
  userID: 'bob',
  seqRanges: [{ conversationID: 'si_alice_bob', begin: 1, end: 5, num: 5 }],
  order: 0,
});
await record('/msg/newest_seq', { userID: 'bob' }, tokens.bob);
await record('/msg/get_conversations_has_read_and_max_seq', { userID: 'bob' }, tokens.bob);
await record('/conversation/get_all_conversations', { ownerUserID: 'alice' }, tokens.alice);
await record('/user/get_user_client_config', { userID: 'alice' }, tokens.alice);
await record('/user/process_user_command_get', { userID: 'alice', type: 1 }, tokens.alice);

const madeAt = Date.now();
server.kill('SIGTERM');
await once(server, 'exit');
mkdirSync(target, { recursive: true });
for (const file of ['tessera.db', 'secret']) copyFileSync(join(data, file), join(target, file));
// When a token was last seen is written later than it is seen.
const lasting = (key: string, value: unknown) => (key === 'lastSeenAt' ? undefined : value);
writeFileSync(join(target, 'answers.json'), `${JSON.stringify({ madeAt, recorded }, lasting, 2)}\n`);
rmSync(directory, { recursive: true });

async function listeningPort(): Promise<number> {
  for await (const line of createInterface({ input: server.stdout })) {
    const entry: { msg?: string; apiPort?: number } = JSON.parse(line);
    if (entry.msg === 'listening' && entry.apiPort !== undefined) {
      server.stdout.resume();
      return entry.apiPort;
    }
  }
  throw new Error('the release did not start');
}

// biome-ignore lint/suspicious/noExplicitAny: the answers of another version
async function post(path: string, body: unknown, token: string): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${apiPort}${path}`, {
    method: 'POST',
    headers: { operationID: 'make-release-fixture', token },
    body: JSON.stringify(body),
  });
  return response.json();
}

async function call(path: string, body: unknown) {
  const { errCode, errDlt, data: answer } = await post(path, body, adminToken);
  if (errCode !== 0) throw new Error(`${path} answered ${errCode} ${errDlt}`);
  return answer;
}
