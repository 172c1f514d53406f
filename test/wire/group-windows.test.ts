/** What members may read of a group, whichever way they came: relations-groups.md 12, and reports from the field. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GetLastMessageReq, GetLastMessageResp } from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { query } from './group-rows.ts';
import { actAs, answerFor, makeTeam, readableBy, say } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { World } from './world.ts';

interface Way {
  readonly name: string;
  /** Of the group. */
  readonly info: object;
  /** How carol comes in. */
  readonly enter: (world: World) => Promise<void>;
  /** What the group hears of it. */
  readonly notice: number;
}

const joining = { groupID: 'g', joinSource: 3, inviterUserID: 'carol' };

const ways: readonly Way[] = [
  {
    name: 'joining',
    info: { needVerification: 2 },
    enter: (world) => actAs(world, 'carol', '/group/join_group', joining),
    notice: 1510,
  },
  {
    name: 'an invitation',
    info: {},
    enter: (world) => actAs(world, 'bob', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['carol'] }),
    notice: 1509,
  },
  {
    name: 'a request that is granted',
    info: {},
    enter: async (world) => {
      await actAs(world, 'carol', '/group/join_group', joining);
      await letIn(world);
    },
    notice: 1510,
  },
  {
    name: 'a proposal that is granted',
    info: { needVerification: 1 },
    enter: async (world) => {
      await actAs(world, 'dora', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['carol'] });
      await letIn(world);
    },
    notice: 1509,
  },
];

const letIn = (world: World) =>
  actAs(world, 'bob', '/group/group_application_response', { groupID: 'g', fromUserID: 'carol', handleResult: 1 });

/** With alice, bob, carol and dora. */
async function open(info: object, settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = await World.open(settings);
  await world.register('dora');
  await makeTeam(world, 'g', info);
  await world.call('/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['dora'], sendMessage: false });
  return world;
}

const withoutHistory = { TESSERA_HISTORY_FOR_NEW_MEMBERS: 'false' };

for (const { name, info, enter, notice } of ways) {
  describe(`after ${name}`, () => {
    test('F1: who has quit and comes back reads what is said from then on', async () => {
      await using world = await open(info);
      await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
      await say(world, 'alice', 'g', 'away');
      await enter(world);
      await say(world, 'alice', 'g', 'back');
      await using carol = await Listener.open(world, 'carol');
      await say(world, 'carol', 'g', 'hello');
      assert.equal((await carol.hear(101, { inChat: true })).message.groupID, 'g');
      assert.deepEqual((await readableBy(world, 'carol', 'g')).slice(-2), ['back', 'hello']);
    });

    test('F1, F3: with history for new members off, nothing of what was said while away, and nothing before', async () => {
      await using world = await open(info, withoutHistory);
      await say(world, 'alice', 'g', 'before');
      await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
      await say(world, 'alice', 'g', 'away');
      await enter(world);
      await say(world, 'alice', 'g', 'back');
      assert.deepEqual(await readableBy(world, 'carol', 'g'), [`${notice}`, 'back']);
    });

    test('F2: who was kicked and comes back reads everything, also what was said before', async () => {
      await using world = await open(info);
      await say(world, 'alice', 'g', 'before');
      await actAs(world, 'alice', '/group/kick_group', { groupID: 'g', kickedUserIDs: ['carol'] });
      await say(world, 'alice', 'g', 'away');
      await enter(world);
      const expected = ['1501', 'before', '1508', 'away', `${notice}`];
      assert.deepEqual(await readableBy(world, 'carol', 'g'), expected);
    });

    test('F9: the group hears once that a member has come, in a line of its chat', async () => {
      await using world = await open(info);
      await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
      const linesBefore = lines(world);
      await enter(world);
      assert.deepEqual(lines(world).slice(linesBefore.length), [notice]);
    });

    test('1300 tells the new member of the conversation, whoever has acted', async () => {
      await using world = await open(info);
      await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
      await using carol = await Listener.open(world, 'carol');
      await enter(world);
      assert.deepEqual((await carol.hear(1300)).tips, { userID: 'carol', conversationIDList: ['sg_g'] });
      const { tips } = await carol.hear(notice);
      assert.equal((tips.entrantUser ?? tips.invitedUserList[0]).userID, 'carol');
    });
  });
}

test('F3: without a line in the chat, a newcomer begins behind the newest message', async () => {
  await using world = await open({}, withoutHistory);
  await say(world, 'alice', 'g', 'before');
  await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
  const body = { groupID: 'g', invitedUserIDs: ['carol'], sendMessage: false };
  await actAs(world, 'bob', '/group/invite_user_to_group', body);
  assert.deepEqual(await readableBy(world, 'carol', 'g'), []);
  await say(world, 'alice', 'g', 'back');
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['back']);
});

test('F3: pull, 1007, the list of chats and the incremental conversation all begin with the same seq', async () => {
  await using world = await open({}, withoutHistory);
  await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
  await say(world, 'alice', 'g', 'before');
  const first = lines(world).length + 1;
  const known = await conversationsOf(world, 0, '');
  await actAs(world, 'bob', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['carol'] });
  const { update } = await conversationsOf(world, known.version, known.versionID);
  assert.partialDeepStrictEqual(update, [{ conversationID: 'sg_g', minSeq: first, maxSeq: 0 }]);
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['1509']);
  const { data } = await answerFor(world, 'carol', '/jssdk/get_active_conversations', { count: 10 });
  const [chat] = data.conversations;
  assert.partialDeepStrictEqual(chat, {
    conversation: { conversationID: 'sg_g', minSeq: first },
    lastMsg: { seq: first },
  });
  assert.equal(data.unreadCount, 1);
  await using carol = await Listener.open(world, 'carol');
  const asked = GetLastMessageReq.encode({ userID: 'carol', conversationIDs: ['sg_g'] }).finish();
  const { msgs } = GetLastMessageResp.decode(await carol.ask(reqIdentifiers.getLastMessages, asked));
  assert.equal(msgs.get('sg_g')?.seq, first);
});

/** What a client is told that knows that version. */
const conversationsOf = (world: World, version: number, versionID: string) =>
  world.call('/conversation/get_incremental_conversations', { userID: 'carol', version, versionID });

test('F3: those who make a group have it from its first line on, with history for new members off', async () => {
  await using world = await open({}, withoutHistory);
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['1501']);
});

test('M5: who leaves before anything was said reads nothing of what is said later, and everything on coming back', async () => {
  await using world = await World.open();
  const group = { groupInfo: { groupID: 'g', groupType: 2 }, ownerUserID: 'alice', memberUserIDs: ['bob', 'carol'] };
  await world.call('/group/create_group', { ...group, sendMessage: false });
  await world.call('/group/kick_group', { groupID: 'g', kickedUserIDs: ['carol'], sendMessage: false });
  await say(world, 'alice', 'g', 'among us');
  assert.deepEqual(await readableBy(world, 'carol', 'g'), []);
  const { conversation } = await world.call('/conversation/get_conversation', {
    ownerUserID: 'carol',
    conversationID: 'sg_g',
  });
  assert.equal(conversation.maxSeq, 0);
  await world.call('/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['carol'], sendMessage: false });
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['among us']);
});

test('M5: who has left does not learn when others say something later', async () => {
  await using world = await open({});
  await world.call('/group/kick_group', { groupID: 'g', kickedUserIDs: ['carol'] });
  const atKick = await positionOf(world, 'carol');
  assert.ok(atKick.maxSeqTime > 0);
  // In a later millisecond.
  while ((await positionOf(world, 'dora')).maxSeqTime <= atKick.maxSeqTime) await say(world, 'alice', 'g', 'among us');
  assert.deepEqual(await positionOf(world, 'carol'), atKick);
});

test('M5: who has left neither hears of nor reads what the group is notified of later, and does on coming back', async () => {
  await using world = await open({});
  const notice = { key: 'news', data: '{}', sendUserID: 'alice', recvGroupID: 'g', reliabilityLevel: 2 };
  const notified = async (userID: string) => {
    const { maxSeqs } = await world.call('/msg/newest_seq', { userID });
    const seqRanges = [{ conversationID: 'n_g', begin: 1, end: 9, num: 9 }];
    const { notificationMsgs } = await world.call('/msg/pull_msg_by_seq', { userID, seqRanges, order: 0 });
    return [maxSeqs.n_g, notificationMsgs?.n_g?.Msgs.length];
  };
  await world.call('/group/kick_group', { groupID: 'g', kickedUserIDs: ['carol'] });
  await world.call('/msg/send_business_notification', notice);
  assert.deepEqual(
    [await notified('carol'), await notified('dora')],
    [
      [undefined, undefined],
      [1, 1],
    ],
  );
  await world.call('/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['carol'] });
  assert.deepEqual(await notified('carol'), [1, 1]);
});

/** What a user is told of the group's chat, by which clients sort their lists. */
async function positionOf(world: World, userID: string) {
  const asked = { userID, conversationIDs: ['sg_g'] };
  return (await world.call('/msg/get_conversations_has_read_and_max_seq', asked)).seqs.sg_g;
}

/** Types of what is in the group's chat, in order. */
function lines(world: World): readonly number[] {
  const sql = 'SELECT content_type FROM messages WHERE conversation_id = ? ORDER BY seq';
  return query(world, sql, 'sg_g').map(({ content_type }) => content_type);
}
