/** Transferring and dismissing: relations-groups.md 8.8 and 8.9; notices 1507, 1511, 1513. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import dismissGroup from '../../src/http/routes/group/dismiss_group.ts';
import transferGroup from '../../src/http/routes/group/transfer_group.ts';
import { logOf, query, readGroup, rolesIn, windowOf } from './group-rows.ts';
import {
  actAs,
  as,
  cast,
  codeFor,
  codeForSpeaking,
  dismiss,
  makeTeam,
  readableBy,
  refusal,
  say,
} from './group-scenes.ts';
import { Listener } from './listener.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const hand = (oldOwnerUserID: string, newOwnerUserID: string) => ({ oldOwnerUserID, newOwnerUserID });
const givenTeam = (groupID: string) => (world: World) => makeTeam(world, groupID);
const givenNoMore = (groupID: string) => async (world: World) => {
  await makeTeam(world, groupID);
  await dismiss(world, groupID);
};

testEndpoint(
  transferGroup,
  [
    {
      name: '8.8: the two change roles, in one step of the member log that sorts it anew',
      token: as('alice'),
      given: givenTeam('swap'),
      body: { groupID: 'swap', ...hand('alice', 'bob') },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'swap'), { alice: 60, bob: 100, carol: 20 });
          assert.equal(readGroup(world, 'swap').group.owner_user_id, 'bob');
          const news = logOf(world, 'group_members', 'swap').filter(([, , version]) => version > 2);
          assert.deepEqual(news, [
            [':sort', 3, 3],
            ['alice', 3, 3],
            ['bob', 3, 3],
          ]);
        },
      },
    },
    {
      name: '8.8: an IM admin gives the group to an ordinary member',
      body: { groupID: 'swap', ...hand('bob', 'carol') },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) =>
          assert.deepEqual(rolesIn(world, 'swap'), { alice: 60, bob: 20, carol: 100 }),
      },
    },
    refusal('defect of OpenIM: a transfer by an IM admin from who is not the owner', {
      by: 'imAdmin',
      errCode: 1001,
      groupID: 'keep',
      body: hand('bob', 'carol'),
      given: givenTeam('keep'),
    }),
    ...(
      [
        ['to oneself', 'alice', 1001, hand('alice', 'alice')],
        ['to a stranger', 'alice', 1001, hand('alice', 'dora')],
        ['by a stranger', 'dora', 1001, hand('dora', 'bob')],
        ['by an admin of the group', 'bob', 1002, hand('bob', 'carol')],
        ["by another in the owner's name", 'bob', 1002, hand('alice', 'bob')],
      ] as const
    ).map(([name, by, errCode, body]) => refusal(`a transfer ${name}`, { by, errCode, groupID: 'keep', body })),
    refusal('a transfer in an unknown group', {
      by: 'alice',
      errCode: 1004,
      groupID: 'none',
      body: hand('alice', 'bob'),
    }),
    refusal('a transfer in a dismissed group', {
      by: 'alice',
      errCode: 1204,
      groupID: 'gone',
      body: hand('alice', 'bob'),
      given: givenNoMore('gone'),
    }),
  ],
  cast,
);

testEndpoint(
  dismissGroup,
  [
    {
      name: '8.9: the group stays without owner and members, which leave their lists; its member log begins anew',
      token: as('alice'),
      given: givenTeam('ended'),
      body: { groupID: 'ended' },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'ended'), {});
          const expected = { status: 2, owner_user_id: '', member_count: 0, name: 'ended' };
          assert.partialDeepStrictEqual({ ...readGroup(world, 'ended').group }, expected);
          assert.deepEqual(logOf(world, 'group_members', 'ended'), []);
          for (const userID of ['alice', 'bob', 'carol']) {
            assert.deepEqual(logOf(world, 'joined_groups', userID).at(-1)?.slice(0, 2), ['ended', 2]);
            assert.deepEqual(windowOf(world, userID, 'ended'), { minSeq: 0, maxSeq: 0 });
          }
        },
      },
    },
    {
      name: 'an IM admin dismisses, with deleteMember just as well',
      given: givenTeam('ended2'),
      body: { groupID: 'ended2', deleteMember: true },
      expect: { errCode: 0, data: (_data: unknown, world: World) => assert.deepEqual(rolesIn(world, 'ended2'), {}) },
    },
    refusal('dismissing by an admin of the group', {
      by: 'bob',
      errCode: 1002,
      groupID: 'lives',
      body: {},
      given: givenTeam('lives'),
    }),
    refusal('dismissing by a member', { by: 'carol', errCode: 1002, groupID: 'lives', body: {} }),
    refusal('dismissing by a stranger', { by: 'dora', errCode: 1002, groupID: 'lives', body: {} }),
    refusal('dismissing an unknown group', { by: 'alice', errCode: 1004, groupID: 'none', body: {} }),
    ...['alice', 'imAdmin'].map((by) =>
      refusal(`dismissing again by ${by}`, { by, errCode: 1004, groupID: 'ended', body: {} }),
    ),
  ],
  cast,
);

test('1507 tells who has the group now, and who had it', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using carol = await Listener.open(world, 'carol');
  await actAs(world, 'alice', '/group/transfer_group', { groupID: 'g', ...hand('alice', 'bob') });
  const { tips, message } = await carol.hear(1507);
  assert.equal(message.sendID, 'alice');
  assert.deepEqual(Object.keys(tips).sort(), [
    'group',
    'groupMemberVersion',
    'groupMemberVersionID',
    'newGroupOwner',
    'oldGroupOwner',
    'oldGroupOwnerInfo',
    'opUser',
    'operationTime',
  ]);
  assert.partialDeepStrictEqual(tips, {
    group: { ownerUserID: 'bob' },
    opUser: { userID: 'alice' },
    newGroupOwner: { userID: 'bob', roleLevel: 100, nickname: 'bob' },
    oldGroupOwner: '',
    oldGroupOwnerInfo: { userID: 'alice', roleLevel: 60 },
    operationTime: 0,
    groupMemberVersion: 3,
  });
  await carol.hear(1507, { inChat: true });
});

test('F7: a transfer to a muted member ends the mute, and one sync from before gives the two whose data differ', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await actAs(world, 'alice', '/group/mute_group_member', { groupID: 'g', userID: 'carol', mutedSeconds: 600 });
  await using bob = await Listener.open(world, 'bob');
  await actAs(world, 'alice', '/group/transfer_group', { groupID: 'g', ...hand('alice', 'carol') });
  const unmuted = (await bob.hear(1513)).tips;
  assert.partialDeepStrictEqual(unmuted, { mutedUser: { userID: 'carol', muteEndTime: 0 }, groupMemberVersion: 4 });
  assert.equal((await bob.hear(1507)).tips.groupMemberVersion, 5);
  assert.equal(readGroup(world, 'g').members.get('carol')?.mutedUntil, 0);
  const news = logOf(world, 'group_members', 'g').filter(([, , version]) => version > 3);
  assert.deepEqual(news, [
    [':sort', 3, 5],
    ['alice', 3, 5],
    ['carol', 3, 5],
  ]);
});

test('a mute that has ended is no mute: nothing but the transfer is told', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await actAs(world, 'alice', '/group/mute_group_member', { groupID: 'g', userID: 'carol', mutedSeconds: 1 });
  world.passTime(2000);
  await using bob = await Listener.open(world, 'bob');
  await actAs(world, 'alice', '/group/transfer_group', { groupID: 'g', ...hand('alice', 'carol') });
  assert.equal((await bob.hear(1507)).tips.groupMemberVersion, 4);
  assert.equal(bob.count(1513), 0);
});

test('F8: dismissing over REST reaches every member, with the status in it; they read its line and what was before', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await say(world, 'alice', 'g', 'one');
  await using carol = await Listener.open(world, 'carol');
  await using alice = await Listener.open(world, 'alice');
  await world.call('/group/dismiss_group', { groupID: 'g' });
  for (const listener of [carol, alice]) {
    await listener.hear(1511, { inChat: true });
    const { tips } = await listener.hear(1511);
    assert.deepEqual(Object.keys(tips).sort(), ['group', 'opUser', 'operationTime']);
    assert.partialDeepStrictEqual(tips, {
      group: { groupID: 'g', status: 2, memberCount: 0, ownerUserID: '' },
      opUser: { userID: 'imAdmin', roleLevel: 60, appMangerLevel: 2 },
    });
  }
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['1501', 'one', '1511']);
});

test('F5: from the answer to dismiss_group on, nothing is said in the group, by nobody: 1204', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await dismiss(world, 'g');
  for (const sendID of ['imAdmin', 'alice', 'dora']) {
    assert.equal(await codeForSpeaking(world, sendID, 'g'), 1204);
  }
  const [{ max_seq }] = query(world, 'SELECT max_seq FROM conversation_seqs WHERE conversation_id = ?', 'sg_g');
  assert.equal(max_seq, 2);
});

test('F5: nothing that is under way when a group is dismissed, or its sender kicked, comes after that line', async () => {
  await using world = await World.open();
  const storedAs = async (groupID: string, lastWords: (storm: readonly Promise<number>[]) => Promise<unknown>) => {
    await makeTeam(world, groupID);
    const storm = Array.from({ length: 60 }, () => codeForSpeaking(world, 'carol', groupID));
    await storm[0];
    await lastWords(storm);
    const codes = await Promise.all(storm);
    const messages = query(
      world,
      'SELECT content_type, seq FROM messages WHERE conversation_id = ? ORDER BY seq',
      `sg_${groupID}`,
    );
    assert.equal(codes.filter((code) => code === 0).length, messages.filter((m) => m.content_type === 101).length);
    return { codes: new Set(codes), last: messages.at(-1)?.content_type };
  };
  const dismissed = await storedAs('ends', () => dismiss(world, 'ends'));
  assert.equal(dismissed.last, 1511);
  assert.ok(dismissed.codes.isSubsetOf(new Set([0, 1204])));
  const kicked = await storedAs('goes', () =>
    actAs(world, 'alice', '/group/kick_group', { groupID: 'goes', kickedUserIDs: ['carol'], reason: '' }),
  );
  assert.ok(kicked.codes.isSubsetOf(new Set([0, 1203])));
  assert.equal(kicked.last, 1508);
});

test('nobody comes into a dismissed group: by invitation, joining or an answer, 1204; requests stay as they are', async () => {
  await using world = await World.open();
  await world.register('dora');
  await makeTeam(world, 'g');
  await actAs(world, 'dora', '/group/join_group', { groupID: 'g', joinSource: 3, inviterUserID: 'dora' });
  await dismiss(world, 'g');
  const join = { groupID: 'g', joinSource: 3, inviterUserID: 'dora' };
  assert.equal(await codeFor(world, 'dora', '/group/join_group', join), 1204);
  const invitation = { groupID: 'g', invitedUserIDs: ['dora'] };
  assert.equal(await codeFor(world, 'imAdmin', '/group/invite_user_to_group', invitation), 1204);
  const answer = { groupID: 'g', fromUserID: 'dora', handleResult: 1 };
  assert.equal(await codeFor(world, 'imAdmin', '/group/group_application_response', answer), 1204);
  assert.deepEqual(rolesIn(world, 'g'), {});
});
