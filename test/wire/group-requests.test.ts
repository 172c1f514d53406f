/** Joining and being let in: relations-groups.md 8.3 and 8.5; notices 1503, 1505, 1506, 1510. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import groupApplicationResponse from '../../src/http/routes/group/group_application_response.ts';
import joinGroup from '../../src/http/routes/group/join_group.ts';
import { logOf, query, readGroup, rolesIn, windowOf } from './group-rows.ts';
import { actAs, as, cast, codeFor, makeTeam, refusal } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const team = { alice: 100, bob: 60, carol: 20 };
const nobodyAsked = { needVerification: 2 };

const requestOf = (world: World, userID: string, groupID: string) =>
  ({
    ...query(world, 'SELECT * FROM group_requests WHERE group_id = ? AND user_id = ?', groupID, userID)[0],
  }) as Record<string, unknown>;
const ask = (world: World, userID: string, groupID: string, fields: object = {}) =>
  actAs(world, userID, '/group/join_group', {
    groupID,
    joinSource: 3,
    inviterUserID: userID,
    reqMessage: 'please',
    ...fields,
  });

testEndpoint(
  joinGroup,
  [
    {
      name: '8.3: where nobody is asked a user joins at once, in one step of each log; defect of OpenIM: with the joinSource',
      token: as('dora'),
      given: (world) => makeTeam(world, 'free', nobodyAsked),
      body: { groupID: 'free', joinSource: 4, inviterUserID: 'dora' },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'free'), { ...team, dora: 20 });
          assert.equal(readGroup(world, 'free').group.member_count, 4);
          const expected = { joinSource: 4, operator: 'dora', inviter: 'dora' };
          assert.partialDeepStrictEqual(readGroup(world, 'free').members.get('dora'), expected);
          assert.deepEqual(logOf(world, 'group_members', 'free').at(-1), ['dora', 1, 3]);
          assert.deepEqual(logOf(world, 'joined_groups', 'dora'), [['free', 1, 2]]);
          assert.deepEqual(windowOf(world, 'dora', 'free'), { minSeq: 0, maxSeq: 0 });
          assert.deepEqual(requestOf(world, 'dora', 'free'), {});
        },
      },
    },
    {
      name: '8.3: elsewhere a request is kept, and nobody joins',
      token: as('dora'),
      given: (world) => makeTeam(world, 'asked'),
      body: { groupID: 'asked', joinSource: 3, inviterUserID: 'dora', reqMessage: 'hi', ex: 'x' },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'asked'), team);
          const expected = { req_msg: 'hi', ex: 'x', join_source: 3, handle_result: 0, inviter_user_id: '' };
          assert.partialDeepStrictEqual(requestOf(world, 'dora', 'asked'), expected);
        },
      },
    },
    {
      name: '8.3: asking again takes the place of the request, also of one that was refused',
      token: as('dora'),
      given: (world) =>
        actAs(world, 'bob', '/group/group_application_response', {
          groupID: 'asked',
          fromUserID: 'dora',
          handleResult: -1,
          handledMsg: 'no',
        }),
      body: { groupID: 'asked', joinSource: 4, inviterUserID: 'dora', reqMessage: 'again' },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          const expected = { req_msg: 'again', join_source: 4, handle_result: 0, handle_msg: '', handled_at: 0 };
          assert.partialDeepStrictEqual(requestOf(world, 'dora', 'asked'), expected);
        },
      },
    },
    {
      name: 'an IM admin asks for others',
      body: { groupID: 'free', joinSource: 1, inviterUserID: 'eve' },
      expect: { errCode: 0, data: holdsRoles('free', { ...team, dora: 20, eve: 20 }) },
    },
    ...[0, 5, -1].map((joinSource) =>
      refusal(`joinSource ${joinSource}`, {
        by: 'frank',
        errCode: 1001,
        groupID: 'free',
        body: { joinSource, inviterUserID: 'frank' },
      }),
    ),
    refusal('an invitation by nobody', { by: 'frank', errCode: 1001, groupID: 'free', body: { joinSource: 2 } }),
    refusal('a member', { by: 'bob', errCode: 1001, groupID: 'free', body: { joinSource: 3, inviterUserID: 'bob' } }),
    refusal("defect of OpenIM: asking in another's name", {
      by: 'frank',
      errCode: 1002,
      groupID: 'asked',
      body: { joinSource: 3, inviterUserID: 'eve' },
    }),
    refusal('an unknown user', {
      by: 'imAdmin',
      errCode: 1004,
      groupID: 'free',
      body: { joinSource: 3, inviterUserID: 'nobody' },
    }),
    refusal('an unknown group', {
      by: 'frank',
      errCode: 1004,
      groupID: 'none',
      body: { joinSource: 3, inviterUserID: 'frank' },
    }),
  ],
  cast,
);

const answer = { fromUserID: 'dora', handleResult: 1 };

testEndpoint(
  groupApplicationResponse,
  [
    {
      name: '8.5: who is let in joins, in one step of each log; defect of OpenIM: the answer is kept',
      token: as('bob'),
      given: async (world) => {
        await makeTeam(world, 'asked');
        await ask(world, 'dora', 'asked');
      },
      body: { groupID: 'asked', ...answer, handledMsg: 'welcome' },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'asked'), { ...team, dora: 20 });
          const expected = { joinSource: 3, operator: 'bob', inviter: '' };
          assert.partialDeepStrictEqual(readGroup(world, 'asked').members.get('dora'), expected);
          const { handled_at: handledAt, ...request } = requestOf(world, 'dora', 'asked');
          assert.partialDeepStrictEqual(request, { handle_result: 1, handler_user_id: 'bob', handle_msg: 'welcome' });
          assert.ok(Number(handledAt) > 0);
          assert.deepEqual(logOf(world, 'group_members', 'asked').at(-1), ['dora', 1, 3]);
          assert.deepEqual(logOf(world, 'joined_groups', 'dora'), [['asked', 1, 2]]);
        },
      },
    },
    {
      name: '8.5: who was refused stays out',
      token: as('alice'),
      given: (world) => ask(world, 'eve', 'asked'),
      body: { groupID: 'asked', fromUserID: 'eve', handleResult: -1 },
      expect: { errCode: 0, data: holdsRoles('asked', { ...team, dora: 20 }) },
    },
    {
      name: '8.5: who has come by another way meanwhile is answered, and nothing else changes',
      token: as('alice'),
      given: async (world) => {
        await ask(world, 'frank', 'asked');
        await actAs(world, 'carol', '/group/invite_user_to_group', { groupID: 'asked', invitedUserIDs: ['frank'] });
      },
      body: { groupID: 'asked', fromUserID: 'frank', handleResult: 1 },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(logOf(world, 'group_members', 'asked').at(-1), ['frank', 1, 4]);
          assert.equal(readGroup(world, 'asked').group.member_count, 5);
          assert.equal(requestOf(world, 'frank', 'asked').handle_result, 1);
        },
      },
    },
    refusal('an answer to a request that was answered', { by: 'bob', errCode: 1206, groupID: 'asked', body: answer }),
    refusal('an answer to a request that was refused', {
      by: 'bob',
      errCode: 1206,
      groupID: 'asked',
      body: { fromUserID: 'eve', handleResult: 1 },
    }),
    refusal('an answer to no request', {
      by: 'bob',
      errCode: 1004,
      groupID: 'asked',
      body: { fromUserID: 'nobody', handleResult: 1 },
    }),
    ...(
      [
        ['of an ordinary member', 'carol', 1002],
        ['of a stranger', 'eve', 1004],
      ] as const
    ).map(([name, by, errCode]) =>
      refusal(`the answer ${name}`, {
        by,
        errCode,
        groupID: 'other',
        body: answer,
        given: async (world) => {
          if (query(world, "SELECT * FROM groups WHERE group_id = 'other'").length === 0)
            await makeTeam(world, 'other');
          await ask(world, 'dora', 'other');
        },
      }),
    ),
    refusal('an answer about an unknown group', { by: 'bob', errCode: 1004, groupID: 'none', body: answer }),
    ...[0, 2, -2].map((handleResult) =>
      refusal(`the answer ${handleResult}`, {
        by: 'bob',
        errCode: 1001,
        groupID: 'other',
        body: { ...answer, handleResult },
      }),
    ),
  ],
  cast,
);

function holdsRoles(groupID: string, roles: object) {
  return (_data: unknown, world: World) => assert.deepEqual(rolesIn(world, groupID), roles);
}

test('1503 goes to owner, admins and the user who asks, one event to all; 1505 tells each as what it hears', async () => {
  await using world = await World.open();
  await world.register('dora');
  await makeTeam(world, 'g');
  const listeners = await Promise.all(['alice', 'bob', 'dora'].map((userID) => Listener.open(world, userID)));
  await using carol = await Listener.open(world, 'carol');
  await ask(world, 'dora', 'g', { ex: 'x' });
  const uuids = new Set<string>();
  for (const listener of listeners) {
    const { tips, message } = await listener.hear(1503, { toOneself: true });
    assert.partialDeepStrictEqual(message, { sendID: 'dora', recvID: listener.userID, sessionType: 1, seq: 0 });
    assert.deepEqual(Object.keys(tips), ['group', 'applicant', 'reqMsg', 'uuid', 'request']);
    const dora = { userID: 'dora', nickname: 'dora', faceURL: '', ex: '' };
    assert.partialDeepStrictEqual(tips, { group: { groupID: 'g' }, applicant: dora, reqMsg: 'please' });
    const request = { userInfo: dora, groupInfo: null, handleResult: 0, reqMsg: 'please', ex: 'x', joinSource: 3 };
    assert.partialDeepStrictEqual(tips.request, request);
    uuids.add(tips.uuid);
  }
  await actAs(world, 'bob', '/group/group_application_response', { groupID: 'g', ...answer, handledMsg: 'welcome' });
  for (const listener of listeners) {
    const { tips } = await listener.hear(1505, { toOneself: true });
    assert.deepEqual(Object.keys(tips), ['group', 'opUser', 'handleMsg', 'receiverAs', 'uuid', 'request']);
    assert.partialDeepStrictEqual(tips, {
      group: { groupID: 'g', memberCount: 4 },
      opUser: { userID: 'bob', roleLevel: 60 },
      handleMsg: 'welcome',
      receiverAs: listener.userID === 'dora' ? 0 : 1,
      request: { handleResult: 1, handleUserID: 'bob', handleMsg: 'welcome', userInfo: { userID: 'dora' } },
    });
    uuids.add(tips.uuid);
  }
  assert.equal(uuids.size, 2);
  assert.ok(!uuids.has(''));
  // What carol hears next is the first of it that concerns her.
  assert.equal((await carol.hear(1510)).tips.entrantUser.userID, 'dora');
  assert.deepEqual([carol.count(1503), carol.count(1505)], [0, 0]);
  for (const listener of listeners) await listener[Symbol.asyncDispose]();
});

test('1506 tells a refusal', async () => {
  await using world = await World.open();
  await world.register('dora');
  await makeTeam(world, 'g');
  await ask(world, 'dora', 'g');
  await using dora = await Listener.open(world, 'dora');
  await actAs(world, 'alice', '/group/group_application_response', {
    groupID: 'g',
    fromUserID: 'dora',
    handleResult: -1,
    handledMsg: 'no',
  });
  const { tips } = await dora.hear(1506);
  assert.partialDeepStrictEqual(tips, { handleMsg: 'no', receiverAs: 0, request: { handleResult: -1 } });
});

test('defect of OpenIM: 1503 has who is proposed as the applicant; that user hears of it when let in, with the inviter', async () => {
  await using world = await World.open();
  await world.register('dora');
  await makeTeam(world, 'g', { needVerification: 1 });
  await using alice = await Listener.open(world, 'alice');
  await using carol = await Listener.open(world, 'carol');
  await using dora = await Listener.open(world, 'dora');
  await actAs(world, 'carol', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['dora'] });
  for (const listener of [alice, carol]) {
    const { tips } = await listener.hear(1503);
    const request = { userInfo: { userID: 'dora' }, inviterUserID: 'carol', joinSource: 2 };
    assert.partialDeepStrictEqual(tips, { applicant: { userID: 'dora' }, reqMsg: '', request });
  }
  await actAs(world, 'alice', '/group/group_application_response', { groupID: 'g', ...answer });
  const { tips } = await dora.hear(1509);
  assert.partialDeepStrictEqual(tips, {
    opUser: { userID: 'alice' },
    inviterUser: { userID: 'carol', nickname: 'carol', roleLevel: 20 },
    invitedUserList: [{ userID: 'dora', joinSource: 2, inviterUserID: 'carol', operatorUserID: 'alice' }],
  });
  assert.equal(dora.count(1503), 0);
});

test('defect of OpenIM: an applicant who is admin by now is told once, as the applicant', async () => {
  await using world = await World.open();
  await world.register('dora', 'eve');
  await makeTeam(world, 'g');
  await ask(world, 'dora', 'g');
  await ask(world, 'eve', 'g');
  await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['dora'] });
  const members = [{ groupID: 'g', userID: 'dora', roleLevel: 60 }];
  await actAs(world, 'alice', '/group/set_group_member_info', { members });
  await using dora = await Listener.open(world, 'dora');
  for (const fromUserID of ['dora', 'eve']) {
    await actAs(world, 'alice', '/group/group_application_response', { groupID: 'g', fromUserID, handleResult: 1 });
  }
  // In one conversation, so in their order: nothing has come in between.
  for (const [userID, receiverAs] of [
    ['dora', 0],
    ['eve', 1],
  ] as const) {
    assert.partialDeepStrictEqual((await dora.hear(1505)).tips, { receiverAs, request: { userInfo: { userID } } });
  }
});

test('of two admins who answer at once one is right, and the group has one member more', async () => {
  await using world = await World.open();
  await world.register('dora');
  await makeTeam(world, 'g');
  await ask(world, 'dora', 'g');
  const codes = await Promise.all(
    [['alice', 1] as const, ['bob', -1] as const].map(([userID, handleResult]) =>
      codeFor(world, userID, '/group/group_application_response', { groupID: 'g', fromUserID: 'dora', handleResult }),
    ),
  );
  assert.deepEqual(codes.toSorted(), [0, 1206]);
  const isIn = codes[0] === 0;
  assert.equal(rolesIn(world, 'g').dora, isIn ? 20 : undefined);
  assert.equal(requestOf(world, 'dora', 'g').handle_result, isIn ? 1 : -1);
});
