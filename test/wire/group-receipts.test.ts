/** Who has read a message of a group: beyond-openim.md 2. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import getGroupReadCounts from '../../src/http/routes/msg/get_group_read_counts.ts';
import getGroupReaders from '../../src/http/routes/msg/get_group_readers.ts';
import { actAs, answerFor, as, codeFor, makeTeam, type RefusedRow, refusedRows, say } from './group-scenes.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const chat = 'sg_team';
/** Of carol's own message. */
const one = { conversationID: chat, seq: 3, userID: 'carol', hasRead: true };
const some = { conversationID: chat, userID: 'carol', seqs: [3] };

const scene = {
  settings: { TESSERA_MAX_RECEIPT_MEMBERS: '4' },
  setUp: async (world: World) => {
    await world.register('dora', 'eve', 'frank');
    for (const groupID of ['team', 'left', 'ended', 'four', 'five']) {
      await makeTeam(world, groupID);
      await say(world, 'alice', groupID, 'hello');
      await say(world, 'carol', groupID, 'hi');
    }
    await actAs(world, 'carol', '/group/quit_group', { groupID: 'left' });
    await actAs(world, 'alice', '/group/dismiss_group', { groupID: 'ended' });
    await say(world, 'carol', 'team', 'oops');
    await actAs(world, 'carol', '/msg/revoke_msg', { conversationID: chat, seq: 4, userID: 'carol' });
    await say(world, 'carol', 'team', 'hm');
    await actAs(world, 'carol', '/msg/delete_msgs', { conversationID: chat, seqs: [5], userID: 'carol' });
    const single = { sendID: 'alice', recvID: 'carol', sessionType: 1, contentType: 101, content: { content: 'hi' } };
    await world.call('/msg/send_msg', single);
    const invite = (groupID: string, invitedUserIDs: string[]) =>
      actAs(world, 'alice', '/group/invite_user_to_group', { groupID, invitedUserIDs });
    await invite('four', ['dora']);
    await invite('five', ['dora', 'eve']);
  },
};

const ofBoth: readonly RefusedRow[] = [
  ['M5 of another user', 'bob', {}, 1002],
  ['M5 a group in which the user never was', 'dora', { userID: 'dora' }, 1002],
  ['a group that is not there', 'carol', { conversationID: 'sg_none' }, 1002],
  ['a chat that the user does not have', 'carol', { conversationID: 'si_alice_bob' }, 1004],
  ['a chat of two', 'carol', { conversationID: 'si_alice_carol' }, 1001],
  ['who has left the group', 'carol', { conversationID: 'sg_left' }, 1203],
  ['a dismissed group', 'carol', { conversationID: 'sg_ended' }, 1204],
];

testEndpoint(
  getGroupReaders,
  refusedRows(one, [
    ...ofBoth,
    ["another member's message", 'carol', { seq: 2 }, 1002],
    ['seq 0', 'carol', { seq: 0 }, 1001],
    ['a seq beyond', 'carol', { seq: 99 }, 1004],
    ['what was taken back', 'carol', { seq: 4 }, 1404],
    ['what the user has deleted', 'carol', { seq: 5 }, 1004],
    ['limit -1', 'carol', { limit: -1 }, 1001],
    ['limit 501', 'carol', { limit: 501 }, 1001],
  ]),
  scene,
);

testEndpoint(
  getGroupReadCounts,
  [
    ...refusedRows(some, [
      ...ofBoth,
      ["another member's message among them", 'carol', { seqs: [3, 2] }, 1002],
      ['no seqs', 'carol', { seqs: [] }, 1001],
      ['seq 0', 'carol', { seqs: [3, 0] }, 1001],
      ['more than 100 seqs', 'carol', { seqs: Array.from({ length: 101 }, () => 3) }, 1001],
    ]),
    {
      name: 'what is taken back, deleted or not there is left out',
      token: as('carol'),
      body: { ...some, seqs: [5, 4, 99, 3] },
      expect: { errCode: 0, data: { messages: [{ seq: 3, readCount: 0, unreadCount: 2 }] } },
    },
    {
      name: 'limit maxReceiptMembers: a group of so many tells',
      token: as('carol'),
      body: { ...some, conversationID: 'sg_four' },
      expect: { errCode: 0, data: { messages: [{ seq: 3, readCount: 1, unreadCount: 2 }] } },
    },
    {
      name: 'limit maxReceiptMembers: a group of one more is 1001',
      token: as('carol'),
      body: { ...some, conversationID: 'sg_five' },
      expect: { errCode: 1001 },
    },
  ],
  scene,
);

describe('read receipts of a group', () => {
  const counts = async (world: World, userID: string, seqs: readonly number[]) =>
    (await answerFor(world, userID, getGroupReadCounts.path, { conversationID: chat, userID, seqs })).data.messages.map(
      ({ seq, readCount, unreadCount }: { seq: number; readCount: number; unreadCount: number }) =>
        `${seq}: ${readCount} of ${readCount + unreadCount}`,
    );
  const readers = async (world: World, fields: object) => {
    const body = { conversationID: chat, userID: 'alice', ...fields };
    const { userIDs, nextCursor } = (await answerFor(world, 'alice', getGroupReaders.path, body)).data;
    return [userIDs, nextCursor];
  };

  test('who has read up to a message is counted and named, by whichever way the position was raised', async () => {
    await using world = await World.open();
    await world.register('dora');
    await makeTeam(world, 'team');
    await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'team', invitedUserIDs: ['dora'] });
    await say(world, 'alice', 'team', 'who comes?');
    const seq = 3;
    assert.deepEqual(await counts(world, 'alice', [seq]), ['3: 0 of 3']);
    await say(world, 'bob', 'team', 'I do');
    const mark = { conversationID: chat, userID: 'carol', hasReadSeq: seq };
    await actAs(world, 'carol', '/msg/mark_conversation_as_read', mark);
    assert.deepEqual(await counts(world, 'alice', [4, seq]), ['3: 2 of 3', '4: 0 of 3'], 'owners see of all');
    assert.deepEqual(await counts(world, 'bob', [4]), ['4: 0 of 3']);
    assert.deepEqual(await readers(world, { seq, hasRead: true }), [['bob', 'carol'], '']);
    assert.deepEqual(await readers(world, { seq, hasRead: false }), [['dora'], '']);
    assert.deepEqual(await readers(world, { seq, hasRead: true, limit: 1 }), [['bob'], 'bob']);
    assert.deepEqual(await readers(world, { seq, hasRead: true, limit: 1, cursor: 'bob' }), [['carol'], '']);
    assert.deepEqual(await readers(world, { seq, hasRead: true, cursor: 'carol' }), [null, '']);

    await actAs(world, 'bob', '/group/quit_group', { groupID: 'team' });
    assert.deepEqual(await readers(world, { seq, hasRead: true }), [['carol'], '']);
  });

  test('who came later without the history does not count', async () => {
    await using world = await World.open({ TESSERA_HISTORY_FOR_NEW_MEMBERS: 'false' });
    await world.register('dora');
    await makeTeam(world, 'team');
    await say(world, 'alice', 'team', 'before');
    await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'team', invitedUserIDs: ['dora'] });
    await say(world, 'dora', 'team', 'here I am');
    assert.deepEqual(await readers(world, { seq: 2, hasRead: true }), [null, '']);
    assert.deepEqual(await readers(world, { seq: 2, hasRead: false }), [['bob', 'carol'], '']);
    assert.equal(await codeFor(world, 'dora', getGroupReaders.path, { ...one, seq: 2, userID: 'dora' }), 1004);
  });
});
