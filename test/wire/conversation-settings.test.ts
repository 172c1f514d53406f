/** What users set of their conversations: conversations-messages.md 7.3. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import setConversations from '../../src/http/routes/conversation/set_conversations.ts';
import updateConversationsByUser from '../../src/http/routes/conversation/update_conversations_by_user.ts';
import { Listener } from './listener.ts';
import { envelopeOf } from './raw-http.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import type { TokenKind } from './world.ts';
import { World } from './world.ts';

const path = setConversations.path;
const withBob = { conversationID: 'si_alice_bob', conversationType: 1, userID: 'bob', groupID: '' };
const body = (fields: object, userIDs: unknown = ['alice']) => ({ userIDs, conversation: { ...withBob, ...fields } });

testEndpoint(setConversations, [
  refused('no userIDs', body({}, null), 1001),
  refused('more than 1000 userIDs', body({}, [...Array(1001).keys()].map(String)), 1001),
  refused('no conversation', { userIDs: ['alice'] }, 1001),
  refused('7.3 Known defect: conversationID is not checked: none', body({ conversationID: '', isPinned: true }), 1001),
  refused("somebody else's conversation ID", body({ conversationID: 'si_bob_carol', isPinned: true }), 1001),
  refused('a notification conversation', body({ conversationID: 'n_alice_bob', isPinned: true }), 1001),
  refused('conversationType 0', body({ conversationType: 0 }), 1001),
  refused('conversationType 2', body({ conversationType: 2, groupID: 'g', conversationID: 'g_g' }), 1001),
  refused('type 1 without userID', body({ userID: '', isPinned: true }), 1001),
  refused('type 3 without groupID', body({ conversationType: 3, conversationID: 'sg_', isPinned: true }), 1001),
  ...[
    { recvMsgOpt: 3 },
    { recvMsgOpt: -1 },
    { groupAtType: 5 },
    { burnDuration: -1 },
    { msgDestructTime: -1 },
    { msgDestructTime: 31_536_000_001 },
    { isPinned: 'true' },
    { isPinned: { value: true } },
    { recvMsgOpt: '1' },
  ].map((fields) => refused(JSON.stringify(fields), body(fields), 1001)),
  refused('M5 of another user', body({ isPinned: true }), 1002, 'other'),
  refused('M5 of another user beside oneself', body({ isPinned: true }, ['alice', 'carol']), 1001),
  refused(
    'a peer who is not registered',
    body({ conversationID: 'si_alice_ghost', userID: 'ghost', isPinned: true }),
    1004,
  ),
  refused(
    'a group that is not there',
    body({ conversationType: 3, conversationID: 'sg_ghost', groupID: 'ghost', userID: '', isPinned: true }),
    1004,
  ),
]);

testEndpoint(updateConversationsByUser, []);

function refused(name: string, asked: unknown, errCode: number, token: TokenKind = 'user'): Scenario {
  return { name: `${name}: ${errCode}`, token, body: asked, expect: { errCode } };
}

describe('settings of conversations', () => {
  let world: World;
  before(async () => {
    world = await World.open({ TESSERA_MAX_CONVERSATION_TEXT_BYTES: '20' });
    await world.register('dora', 'eve', 'fay', 'gil', 'hal', 'ida');
  });
  after(() => world[Symbol.asyncDispose]());

  const target = (ownerUserID: string, userID: string) => ({
    conversationID: `si_${[ownerUserID, userID].sort().join('_')}`,
    conversationType: 1,
    userID,
  });
  const asGroup = (groupID: string) => ({ conversationID: `sg_${groupID}`, conversationType: 3, groupID });
  const set = async (ownerUserID: string, conversation: object) =>
    envelopeOf(await world.post(path, { userIDs: [ownerUserID], conversation }, await world.issue(ownerUserID, 1)))
      .errCode;
  const say = (sendID: string, recvID: string) =>
    world.call('/msg/send_msg', { sendID, recvID, contentType: 101, sessionType: 1, content: { content: 'hi' } });
  const all = async (ownerUserID: string) =>
    (await world.call('/conversation/get_all_conversations', { ownerUserID })).conversations ?? [];
  const head = async (userID: string) => {
    const { version, versionID } = await world.call('/conversation/get_incremental_conversations', { userID });
    return { version, versionID };
  };
  const since = (userID: string, known: object) =>
    world.call('/conversation/get_incremental_conversations', { userID, ...known });

  test('7.3 creates the row, sets what is given, tells the own devices, and touches nothing when nothing differs', async () => {
    await using dora = await Listener.open(world, 'dora');
    await using eve = await Listener.open(world, 'eve');
    const first = await head('dora');
    const given = {
      recvMsgOpt: 2,
      isPinned: true,
      attachedInfo: '{"a":1}',
      ex: 'ex',
      burnDuration: 30,
      msgDestructTime: 604_800,
      isMsgDestruct: true,
    };
    assert.equal(await set('dora', { ...target('dora', 'eve'), ...given, minSeq: 7, maxSeq: 9 }), 0);
    const [row] = await all('dora');
    assert.partialDeepStrictEqual(row, {
      ...target('dora', 'eve'),
      ...given,
      isPrivateChat: false,
      minSeq: 0,
      maxSeq: 0,
    });
    assert.deepEqual(await all('eve'), [], 'the peer has nothing of it');
    const { tips } = await dora.hear(1300);
    assert.deepEqual(tips, { userID: 'dora', conversationIDList: ['si_dora_eve'] });
    const changes = await since('dora', first);
    assert.deepEqual([changes.version, changes.insert.length], [first.version + 1, 1]);

    for (const nothing of [{}, given, { isPinned: null }, { isPrivateChat: null }, { minSeq: 4, maxSeq: 4 }]) {
      assert.equal(await set('dora', { ...target('dora', 'eve'), ...nothing }), 0);
    }
    assert.equal((await head('dora')).version, changes.version);
    assert.deepEqual(await dora.everything(world), []);

    assert.equal(await set('dora', { ...target('dora', 'eve'), isPinned: false, ex: '' }), 0);
    assert.partialDeepStrictEqual(await all('dora'), [{ ...given, isPinned: false, ex: '' }]);
    assert.equal((await since('dora', changes)).update.length, 1);
    assert.equal((await eve.everything(world)).length, 0);
  });

  test('7.3 burn after reading holds on both sides, is told by 1701 and shows in the chat, also if it was so', async () => {
    await using fay = await Listener.open(world, 'fay');
    await using gil = await Listener.open(world, 'gil');
    const heads = [await head('fay'), await head('gil')];
    assert.equal(await set('fay', { ...target('fay', 'gil'), isPrivateChat: true }), 0);
    for (const device of [fay, gil]) {
      const tips = { recvID: 'gil', sendID: 'fay', isPrivate: true, conversationID: 'si_fay_gil' };
      assert.deepEqual((await device.hear(1701)).tips, tips);
      assert.deepEqual((await device.hear(1701, { inChat: true })).tips, tips);
      const [row] = await all(device.userID);
      assert.deepEqual([row.isPrivateChat, row.userID], [true, device.userID === 'fay' ? 'gil' : 'fay']);
    }
    for (const [index, userID] of ['fay', 'gil'].entries()) {
      assert.equal((await since(userID, heads[index] ?? {})).insert.length, 1);
    }
    assert.equal(await set('fay', { ...target('fay', 'gil'), isPrivateChat: true }), 0);
    await gil.hear(1701);
    assert.equal(await set('gil', { ...target('gil', 'fay'), isPrivateChat: false, burnDuration: 9 }), 0);
    const rows = [...(await all('fay')), ...(await all('gil'))];
    assert.deepEqual(
      rows.map(({ isPrivateChat, burnDuration }) => [isPrivateChat, burnDuration]),
      [
        [false, 0],
        [false, 9],
      ],
    );
    assert.deepEqual((await gil.hear(1300)).tips.conversationIDList, ['si_fay_gil']);
  });

  test('M5 who is blocked changes nothing for the other, and rings nowhere: 1302', async () => {
    await world.call('/friend/add_black', { ownerUserID: 'ida', blackUserID: 'hal' });
    const earlier = await head('ida');
    assert.equal(await set('hal', { ...target('hal', 'ida'), isPrivateChat: true, isPinned: true }), 1302);
    assert.deepEqual([await all('hal'), await all('ida'), await head('ida')], [[], [], earlier]);
    assert.equal(await set('hal', { ...target('hal', 'ida'), isPinned: true }), 0, 'of the own row only');
  });

  test('M5 the conversation of a group is of who is or was in it, and of nobody else: 1203', async () => {
    await world.call('/group/create_group', {
      groupInfo: { groupID: 'club', groupType: 2, groupName: 'club' },
      ownerUserID: 'dora',
      memberUserIDs: ['eve', 'fay'],
    });
    assert.equal(await set('dora', { ...asGroup('club'), isPinned: true, isPrivateChat: true }), 0);
    const [own] = (await all('dora')).filter(({ groupID }: { groupID: string }) => groupID === 'club');
    assert.deepEqual([own.isPinned, own.isPrivateChat], [true, false]);
    await world.call('/group/kick_group', { groupID: 'club', kickedUserIDs: ['fay'] });
    assert.equal(await set('fay', { ...asGroup('club'), isPinned: true }), 0);
    assert.equal(await set('gil', { ...asGroup('club'), isPinned: true }), 1203);
    assert.ok(!(await all('gil')).some(({ groupID }: { groupID: string }) => groupID === 'club'));
  });

  test('6 what the receiver sets decides on the next message', async () => {
    const text = { recvID: 'carol', contentType: 101, sessionType: 1, content: { content: 'hi' } };
    const send = async () =>
      envelopeOf(await world.post('/msg/send_msg', { sendID: 'alice', ...text }, world.token('admin'))).errCode;
    assert.equal(await send(), 0);
    for (const [recvMsgOpt, errCode] of [
      [1, 1001],
      [2, 0],
      [1, 1001],
      [0, 0],
    ]) {
      assert.equal(await set('carol', { ...target('carol', 'alice'), recvMsgOpt }), 0);
      assert.equal(await send(), errCode, `recvMsgOpt ${recvMsgOpt}`);
    }
    await set('carol', { ...target('carol', 'alice'), recvMsgOpt: 2, isPinned: true });
    for (const list of ['get_not_notify_conversation_ids', 'get_pinned_conversation_ids']) {
      const { conversationIDs } = await world.call(`/conversation/${list}`, { userID: 'carol' });
      assert.deepEqual(conversationIDs, ['si_alice_carol']);
    }
  });

  test('7.2 an admin sets ex of what others have with a user, who see it at the next sync; nobody else may', async () => {
    await world.register('pam', 'pim', 'pom');
    await say('pam', 'pim');
    await say('pom', 'pim');
    await say('pim', 'pim');
    await world.call('/conversation/delete_conversations', { ownerUserID: 'pom', conversationIDs: ['si_pim_pom'] });
    const heads = { pam: await head('pam'), pim: await head('pim') };
    const update = (ex: string | null) => ({ userID: 'pim', ex });
    await world.call(updateConversationsByUser.path, update('a bot'));
    await world.call(updateConversationsByUser.path, update('a bot'));
    await world.call(updateConversationsByUser.path, update(null));
    const changes = await since('pam', heads.pam);
    assert.deepEqual([changes.version, changes.update[0].ex], [heads.pam.version + 1, 'a bot']);
    assert.deepEqual(await head('pim'), heads.pim);
    for (const { ex } of await all('pim')) assert.equal(ex, '');
    await say('pim', 'pom');
    assert.equal((await all('pom'))[0].ex, '', 'of one that was deleted nothing is set');
    const asPim = await world.post(updateConversationsByUser.path, update('forged'), await world.issue('pim', 1));
    assert.equal(envelopeOf(asPim).errCode, 1002);
    const long = await world.post(updateConversationsByUser.path, update('x'.repeat(21)), world.token('admin'));
    assert.equal(envelopeOf(long).errCode, 1001);
  });

  test('two chats under one ID: the second is 1001, and the first keeps its row', async () => {
    await world.register('x', 'x_y', 'y_x');
    await say('x', 'y_x');
    assert.equal(await set('x', { ...target('x', 'y_x'), isPinned: true }), 0);
    const other = { conversationID: 'si_x_y_x', conversationType: 1, userID: 'x_y', isPinned: false };
    assert.equal(await set('x', other), 1001);
    assert.partialDeepStrictEqual(await all('x'), [{ userID: 'y_x', isPinned: true }]);
  });

  test('limit maxConversationTextBytes: ex and attachedInfo of as many bytes are kept', async () => {
    const texts = { ex: 'ä'.repeat(10), attachedInfo: 'ö'.repeat(10) };
    assert.equal(await set('bob', { ...target('bob', 'alice'), ...texts }), 0);
    assert.partialDeepStrictEqual(await all('bob'), [texts]);
  });

  test('limit maxConversationTextBytes: one more is 1001, and nothing is changed', async () => {
    const earlier = [await all('bob'), await head('bob')];
    for (const field of ['ex', 'attachedInfo']) {
      const asked = { ...target('bob', 'alice'), isPinned: true, [field]: `${'ä'.repeat(10)}x` };
      assert.equal(await set('bob', asked), 1001);
    }
    assert.deepEqual([await all('bob'), await head('bob')], earlier);
  });
});
