/** Reactions to messages: beyond-openim.md 1. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import addReaction from '../../src/http/routes/msg/add_reaction.ts';
import getReactionUsers from '../../src/http/routes/msg/get_reaction_users.ts';
import getReactions from '../../src/http/routes/msg/get_reactions.ts';
import removeReaction from '../../src/http/routes/msg/remove_reaction.ts';
import { actAs, answerFor, as, codeFor, makeTeam, type RefusedRow, refusedRows, say } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const like = { conversationID: 'si_alice_bob', seq: 1, userID: 'alice', reaction: '👍' };
const inTeam = { ...like, conversationID: 'sg_team', seq: 2, userID: 'carol' };

const talk = (world: World) =>
  world.call('/msg/send_msg', {
    sendID: 'alice',
    recvID: 'bob',
    contentType: 101,
    sessionType: 1,
    content: { content: 'hi' },
  });

/** alice and bob have talked; alice, bob and carol are in `team`, whose line 1 is the server's; dora is a stranger. */
const scene = {
  settings: { TESSERA_MAX_REACTIONS_PER_USER: '2', TESSERA_MAX_REACTIONS_PER_MESSAGE: '3', TESSERA_MAX_SEQS: '3' },
  setUp: async (world: World) => {
    await world.register('dora', 'eve');
    await talk(world);
    await talk(world);
    await actAs(world, 'bob', '/msg/delete_msgs', { conversationID: 'si_alice_bob', seqs: [2], userID: 'bob' });
    await makeTeam(world, 'team');
    await say(world, 'alice', 'team', 'hello');
    for (const groupID of ['muted', 'ended', 'left']) {
      await makeTeam(world, groupID);
      await say(world, 'alice', groupID, 'hello');
    }
    await actAs(world, 'alice', '/group/mute_group', { groupID: 'muted' });
    await actAs(world, 'alice', '/group/dismiss_group', { groupID: 'ended' });
    await actAs(world, 'carol', '/group/quit_group', { groupID: 'left' });
    await say(world, 'alice', 'left', 'later');
    await world.call('/msg/send_msg', { ...revoked, recvID: 'eve' });
    await actAs(world, 'alice', '/msg/revoke_msg', { conversationID: 'si_alice_eve', seq: 1, userID: 'alice' });
    await actAs(world, 'dora', '/friend/add_black', { ownerUserID: 'dora', blackUserID: 'alice' });
    await world.call('/msg/send_msg', { ...revoked, sendID: 'dora', recvID: 'alice' });
  },
};
const revoked = { sendID: 'alice', contentType: 101, sessionType: 1, content: { content: 'hi' } };

/** What holds of every one of these endpoints. */
const ofAll: readonly RefusedRow[] = [
  ['M5 of another user', 'bob', {}, 1002],
  ['a chat that the user does not have', 'alice', { conversationID: 'si_bob_carol' }, 1004],
  ['M5 a group in which the user never was', 'dora', { conversationID: 'sg_team', userID: 'dora' }, 1002],
  ['a group that is not there', 'alice', { conversationID: 'sg_none' }, 1002],
  ['notifications', 'alice', { conversationID: 'n_alice_bob' }, 1004],
];
const ofOne: readonly RefusedRow[] = [
  ...ofAll,
  ['seq 0', 'alice', { seq: 0 }, 1001],
  ['a seq beyond', 'alice', { seq: 3 }, 1004],
  ['a huge seq', 'alice', { seq: Number.MAX_SAFE_INTEGER }, 1004],
  ['what was said after the user has left', 'carol', { ...inTeam, conversationID: 'sg_left', seq: 4 }, 1004],
  ['what the user has deleted', 'bob', { userID: 'bob', seq: 2 }, 1004],
  ['what was taken back', 'eve', { conversationID: 'si_alice_eve', userID: 'eve' }, 1404],
];
const ofAdding: readonly RefusedRow[] = [
  ...ofOne,
  ['an empty one', 'alice', { reaction: '' }, 1001],
  ["a line of the server's", 'carol', { ...inTeam, seq: 1 }, 1001],
  ['who has left the group', 'carol', { ...inTeam, conversationID: 'sg_left' }, 1203],
  ['in a muted group', 'carol', { ...inTeam, conversationID: 'sg_muted' }, 1403],
  ['in a dismissed group', 'carol', { ...inTeam, conversationID: 'sg_ended' }, 1204],
  ['who is blocked by the other', 'alice', { conversationID: 'si_alice_dora' }, 1302],
];

const usersOf = async (world: World, body: object) =>
  ((await world.call(getReactionUsers.path, body)).reactions ?? []).map(
    ({ userID, reaction }: { userID: string; reaction: string }) => `${userID} ${reaction}`,
  );

testEndpoint(
  addReaction,
  [
    ...refusedRows(like, ofAdding),
    {
      name: 'who is muted himself: 1402',
      token: as('carol'),
      given: (world) =>
        actAs(world, 'alice', '/group/mute_group_member', { groupID: 'team', userID: 'carol', mutedSeconds: 60 }),
      body: inTeam,
      expect: { errCode: 1402 },
    },
    {
      name: 'none of this was put anywhere',
      body: like,
      token: 'admin',
      given: async (world) => {
        assert.deepEqual(await usersOf(world, like), []);
        assert.deepEqual(await usersOf(world, inTeam), []);
      },
      expect: { errCode: 0 },
    },
    {
      name: 'limit maxReactionBytes: a text of so many bytes is put',
      token: as('alice'),
      body: { ...like, reaction: 'é'.repeat(32) },
      expect: { errCode: 0 },
    },
    {
      name: 'limit maxReactionBytes: one byte more is 1001',
      token: as('bob'),
      body: { ...like, userID: 'bob', reaction: `${'é'.repeat(32)}x` },
      expect: { errCode: 1001 },
    },
    {
      name: 'limit maxReactionsPerUser: so many of one user are put: one that is there already counts once',
      token: as('alice'),
      body: like,
      expect: { errCode: 0 },
    },
    {
      name: 'limit maxReactionsPerUser: one more is 1001',
      token: as('alice'),
      body: { ...like, reaction: '🎉' },
      expect: { errCode: 1001 },
    },
    {
      name: 'limit maxReactionsPerMessage: so many of all are put',
      token: as('bob'),
      body: { ...like, userID: 'bob' },
      expect: { errCode: 0 },
    },
    {
      name: 'limit maxReactionsPerMessage: one more is 1001, and is not put',
      token: as('bob'),
      body: { ...like, userID: 'bob', reaction: '🎉' },
      expect: {
        errCode: 1001,
        data: async (_: never, world: World) =>
          assert.deepEqual(await usersOf(world, like), ['alice 👍', `alice ${'é'.repeat(32)}`, 'bob 👍']),
      },
    },
  ],
  scene,
);

testEndpoint(
  removeReaction,
  [...refusedRows(like, [...ofOne, ['an empty one', 'alice', { reaction: '' }, 1001]])],
  scene,
);

testEndpoint(getReactionUsers, refusedRows(like, ofOne), scene);

const { seq: _, ...asking } = like;
testEndpoint(
  getReactions,
  [
    ...refusedRows({ ...asking, seqs: [1] }, ofAll),
    ...refusedRows({ ...asking, seqs: [1] }, [
      ['no seqs', 'alice', { seqs: [] }, 1001],
      ['seq 0', 'alice', { seqs: [1, 0] }, 1001],
    ]),
    {
      name: 'limit maxSeqs: so many are answered; who has left sees those up to then, nobody those of what was taken back',
      token: as('carol'),
      given: async (world) => {
        for (const seq of [2, 4]) {
          await actAs(world, 'bob', addReaction.path, { ...like, conversationID: 'sg_left', seq, userID: 'bob' });
        }
      },
      body: { conversationID: 'sg_left', userID: 'carol', seqs: [4, 2, 99] },
      expect: {
        errCode: 0,
        data: { messages: [{ seq: 2, reactions: [{ reaction: '👍', count: 1, isOwn: false }] }] },
      },
    },
    {
      name: 'limit maxSeqs: one more is 1001',
      token: as('alice'),
      body: { ...asking, seqs: [1, 2, 3, 4] },
      expect: { errCode: 1001 },
    },
  ],
  scene,
);

describe('reactions', () => {
  test('both sides are told, stored, once; again nobody is; taken back it is gone', async () => {
    await using world = await World.open();
    await talk(world);
    await using alice = await Listener.open(world, 'alice');
    await using bob = await Listener.open(world, 'bob');
    const put = (isAdded: boolean) =>
      codeFor(world, 'bob', (isAdded ? addReaction : removeReaction).path, { ...like, userID: 'bob' });
    for (const isAdded of [true, false]) {
      assert.deepEqual([await put(isAdded), await put(isAdded)], [0, 0]);
      for (const device of [alice, bob]) {
        const { conversationID, message, tips } = await device.hear(2001);
        assert.deepEqual([conversationID, message.seq, tips.key], ['n_alice_bob', isAdded ? 1 : 2, 'tessera.reaction']);
        const { clientMsgID, time, ...rest } = JSON.parse(tips.data);
        assert.match(`${clientMsgID} ${time > 0}`, /^\w{32} true$/);
        assert.deepEqual(rest, { ...like, userID: 'bob', isAdded });
      }
      assert.deepEqual(await usersOf(world, like), isAdded ? ['bob 👍'] : []);
    }
    await alice.everything(world);
    assert.equal(alice.count(2001), 0);
  });

  test('a group is told; who has left takes back the own one, and sees what was put up to there', async () => {
    await using world = await World.open();
    await makeTeam(world, 'team');
    await say(world, 'alice', 'team', 'hello');
    await using alice = await Listener.open(world, 'alice');
    const put = (userID: string, reaction: string) =>
      actAs(world, userID, addReaction.path, { ...inTeam, userID, reaction });
    await put('carol', '👍');
    await put('bob', '🎉');
    await put('alice', '👍');
    for (const userID of ['carol', 'bob', 'alice']) {
      const { conversationID, tips } = await alice.hear(2001);
      assert.deepEqual([conversationID, JSON.parse(tips.data).userID], ['n_team', userID]);
    }
    const asked = { conversationID: 'sg_team', userID: 'carol', seqs: [2] };
    const counts = async () => (await answerFor(world, 'carol', getReactions.path, asked)).data.messages;
    assert.deepEqual(await counts(), [
      {
        seq: 2,
        reactions: [
          { reaction: '👍', count: 2, isOwn: true },
          { reaction: '🎉', count: 1, isOwn: false },
        ],
      },
    ]);
    await actAs(world, 'carol', '/group/quit_group', { groupID: 'team' });
    await actAs(world, 'carol', removeReaction.path, inTeam);
    assert.deepEqual(await usersOf(world, { ...inTeam, userID: 'alice' }), ['bob 🎉', 'alice 👍']);
    await actAs(world, 'alice', '/msg/revoke_msg', { conversationID: 'sg_team', seq: 2, userID: 'alice' });
    assert.equal(await counts(), null);
    assert.equal(await codeFor(world, 'bob', removeReaction.path, { ...inTeam, userID: 'bob' }), 1404);
  });
});
