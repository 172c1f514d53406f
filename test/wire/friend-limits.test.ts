/** How many friends and blocked users somebody has, and how much is said about them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

let world: World;

before(async () => {
  world = await World.open({
    TESSERA_MAX_FRIENDS: '3',
    TESSERA_MAX_BLACKS: '2',
    TESSERA_MAX_REQUEST_MSG_BYTES: '20',
    TESSERA_MAX_NICKNAME_BYTES: '30',
    TESSERA_MAX_EX_BYTES: '40',
    TESSERA_MAX_ANSWER_BYTES: '1000',
  });
  await world.register(...['ann', 'ben', 'cid', 'dan', 'eve', 'fay', 'gil', 'hal', 'ida', 'joe']);
});
after(() => world[Symbol.asyncDispose]());

async function call(path: string, body: object): Promise<{ readonly errCode: number; readonly errDlt: string }> {
  return envelopeOf(await world.post(`/friend/${path}`, body, world.token('admin')));
}

const add = (ownerUserID: string, ...friendUserIDs: string[]) => call('import_friend', { ownerUserID, friendUserIDs });
const ask = (fromUserID: string, toUserID: string, texts: object = {}) =>
  call('add_friend', { fromUserID, toUserID, ...texts });
const answer = (fromUserID: string, toUserID: string, handleResult: number, handleMsg = '') =>
  call('add_friend_response', { fromUserID, toUserID, handleResult, handleMsg });
const friendsOf = async (userID: string) => (await world.call('/friend/get_friend_id', { userID })).friendIDs;
const versionOf = async (userID: string) => (await world.call('/friend/get_incremental_friends', { userID })).version;
const blacksOf = async (userID: string) =>
  (await world.call('/friend/get_black_list', { userID, pagination: { pageNumber: 1, showNumber: 10 } })).total;
const requestOf = async (fromUserID: string, toUserID: string) =>
  (await world.call('/friend/get_designated_friend_apply', { fromUserID, toUserID })).friendRequests?.[0];

test('limit maxFriends: as many are kept, whoever adds them', async () => {
  assert.equal((await add('ann', 'ben', 'cid')).errCode, 0);
  await ask('ann', 'dan');
  assert.equal((await answer('ann', 'dan', 1)).errCode, 0);
  assert.equal((await friendsOf('ann')).length, 3);
  assert.equal((await add('ann', 'ben', 'cid', 'dan')).errCode, 0, 'nobody is added');
});

test('limit maxFriends: one more is 1001 and changes nothing, neither for the full one nor for the other', async () => {
  const refused = { errCode: 1001, errMsg: 'ArgsError', errDlt: 'a user has more than 3 friends' };
  const versions = [await versionOf('ann'), await versionOf('eve')];
  assert.deepEqual(await add('ann', 'eve'), refused);
  assert.deepEqual(await add('eve', 'fay', 'ann'), refused);
  await ask('eve', 'ann');
  assert.deepEqual(await answer('eve', 'ann', 1), refused);
  assert.equal((await requestOf('eve', 'ann')).handleResult, 0);
  assert.deepEqual([await versionOf('ann'), await versionOf('eve')], versions);
  assert.deepEqual([(await friendsOf('ann')).length, await friendsOf('eve'), await friendsOf('fay')], [3, null, null]);
});

test('limit maxBlacks: as many are kept', async () => {
  for (const blackUserID of ['ben', 'cid', 'cid']) {
    assert.equal((await call('add_black', { ownerUserID: 'ann', blackUserID })).errCode, 0);
  }
  assert.equal(await blacksOf('ann'), 2);
});

test('limit maxBlacks: one more is 1001, and nothing is changed', async () => {
  assert.deepEqual(await call('add_black', { ownerUserID: 'ann', blackUserID: 'dan' }), {
    errCode: 1001,
    errMsg: 'ArgsError',
    errDlt: 'the user has blocked more than 2',
  });
  assert.equal(await blacksOf('ann'), 2);
});

const fits = 'ä'.repeat(10);
const isOver = (field: string, bytes: number) => ({
  errCode: 1001,
  errMsg: 'ArgsError',
  errDlt: `${field} is over ${bytes} bytes`,
});

test('limit maxRequestMsgBytes: a request and an answer of as many bytes are kept', async () => {
  assert.equal((await ask('fay', 'gil', { reqMsg: fits })).errCode, 0);
  assert.equal((await answer('fay', 'gil', -1, fits)).errCode, 0);
  assert.partialDeepStrictEqual(await requestOf('fay', 'gil'), { reqMsg: fits, handleMsg: fits });
});

test('limit maxRequestMsgBytes: one byte more is 1001, and nothing is changed', async () => {
  assert.deepEqual(await ask('fay', 'hal', { reqMsg: `${fits}x` }), isOver('reqMsg', 20));
  assert.equal(await requestOf('fay', 'hal'), undefined);
  await ask('fay', 'hal');
  assert.deepEqual(await answer('fay', 'hal', 1, `${fits}x`), isOver('handleMsg', 20));
  assert.equal((await requestOf('fay', 'hal')).handleResult, 0);
});

test('remarks are bounded as nicknames are, and ex as of users: 1001, and nothing is changed', async () => {
  const version = await versionOf('ann');
  const ben = { ownerUserID: 'ann', friendUserID: 'ben' };
  const friends = { ownerUserID: 'ann', friendUserIDs: ['ben'] };
  const [remark, ex] = ['r'.repeat(31), 'e'.repeat(41)];
  assert.deepEqual(await call('set_friend_remark', { ...ben, remark }), isOver('remark', 30));
  assert.deepEqual(await call('update_friends', { ...friends, remark }), isOver('remark', 30));
  assert.deepEqual(await call('update_friends', { ...friends, remark: 'r', ex }), isOver('ex', 40));
  assert.deepEqual(await ask('ida', 'joe', { ex }), isOver('ex', 40));
  assert.deepEqual(await call('add_black', { ownerUserID: 'ida', blackUserID: 'joe', ex }), isOver('ex', 40));
  assert.equal(await versionOf('ann'), version);
  assert.equal((await call('update_friends', { ...friends, remark: 'r'.repeat(30), ex: 'e'.repeat(40) })).errCode, 0);
});

test('200 friends, blocked or requests of the largest texts fit a page; more than fits is 1001', async () => {
  await using crowded = await World.open({
    TESSERA_MAX_ANSWER_BYTES: '1000',
    TESSERA_MAX_EX_BYTES: '4000',
    TESSERA_MAX_FACE_URL_BYTES: '10',
    TESSERA_MAX_REQUEST_MSG_BYTES: '10',
  });
  const friendUserIDs = Array.from({ length: 600 }, (_, index) => `f${index}`);
  const ex = 'x'.repeat(4000);
  await crowded.call('/user/user_register', { users: friendUserIDs.map((userID) => ({ userID, nickname: 'n', ex })) });
  await crowded.call('/friend/import_friend', { ownerUserID: 'alice', friendUserIDs });
  await crowded.call('/friend/update_friends', { ownerUserID: 'alice', friendUserIDs, ex });
  await Promise.all(
    friendUserIDs
      .slice(0, 200)
      .flatMap((userID) => [
        crowded.call('/friend/add_black', { ownerUserID: 'alice', blackUserID: userID, ex }),
        crowded.call('/friend/add_friend', { fromUserID: userID, toUserID: 'bob', ex }),
      ]),
  );
  const page = (userID: string, showNumber: number) => ({ userID, pagination: { pageNumber: 1, showNumber } });
  const { friendsInfo } = await crowded.call('/friend/get_friend_list', page('alice', 200));
  const { blacks } = await crowded.call('/friend/get_black_list', page('alice', 200));
  const { FriendRequests } = await crowded.call('/friend/get_friend_apply_list', page('bob', 200));
  assert.deepEqual(
    [friendsInfo, blacks, FriendRequests].map(({ length }) => length),
    [200, 200, 200],
  );
  const tooLarge = await crowded.post('/friend/get_friend_list', page('alice', 600), crowded.token('admin'));
  assert.equal(envelopeOf(tooLarge).errDlt, 'the answer is too large: ask for fewer');
});

test('changes whose texts are more than an answer holds are answered with full, of friends and of the blocked', async () => {
  await world.register('kim');
  const syncs = ['/friend/get_incremental_friends', '/friend/get_incremental_blacks'] as const;
  const heads = await Promise.all(syncs.map((path) => world.call(path, { userID: 'kim' })));
  const since = (index: number) => world.call(syncs[index] ?? '', { userID: 'kim', ...heads[index] });
  for (const [index, userID] of ['gil', 'hal'].entries()) {
    assert.equal((await add('kim', userID)).errCode, 0);
    assert.equal((await call('add_black', { ownerUserID: 'kim', blackUserID: userID })).errCode, 0);
    assert.deepEqual(
      [await since(0), await since(1)].map(({ full, insert }) => [full, insert?.length]),
      [
        [false, index + 1],
        [false, index + 1],
      ],
    );
  }
  for (const userID of ['gil', 'hal']) {
    await world.call('/user/update_user_info_ex', { userInfo: { userID, faceURL: 'f'.repeat(600) } });
  }
  for (const index of [0, 1]) {
    const { version, full, insert, update } = await since(index);
    assert.deepEqual([version > heads[index].version, full, insert, update], [true, true, null, null]);
  }
});
