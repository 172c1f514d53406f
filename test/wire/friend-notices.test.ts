/** Who hears what of friends and black lists, in which conversation: relations-groups.md 9.2, notifications-sync.md 2.3. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Heard } from './listener.ts';
import { Listener } from './listener.ts';
import { World } from './world.ts';

/** What one push says, less what is random. */
const summary = ({ conversationID, message, operationID }: Heard) => ({
  conversationID,
  type: message.contentType,
  from: message.sendID,
  to: message.recvID,
  isStored: message.seq > 0,
  operationID,
});

interface Asked {
  readonly world: World;
  /** Everything that ann, ben (on two devices) and cid, a stranger, have heard of it. */
  heard(): Promise<Readonly<Record<'ann' | 'ben' | 'ben2' | 'cid', readonly Heard[]>>>;
  readonly head: () => Promise<{ friendVersion: number; friendVersionID: string }>;
}

async function open(t: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<Asked> {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  await world.register('ann', 'ben', 'cid');
  const [ann, ben, ben2, cid] = await Promise.all([
    Listener.open(world, 'ann'),
    Listener.open(world, 'ben'),
    Listener.open(world, 'ben', 1),
    Listener.open(world, 'cid'),
  ]);
  for (const listener of [ann, ben, ben2, cid]) t.after(() => listener[Symbol.asyncDispose]());
  return {
    world,
    heard: async () => ({
      ann: await ann.everything(world),
      ben: await ben.everything(world),
      ben2: await ben2.everything(world),
      cid: await cid.everything(world),
    }),
    head: async () => {
      const { version, versionID } = await world.call('/friend/get_incremental_friends', { userID: 'ann' });
      return { friendVersion: version, friendVersionID: versionID };
    },
  };
}

const ask = (world: World) => world.call('/friend/add_friend', { fromUserID: 'ann', toUserID: 'ben', reqMsg: 'Hi' });
const answer = (world: World, handleResult: number) =>
  world.call('/friend/add_friend_response', { fromUserID: 'ann', toUserID: 'ben', handleResult, handleMsg: 'So' });
const importBen = (world: World) => world.call('/friend/import_friend', { ownerUserID: 'ann', friendUserIDs: ['ben'] });
const requestOf = async (world: World) =>
  (await world.call('/friend/get_designated_friend_apply', { fromUserID: 'ann', toUserID: 'ben' })).friendRequests[0];

const between = { fromUserID: 'ann', toUserID: 'ben' };

/** Ann alone has heard one notification, from and to herself. */
function onlyAnn(heard: Awaited<ReturnType<Asked['heard']>>, type: number, path: string, tips: object): void {
  const expected = { type, from: 'ann', to: 'ann', isStored: false, operationID: `op-${path}` };
  assert.deepEqual(heard.ann.map(summary), [{ conversationID: 'n_ann_ann', ...expected }]);
  assert.deepEqual(heard.ann[0]?.tips, tips);
  assert.deepEqual([heard.ben, heard.ben2, heard.cid], [[], [], []]);
}

test('1203, F16: a request appears on every device of both sides, and of nobody else', async (t) => {
  const { world, heard } = await open(t);
  await ask(world);
  const { ann, ben, ben2, cid } = await heard();
  const told = {
    conversationID: 'n_ann_ben',
    type: 1203,
    from: 'ann',
    to: 'ben',
    isStored: false,
    operationID: 'op-/friend/add_friend',
  };
  for (const device of [ann, ben, ben2]) {
    assert.deepEqual(device.map(summary), [told]);
    assert.deepEqual(device[0]?.tips, { fromToUserID: between, request: await requestOf(world) });
  }
  assert.deepEqual(cid, []);
  // On its devices it can be read as sent and as received.
  const { friendRequests } = await world.call('/friend/get_self_friend_apply_list', page('ann'));
  const { FriendRequests } = await world.call('/friend/get_friend_apply_list', page('ben'));
  assert.deepEqual(friendRequests, FriendRequests);
});

test('1202: both sides hear of the refusal, with the request as it is then', async (t) => {
  const { world, heard } = await open(t);
  await ask(world);
  await heard();
  await answer(world, -1);
  const { ann, ben, ben2, cid } = await heard();
  const told = {
    conversationID: 'n_ann_ben',
    type: 1202,
    from: 'ben',
    to: 'ann',
    isStored: false,
    operationID: 'op-/friend/add_friend_response',
  };
  const request = await requestOf(world);
  assert.equal(request.handleResult, -1);
  for (const device of [ann, ben, ben2]) {
    assert.deepEqual(device.map(summary), [told]);
    assert.deepEqual(device[0]?.tips, { fromToUserID: between, handleMsg: 'So', request });
  }
  assert.deepEqual(cid, []);
});

test('1201: both sides hear of the agreement, then in their chat, which it begins and where it is unread', async (t) => {
  const { world, heard, head } = await open(t);
  await ask(world);
  await heard();
  await answer(world, 1);
  const { ann, ben, ben2, cid } = await heard();
  const told = { type: 1201, from: 'ben', to: 'ann', operationID: 'op-/friend/add_friend_response' };
  const request = await requestOf(world);
  for (const device of [ann, ben, ben2]) {
    assert.deepEqual(device.map(summary), [
      { conversationID: 'n_ann_ben', ...told, isStored: false },
      { conversationID: 'si_ann_ben', ...told, isStored: true },
    ]);
    for (const { tips } of device) {
      assert.deepEqual(tips, { fromToUserID: between, handleMsg: 'So', ...(await head()), request });
    }
  }
  assert.deepEqual(cid, []);
  for (const [userID, unread] of [
    ['ann', 1],
    ['ben', 0],
  ] as const) {
    const { seqs } = await world.call('/msg/get_conversations_has_read_and_max_seq', { userID });
    const { maxSeq, hasReadSeq } = seqs.si_ann_ben;
    assert.equal(maxSeq - hasReadSeq, unread);
  }
});

test('1201 of an import: each friend tells the owner, once, in their chat as well; a repeat tells nobody (F15)', async (t) => {
  const { world, heard, head } = await open(t);
  await importBen(world);
  const { ann, ben, cid } = await heard();
  const told = { type: 1201, from: 'ben', to: 'ann', operationID: 'op-/friend/import_friend' };
  for (const device of [ann, ben]) {
    assert.deepEqual(device.map(summary), [
      { conversationID: 'n_ann_ben', ...told, isStored: false },
      { conversationID: 'si_ann_ben', ...told, isStored: true },
    ]);
    assert.deepEqual(device[1]?.tips, { fromToUserID: between, handleMsg: '', ...(await head()), request: null });
  }
  assert.deepEqual(cid, []);

  await importBen(world);
  assert.deepEqual(Object.values(await heard()).flat(), []);
});

test('F14: after both have deleted each other, a request is heard by both sides once, and so is the agreement', async (t) => {
  const { world, heard } = await open(t);
  await importBen(world);
  await world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'ben' });
  await world.call('/friend/delete_friend', { ownerUserID: 'ben', friendUserID: 'ann' });
  await heard();
  await ask(world);
  const asked = await heard();
  for (const device of [asked.ann, asked.ben]) {
    assert.deepEqual(
      device.map(({ message, tips }) => [message.contentType, tips.request.handleResult]),
      [[1203, 0]],
    );
  }
  await answer(world, 1);
  const agreed = await heard();
  for (const device of [agreed.ann, agreed.ben]) {
    assert.deepEqual(
      device.map(({ message }) => message.contentType),
      [1201, 1201],
    );
  }
});

test('1205: only the owner hears of a friend who is deleted, and of one who was none nobody does (F15)', async (t) => {
  const { world, heard, head } = await open(t);
  await importBen(world);
  await heard();
  const remove = () => world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'ben' });
  await remove();
  onlyAnn(await heard(), 1205, '/friend/delete_friend', { fromToUserID: between, ...(await head()) });
  await remove();
  assert.deepEqual(Object.values(await heard()).flat(), []);
});

test('1206: only the owner hears of a remark', async (t) => {
  const { world, heard, head } = await open(t);
  await importBen(world);
  await heard();
  await world.call('/friend/set_friend_remark', { ownerUserID: 'ann', friendUserID: 'ben', remark: 'B' });
  const tips = { fromToUserID: between, ...(await head()), friendSortVersion: 0 };
  onlyAnn(await heard(), 1206, '/friend/set_friend_remark', tips);
});

test('1207 and 1208: only the owner hears of a block and its end, and of repeats nobody does (F15)', async (t) => {
  const { world, heard } = await open(t);
  for (const [type, path, body] of [
    [1207, '/friend/add_black', { ownerUserID: 'ann', blackUserID: 'ben' }],
    [1208, '/friend/remove_black', { ownerUserID: 'ann', blackUserID: 'ben' }],
  ] as const) {
    await world.call(path, body);
    onlyAnn(await heard(), type, path, { fromToUserID: between });
    await world.call(path, body);
    assert.deepEqual(Object.values(await heard()).flat(), []);
  }
});

test('1210: only the owner hears of changed friends, also where nothing was to be changed', async (t) => {
  const { world, heard, head } = await open(t);
  await importBen(world);
  await heard();
  for (const changes of [{ isPinned: true }, {}]) {
    await world.call('/friend/update_friends', { ownerUserID: 'ann', friendUserIDs: ['ben', 'cid'], ...changes });
    onlyAnn(await heard(), 1210, '/friend/update_friends', {
      fromToUserID: { fromUserID: '', toUserID: 'ann' },
      friendIDs: ['ben', 'cid'],
      ...(await head()),
    });
  }
});

test('1209: who has the user as a friend hears of a new nickname or face, and reads it in the next sync', async (t) => {
  const { world, heard, head } = await open(t);
  await importBen(world);
  await world.call('/friend/import_friend', { ownerUserID: 'cid', friendUserIDs: ['ben'] });
  // Defect of OpenIM: it tells those whom Ben has as friends. Cid is none of them, and Bob only is.
  await world.call('/friend/delete_friend', { ownerUserID: 'ben', friendUserID: 'cid' });
  await world.call('/friend/import_friend', { ownerUserID: 'ben', friendUserIDs: ['bob'] });
  await world.call('/friend/delete_friend', { ownerUserID: 'bob', friendUserID: 'ben' });
  await heard();
  const before = await head();
  const bens = await world.issue('ben', 2);
  const userInfo = { userID: 'ben', nickname: 'Benjamin' };
  await world.post('/user/update_user_info_ex', { userInfo }, bens);
  const { ann, ben, ben2, cid } = await heard();
  for (const [name, device] of [
    ['ann', ann],
    ['cid', cid],
  ] as const) {
    assert.deepEqual(device.map(summary), [
      {
        conversationID: name === 'ann' ? 'n_ann_ben' : 'n_ben_cid',
        type: 1209,
        from: 'ben',
        to: name,
        isStored: false,
        operationID: 'op-/user/update_user_info_ex',
      },
    ]);
    assert.deepEqual(device[0]?.tips, { userID: 'ben' });
  }
  // Of his own doing he hears once, by 1303.
  for (const device of [ben, ben2]) {
    assert.deepEqual(
      device.map(({ message }) => message.contentType),
      [1303],
    );
  }
  const { update, version } = await world.call('/friend/get_incremental_friends', {
    userID: 'ann',
    version: before.friendVersion,
    versionID: before.friendVersionID,
  });
  assert.equal(version, before.friendVersion + 1);
  assert.equal(update[0].friendUser.nickname, 'Benjamin');
  const bobs = await world.call('/friend/get_incremental_friends', { userID: 'bob' });
  await world.post('/user/update_user_info_ex', { userInfo: { ...userInfo, ex: 'only this' } }, bens);
  assert.equal((await head()).friendVersion, before.friendVersion + 1, 'ex is not shown to friends by itself');
  assert.deepEqual(await world.call('/friend/get_incremental_friends', { userID: 'bob' }), bobs);
});

test('what is refused is heard by nobody', async (t) => {
  const { world, heard } = await open(t);
  const stranger = await world.issue('cid', 2);
  for (const [path, body] of [
    ['add_friend', between],
    ['add_friend_response', { ...between, handleResult: 1 }],
    ['delete_friend', { ownerUserID: 'ann', friendUserID: 'ben' }],
    ['set_friend_remark', { ownerUserID: 'ann', friendUserID: 'ben', remark: 'x' }],
    ['update_friends', { ownerUserID: 'ann', friendUserIDs: ['ben'], remark: 'x' }],
    ['import_friend', { ownerUserID: 'ann', friendUserIDs: ['ben'] }],
    ['add_black', { ownerUserID: 'ann', blackUserID: 'ben' }],
    ['remove_black', { ownerUserID: 'ann', blackUserID: 'ben' }],
  ] as const) {
    const reply = await world.post(`/friend/${path}`, body, stranger);
    assert.match(reply.body.toString(), /"errCode":1002/, path);
  }
  assert.deepEqual(Object.values(await heard()).flat(), []);
});

function page(userID: string) {
  return { userID, pagination: { pageNumber: 1, showNumber: 10 } };
}
