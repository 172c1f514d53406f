/** How much may be stored of and for a user, and read of it at once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

let world: World;

before(async () => {
  world = await World.open({
    TESSERA_MAX_DEVICE_NAME_LENGTH: '8',
    TESSERA_MAX_NICKNAME_BYTES: '20',
    TESSERA_MAX_FACE_URL_BYTES: '30',
    TESSERA_MAX_EX_BYTES: '40',
    TESSERA_MAX_USER_COMMANDS: '3',
    TESSERA_MAX_USER_COMMAND_BYTES: '50',
    TESSERA_USER_COMMANDS_QUOTA_BYTES: '120',
    TESSERA_MAX_CLIENT_CONFIGS: '3',
    TESSERA_MAX_CLIENT_CONFIG_BYTES: '50',
    TESSERA_CLIENT_CONFIGS_QUOTA_BYTES: '120',
    TESSERA_MAX_PAGE_ITEMS: '4',
    TESSERA_MAX_ANSWER_BYTES: '200',
  });
});
after(() => world[Symbol.asyncDispose]());

/** What an admin's call answers. */
async function call(path: string, body: object): Promise<{ readonly errCode: number; readonly errDlt: string }> {
  return envelopeOf(await world.post(path, body, world.token('admin')));
}

const update = (userID: string, changes: object) =>
  call('/user/update_user_info_ex', { userInfo: { userID, ...changes } });
const register = (...users: object[]) => call('/user/user_register', { users });
const add = (userID: string, uuid: string, fields: object) =>
  call('/user/process_user_command_add', { userID, type: 1, uuid, ...fields });
const commandsOf = async (userID: string) =>
  (await world.call('/user/process_user_command_get_all', { userID })).CommandResp as { uuid: string; value: string }[];
const configure = (userID: string, configs: object) => call('/user/set_user_client_config', { userID, configs });
const configsOf = async (userID: string) => (await world.call('/user/get_user_client_config', { userID })).configs;

interface TextLimit {
  readonly field: 'nickname' | 'faceURL' | 'ex';
  readonly maxBytes: number;
}

const fits = ({ maxBytes }: TextLimit) => 'ä'.repeat(maxBytes / 2);
const userWith = (userID: string, { field }: TextLimit, value: string) => ({ userID, nickname: 'n', [field]: value });

async function keeps(limit: TextLimit): Promise<void> {
  const { field } = limit;
  assert.equal((await register(userWith(`${field}_1`, limit, fits(limit)))).errCode, 0);
  assert.equal((await update('alice', { [field]: fits(limit) })).errCode, 0);
}

async function refusesMore(limit: TextLimit): Promise<void> {
  const { field, maxBytes } = limit;
  const tooLong = `${fits(limit)}x`;
  const refused = { errCode: 1001, errMsg: 'ArgsError', errDlt: `${field} is over ${maxBytes} bytes` };
  const [ok, wrong] = [userWith(`${field}_2`, limit, 'x'), userWith(`${field}_3`, limit, tooLong)];
  assert.deepEqual(await register(ok, wrong), refused);
  assert.deepEqual(await update('alice', { [field]: tooLong }), refused);
  const { usersInfo } = await world.call('/user/get_users_info', { userIDs: ['alice', `${field}_2`] });
  const kept = (usersInfo as Record<string, unknown>[]).map((info) => [info.userID, info[field]]);
  assert.deepEqual(kept, [['alice', fits(limit)]]);
}

const nickname = { field: 'nickname', maxBytes: 20 } as const;
const faceURL = { field: 'faceURL', maxBytes: 30 } as const;
const ex = { field: 'ex', maxBytes: 40 } as const;

test('limit maxNicknameBytes: a nickname of as many bytes is kept', () => keeps(nickname));
test('limit maxNicknameBytes: one byte more is 1001, and nothing is changed', () => refusesMore(nickname));
test('limit maxFaceUrlBytes: a faceURL of as many bytes is kept', () => keeps(faceURL));
test('limit maxFaceUrlBytes: one byte more is 1001, and nothing is changed', () => refusesMore(faceURL));
test('limit maxExBytes: an ex of as many bytes is kept', () => keeps(ex));
test('limit maxExBytes: one byte more is 1001, and nothing is changed', () => refusesMore(ex));

const issue = (deviceName: string) => call('/auth/get_user_token', { userID: 'alice', platformID: 5, deviceName });

test('limit maxDeviceNameLength: a label of as many characters is kept', async () => {
  assert.equal((await issue('📱'.repeat(8))).errCode, 0);
});

test('limit maxDeviceNameLength: one character more is 1001, and no token is issued', async () => {
  assert.equal((await issue(`${'📱'.repeat(8)}x`)).errDlt, 'deviceName is over 8 characters');
  const { tokens } = await world.call('/auth/list_tokens', { userID: 'alice' });
  assert.equal(
    (tokens as { platformID: number; state: string }[]).filter(({ platformID }) => platformID === 5).length,
    1,
  );
});

test('limit maxUserCommandBytes: a value of as many bytes is kept', async () => {
  assert.equal((await add('alice', 'a', { value: 'ä'.repeat(25) })).errCode, 0);
});

test('limit maxUserCommandBytes: one byte more is 1001, when added and when changed', async () => {
  const value = `${'ä'.repeat(25)}x`;
  assert.equal((await add('alice', 'b', { value })).errDlt, 'value is over 50 bytes');
  const key = { userID: 'alice', type: 1, uuid: 'a' };
  assert.equal((await call('/user/process_user_command_update', { ...key, value })).errCode, 1001);
  assert.equal((await add('alice', 'b', { ex: 'x'.repeat(41) })).errDlt, 'ex is over 40 bytes');
  assert.deepEqual(
    (await commandsOf('alice')).map(({ value }) => value),
    ['ä'.repeat(25)],
  );
});

test('limit userCommandsQuotaBytes: all records together may take as many bytes', async () => {
  assert.equal((await add('alice', 'b', { value: 'x'.repeat(30), ex: 'x'.repeat(40) })).errCode, 0);
});

test('limit userCommandsQuotaBytes: one byte more is 1001, and nothing is changed', async () => {
  const key = { userID: 'alice', type: 1, uuid: 'b' };
  assert.equal((await add('alice', 'c', { value: 'x' })).errDlt, 'the records are over 120 bytes together');
  const longer = await call('/user/process_user_command_update', { ...key, value: 'y'.repeat(31) });
  assert.equal(longer.errCode, 1001);
  assert.deepEqual(
    (await commandsOf('alice')).map(({ uuid, value }) => uuid + value.length),
    ['a25', 'b30'],
  );
});

test('limit maxUserCommands: as many records are kept, and each may be replaced', async () => {
  for (const uuid of ['a', 'b', 'c', 'c']) assert.equal((await add('bob', uuid, { value: 'v' })).errCode, 0);
});

test('limit maxUserCommands: one more is 1001, other users and a record that was deleted do not count', async () => {
  assert.equal((await add('bob', 'd', {})).errDlt, 'more than 3 records');
  assert.equal((await add('carol', 'd', {})).errCode, 0);
  await call('/user/process_user_command_delete', { userID: 'bob', type: 1, uuid: 'a' });
  assert.equal((await add('bob', 'd', {})).errCode, 0);
  assert.deepEqual(
    (await commandsOf('bob')).map(({ uuid }) => uuid),
    ['b', 'c', 'd'],
  );
});

test('limit maxClientConfigBytes: a value of as many bytes is kept', async () => {
  assert.equal((await configure('alice', { a: 'ä'.repeat(25) })).errCode, 0);
});

test('limit maxClientConfigBytes: one byte more is 1001', async () => {
  assert.equal((await configure('alice', { b: `${'ä'.repeat(25)}x` })).errDlt, 'a value is over 50 bytes');
});

test('limit clientConfigsQuotaBytes: all values together may take as many bytes', async () => {
  assert.equal((await configure('alice', { b: 'x'.repeat(50), c: 'x'.repeat(20) })).errCode, 0);
});

test('limit clientConfigsQuotaBytes: one byte more is 1001, and nothing is changed', async () => {
  const { errDlt } = await configure('alice', {
    a: 'changed',
    c: 'x'.repeat(21),
    b: 'y'.repeat(50),
    d: 'z'.repeat(43),
  });
  assert.match(errDlt, /^more than 3 settings|together$/);
  assert.equal((await configure('alice', { c: 'x'.repeat(21) })).errDlt, 'the settings are over 120 bytes together');
  assert.deepEqual(await configsOf('alice'), { a: 'ä'.repeat(25), b: 'x'.repeat(50), c: 'x'.repeat(20) });
});

test('limit maxClientConfigs: as many are kept, for a user and for everybody', async () => {
  for (const userID of ['bob', '']) assert.equal((await configure(userID, { a: '', b: '', c: '' })).errCode, 0);
});

test('limit maxClientConfigs: one more is 1001, and none of them is kept', async () => {
  for (const userID of ['bob', '']) {
    assert.equal((await configure(userID, { c: 'changed', d: '' })).errDlt, 'more than 3 settings');
  }
  assert.deepEqual(await configsOf('bob'), { a: '', b: '', c: '' });
});

const page = (fields: object, pageNumber: number, showNumber: number) =>
  call('/user/page_user_client_config', { ...fields, pagination: { pageNumber, showNumber } });

test('limit maxPageItems: a page of as many rows is given, and a larger one of which only so many exist', async () => {
  assert.equal((await page({ key: 'a' }, 1, 4)).errCode, 0);
  assert.equal((await page({ userID: 'bob' }, 1, 1000)).errCode, 0);
});

test('limit maxPageItems: a page of one row more is 1001, for the rest would never be seen', async () => {
  assert.equal((await page({}, 1, 5)).errDlt, 'the page is too large: ask for fewer rows');
  assert.equal((await page({}, 2, 5)).errCode, 0);
});

test('limit maxAnswerBytes: users whose texts take as many bytes are answered', async () => {
  const users = ['u1', 'u2', 'u3', 'u4', 'u5'].map((userID) => ({
    userID,
    nickname: 'n'.repeat(18),
    ex: 'é'.repeat(10),
  }));
  const larger = { userID: 'u6', nickname: 'n'.repeat(19), ex: 'é'.repeat(10) };
  assert.equal((await register(...users, larger)).errCode, 0);
  assert.equal((await call('/user/get_users_info', { userIDs: users.map(({ userID }) => userID) })).errCode, 0);
});

test('limit maxAnswerBytes: one byte more is 1001', async () => {
  const { errDlt } = await call('/user/get_users_info', { userIDs: ['u1', 'u2', 'u3', 'u4', 'u6'] });
  assert.equal(errDlt, 'the answer is too large: ask for fewer');
});

test('pages of users, of their IDs and of notification accounts hold no more than fits an answer', async () => {
  const accounts = Array.from({ length: 5 }, (_, index) => ({ userID: `sys_${index}`, nickName: 'n'.repeat(20) }));
  for (const account of accounts) {
    await world.call('/user/add_notification_account', { ...account, faceURL: 'f'.repeat(30), appMangerLevel: 3 });
  }
  await register(...Array.from({ length: 5 }, (_, index) => ({ userID: `${'i'.repeat(50)}_${index}`, nickname: 'n' })));
  for (const path of ['search_notification_account', 'get_users', 'get_all_users_uid']) {
    const page = (showNumber: number) => call(`/user/${path}`, { pagination: { pageNumber: 1, showNumber } });
    assert.equal((await page(2)).errCode, 0);
    assert.equal((await page(1000)).errDlt, 'the answer is too large: ask for fewer');
  }
});
