/** Who is called in a group, and what shows of it on whose conversation: conversations-messages.md 7.4. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MsgData, UserSendMsgResp } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { actAs, answerFor, makeTeam } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

interface Row {
  readonly conversationID: string;
  readonly groupAtType: number;
}

const everyone = 'AtAllTag';
const three = ['alice', 'bob', 'carol'];

describe('who is called in a group', () => {
  let world: World;
  let groups = 0;
  before(async () => {
    world = await World.open({ TESSERA_MAX_MENTIONS: '3' });
    await world.register('dora');
  });
  after(() => world[Symbol.asyncDispose]());

  /** Owner alice, admin bob, member carol; dora is a stranger. */
  const team = async () => {
    const groupID = `team${groups++}`;
    await makeTeam(world, groupID);
    return groupID;
  };
  const say = async (sendID: string, groupID: string, atUserList: readonly string[], fields: object = {}) =>
    envelopeOf(
      await world.post(
        '/msg/send_msg',
        { sendID, groupID, contentType: 106, sessionType: 3, content: { text: 'hi', atUserList }, ...fields },
        world.token('admin'),
      ),
    ).errCode;
  const row = async (ownerUserID: string, groupID: string) =>
    (await world.call('/conversation/get_conversation', { ownerUserID, conversationID: `sg_${groupID}` })).conversation;
  const shown = async (groupID: string, ...owners: string[]) =>
    Promise.all(owners.map(async (owner) => (await row(owner, groupID)).groupAtType));
  const head = async (userID: string) => {
    const { version, versionID } = await world.call('/conversation/get_incremental_conversations', { userID });
    return { version, versionID };
  };
  const since = async (userID: string, known: object, groupID: string) => {
    const reply = await world.call('/conversation/get_incremental_conversations', { userID, ...known });
    const typesIn = (rows: Row[] | null) =>
      (rows ?? []).filter((one) => one.conversationID === `sg_${groupID}`).map(({ groupAtType }) => groupAtType);
    return { version: reply.version, update: typesIn(reply.update), insert: typesIn(reply.insert) };
  };
  const reset = (userID: string, groupID: string, groupAtType = 0) =>
    actAs(world, userID, '/conversation/set_conversations', {
      userIDs: [userID],
      conversation: { conversationID: `sg_${groupID}`, conversationType: 3, groupID, groupAtType },
    });

  test('7.4 Known defect: the background update runs without an operator identity: who is named has 1 all the same, is told by 1300 and at the next sync', async () => {
    const groupID = await team();
    await using bob = await Listener.open(world, 'bob');
    await using carol = await Listener.open(world, 'carol');
    const known = await head('bob');
    const others = await head('carol');
    assert.equal(await say('alice', groupID, ['bob', 'dora', 'ghost']), 0);
    assert.deepEqual(await shown(groupID, ...three), [0, 1, 0]);
    assert.deepEqual((await bob.hear(1300)).tips, { userID: 'bob', conversationIDList: [`sg_${groupID}`] });
    const { update, version } = await since('bob', known, groupID);
    assert.deepEqual([update, version], [[1], known.version + 1]);
    assert.equal((await since('carol', others, groupID)).version, others.version);
    await carol.everything(world);
    assert.equal(carol.count(1300), 0);
    assert.deepEqual(
      (await answerFor(world, 'dora', '/conversation/get_all_conversations', { ownerUserID: 'dora' })).data
        .conversations,
      null,
    );

    assert.equal(await say('carol', groupID, ['bob', 'carol']), 0);
    assert.deepEqual(await shown(groupID, ...three), [0, 1, 0], 'nobody calls himself, nor twice');
    await reset('bob', groupID);
    assert.deepEqual(await shown(groupID, ...three), [0, 0, 0]);
    assert.equal(await say('alice', groupID, ['bob']), 0);
    assert.deepEqual(await shown(groupID, ...three), [0, 1, 0]);
  });

  test('7.4 everybody: 2 for all but the sender, one 1300 for all, nothing in their logs, until each has reset it', async () => {
    const groupID = await team();
    await using bob = await Listener.open(world, 'bob');
    await using carol = await Listener.open(world, 'carol');
    const heads = new Map(await Promise.all(three.map(async (user) => [user, await head(user)] as const)));
    assert.equal(await say('alice', groupID, [everyone]), 0);
    assert.deepEqual(await shown(groupID, ...three), [0, 2, 2]);
    for (const device of [bob, carol]) {
      const told = await device.hear(1300);
      assert.deepEqual(told.tips, { userID: 'alice', conversationIDList: [`sg_${groupID}`] });
      assert.deepEqual([told.conversationID, told.message.seq], [`n_${groupID}`, 0]);
    }
    for (const user of three) {
      const known = heads.get(user) ?? {};
      const { update, version } = await since(user, known, groupID);
      assert.equal(version, (await head(user)).version);
      assert.partialDeepStrictEqual({ ...known }, { version }, 'nothing was written for a member');
      assert.deepEqual(update, user === 'alice' ? [] : [2]);
    }
    for (const [path, body] of [
      ['/conversation/get_conversations', { ownerUserID: 'bob', conversationIDs: [`sg_${groupID}`] }],
      ['/conversation/get_all_conversations', { ownerUserID: 'bob' }],
      ['/conversation/get_owner_conversation', { userID: 'bob', pagination: { pageNumber: 1, showNumber: 300 } }],
      ['/jssdk/get_active_conversations', { count: 500 }],
      ['/jssdk/get_conversations', { conversationIDs: [`sg_${groupID}`] }],
    ] as const) {
      const { conversations } = (await answerFor(world, 'bob', path, body)).data;
      const rows = conversations.map((item: { conversation?: object }) => item.conversation ?? item);
      const found = rows.find((one: { conversationID: string }) => one.conversationID === `sg_${groupID}`);
      assert.equal(found.groupAtType, 2, path);
    }

    const known = await head('bob');
    await reset('bob', groupID);
    assert.deepEqual((await bob.hear(1300)).tips, { userID: 'bob', conversationIDList: [`sg_${groupID}`] });
    assert.deepEqual(await shown(groupID, ...three), [0, 0, 2], 'each resets its own');
    const told = await since('bob', known, groupID);
    assert.deepEqual([told.version, told.update], [known.version + 1, [0]]);
    assert.deepEqual((await since('bob', await head('bob'), groupID)).update, []);
    await reset('bob', groupID);
    assert.equal((await head('bob')).version, known.version + 1, 'nothing differs');

    assert.equal(await say('bob', groupID, [everyone]), 0);
    assert.deepEqual(await shown(groupID, ...three), [2, 0, 2]);
    assert.equal(await say('carol', groupID, [everyone, 'alice']), 0);
    assert.deepEqual(await shown(groupID, ...three), [3, 2, 2], "who calls still has the others' calls");
    await reset('alice', groupID);
    assert.deepEqual(await shown(groupID, 'alice'), [0]);
  });

  test('7.4 everybody and some by name: 3 for those who are named; who sets a value has it', async () => {
    const groupID = await team();
    assert.equal(await say('bob', groupID, [everyone, 'carol', 'bob']), 0);
    assert.deepEqual(await shown(groupID, ...three), [2, 0, 3]);
    await reset('carol', groupID, 4);
    assert.deepEqual(await shown(groupID, 'carol'), [4]);
    assert.equal(await say('bob', groupID, ['carol']), 0);
    assert.deepEqual(await shown(groupID, 'carol'), [1]);
    await reset('carol', groupID, 2);
    assert.equal(await say('bob', groupID, ['carol']), 0);
    assert.deepEqual(await shown(groupID, 'carol'), [3]);
  });

  test('7.4 an announcement: 4 for all members, whoever makes it; the newest call counts, and nothing hides a name', async () => {
    const groupID = await team();
    const announce = (notification: string) =>
      actAs(world, 'bob', '/group/set_group_info_ex', { groupID, notification });
    await using carol = await Listener.open(world, 'carol');
    await announce('bring ropes');
    assert.deepEqual((await carol.hear(1300)).tips, { userID: 'bob', conversationIDList: [`sg_${groupID}`] });
    assert.deepEqual(await shown(groupID, ...three), [4, 4, 4]);
    assert.equal(await say('alice', groupID, [everyone]), 0);
    assert.deepEqual(await shown(groupID, ...three), [4, 2, 2]);
    await announce('and shoes');
    assert.deepEqual(await shown(groupID, ...three), [4, 4, 4]);
    assert.equal(await say('alice', groupID, ['bob']), 0);
    await announce('and water');
    assert.deepEqual(await shown(groupID, ...three), [4, 3, 4]);
    for (const user of three) await reset(user, groupID);
    await announce('');
    await actAs(world, 'bob', '/group/set_group_info_ex', { groupID, introduction: 'we climb' });
    assert.deepEqual(await shown(groupID, ...three), [0, 0, 0], 'one that is taken away calls nobody');
  });

  test('7.4 who comes later, or has left, is not called; the row that was deleted comes back with the call', async () => {
    const groupID = await team();
    await reset('bob', groupID, 0);
    assert.equal(await say('alice', groupID, [everyone, 'carol']), 0);
    await actAs(world, 'alice', '/group/invite_user_to_group', { groupID, invitedUserIDs: ['dora'] });
    await actAs(world, 'carol', '/group/quit_group', { groupID });
    assert.deepEqual(await shown(groupID, 'bob', 'carol', 'dora'), [2, 1, 0]);
    const known = await head('carol');
    assert.equal(await say('alice', groupID, [everyone, 'carol', 'dora']), 0);
    assert.deepEqual(await shown(groupID, 'bob', 'carol', 'dora'), [2, 1, 3]);
    assert.deepEqual(
      [(await head('carol')).version, (await since('carol', known, groupID)).update],
      [known.version, []],
    );
    await reset('carol', groupID);
    await actAs(world, 'alice', '/group/invite_user_to_group', { groupID, invitedUserIDs: ['carol'] });
    assert.deepEqual(await shown(groupID, 'carol'), [0]);

    for (const list of [[everyone], ['bob']]) {
      await actAs(world, 'bob', '/conversation/delete_conversations', {
        ownerUserID: 'bob',
        needDeleteTime: 0,
        conversationIDs: [`sg_${groupID}`],
      });
      const deleted = await head('bob');
      assert.equal(await say('alice', groupID, list), 0);
      const { insert } = await since('bob', deleted, groupID);
      assert.deepEqual(insert, list[0] === 'bob' ? [1] : [2]);
    }
  });

  test('M3 over the socket: a repeat calls nobody again; refused, or not stored, nobody is called', async () => {
    const groupID = await team();
    await using bob = await Listener.open(world, 'bob');
    const send = async (device: Listener, fields: Partial<MsgData> = {}) => {
      const message = newMsgData({
        sendID: device.userID,
        groupID,
        sessionType: 3,
        contentType: 106,
        msgFrom: 100,
        clientMsgID: 'the same',
        content: Buffer.from(JSON.stringify({ text: 'hi', atUserList: fields.atUserIDList ?? [] })),
        ...fields,
      });
      return UserSendMsgResp.decode(await device.ask(reqIdentifiers.sendMessage, MsgData.encode(message).finish()));
    };
    const { serverMsgID, sendTime } = await send(bob, { atUserIDList: [everyone, 'alice'] });
    assert.deepEqual(await shown(groupID, ...three), [3, 0, 2]);
    await reset('alice', groupID);
    assert.deepEqual(await send(bob, { atUserIDList: [everyone, 'alice'] }), {
      serverMsgID,
      clientMsgID: 'the same',
      sendTime,
    });
    const quiet = new Map(['history', 'persistent'].map((key) => [key, false]));
    await send(bob, { clientMsgID: 'typing', atUserIDList: [everyone, 'alice'], options: quiet });
    await send(bob, { clientMsgID: 'text', contentType: 101, atUserIDList: [everyone, 'alice'] });
    assert.deepEqual(await shown(groupID, ...three), [0, 0, 2]);

    await reset('carol', groupID);
    await using dora = await Listener.open(world, 'dora');
    await send(dora, { clientMsgID: 'stranger', atUserIDList: [everyone, 'alice'] });
    await actAs(world, 'alice', '/group/mute_group_member', { groupID, userID: 'bob', mutedSeconds: 60 });
    await send(bob, { clientMsgID: 'muted', atUserIDList: [everyone, 'alice'] });
    assert.deepEqual(await shown(groupID, ...three), [0, 0, 0]);
  });

  const listOf = (count: number) => [everyone, 'carol', ...Array.from({ length: count - 2 }, (_, at) => `u${at}`)];
  const overSocket = async (listed: readonly string[], shownList: readonly string[], groupID: string) => {
    await using alice = await Listener.open(world, 'alice');
    const content = Buffer.from(JSON.stringify({ text: 'hi', atUserList: shownList }));
    const fields = { sendID: 'alice', groupID, sessionType: 3, contentType: 106, content, atUserIDList: [...listed] };
    const message = MsgData.encode(newMsgData(fields)).finish();
    return (await alice.ask(reqIdentifiers.sendMessage, message)).length > 0;
  };

  test('limit maxMentions: so many may be named, over both doors', async () => {
    const groupID = await team();
    assert.equal(await say('alice', groupID, listOf(3)), 0);
    assert.equal(await overSocket(listOf(3), listOf(3), groupID), true);
    assert.deepEqual(await shown(groupID, ...three), [0, 2, 3]);
  });

  test('limit maxMentions: one more is 1001 over both doors, and nothing is stored', async () => {
    const groupID = await team();
    assert.equal(await say('alice', groupID, listOf(4)), 1001);
    assert.equal(await overSocket(listOf(4), [], groupID), false);
    assert.equal(await overSocket([], listOf(4), groupID), false);
    assert.deepEqual(await shown(groupID, ...three), [0, 0, 0]);
  });
});
