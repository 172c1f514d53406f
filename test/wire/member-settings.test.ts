/** What is set of members: relations-groups.md 8.10 and 8.11; notices 1512, 1513, 1516 to 1518. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import cancelMuteGroupMember from '../../src/http/routes/group/cancel_mute_group_member.ts';
import muteGroupMember from '../../src/http/routes/group/mute_group_member.ts';
import setGroupMemberInfo from '../../src/http/routes/group/set_group_member_info.ts';
import { everythingOf, logOf, readGroup, rolesIn } from './group-rows.ts';
import { actAs, as, codeForSpeaking, makeTeam } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

/** Owner alice, admins bob and dora, members carol and eve; frank is a stranger. */
const options = {
  setUp: async (world: World) => {
    await world.register('dora', 'eve', 'frank');
    await makeLargerTeam(world, 'g');
  },
};

const makeLargerTeam = (world: World, groupID: string) =>
  world.call('/group/create_group', {
    groupInfo: { groupID, groupType: 2 },
    ownerUserID: 'alice',
    adminUserIDs: ['bob', 'dora'],
    memberUserIDs: ['carol', 'eve'],
  });

const tokenOf = (userID: string) => (userID === 'imAdmin' ? ('admin' as const) : as(userID));
const mutedUntil = (world: World, userID: string) => readGroup(world, 'g').members.get(userID)?.mutedUntil ?? -1;
const lastStep = (world: World) => logOf(world, 'group_members', 'g').at(-1)?.slice(0, 2);

/** Both mutes have the same rules: who mutes whom, and who not with which code. */
const mayMute = [
  ['alice', 'bob'],
  ['alice', 'carol'],
  ['bob', 'carol'],
  ['imAdmin', 'alice'],
  ['imAdmin', 'dora'],
] as const;
const mayNotMute = [
  ['alice', 'alice', 1002],
  ['bob', 'alice', 1002],
  ['bob', 'dora', 1002],
  ['bob', 'bob', 1002],
  ['carol', 'eve', 1002],
  ['carol', 'carol', 1002],
  ['frank', 'carol', 1004],
  ['alice', 'frank', 1004],
  ['imAdmin', 'frank', 1004],
] as const;

for (const [endpoint, fields] of [
  [muteGroupMember, { mutedSeconds: 600 }],
  [cancelMuteGroupMember, {}],
] as const) {
  const isMute = 'mutedSeconds' in fields;
  testEndpoint(
    endpoint,
    [
      ...mayMute.map(
        ([by, userID]): Scenario => ({
          name: `8.10: ${by} may, of ${userID}: one step of the member log, and the role stays`,
          token: tokenOf(by),
          body: { groupID: 'g', userID, ...fields },
          expect: {
            errCode: 0,
            data: (_data: unknown, world: World) => {
              const until = mutedUntil(world, userID);
              if (isMute) assert.ok(Math.abs(until - Date.now() - 600_000) < 60_000);
              else assert.equal(until, 0);
              assert.deepEqual(lastStep(world), [userID, 3]);
              assert.deepEqual(rolesIn(world, 'g'), { alice: 100, bob: 60, carol: 20, dora: 60, eve: 20 });
            },
          },
        }),
      ),
      ...mayNotMute.map(([by, userID, errCode]) =>
        refused(`${by}, of ${userID}`, by, errCode, { groupID: 'g', userID, ...fields }),
      ),
      refused('no group', 'alice', 1001, { groupID: '', userID: 'carol', ...fields }),
      refused('nobody', 'alice', 1001, { groupID: 'g', userID: '', ...fields }),
      refused('an unknown group', 'alice', 1004, { groupID: 'none', userID: 'carol', ...fields }),
      ...(isMute ? [refused('for no time', 'alice', 1001, { groupID: 'g', userID: 'carol', mutedSeconds: 0 })] : []),
    ],
    options,
  );
}

function refused(name: string, by: string, errCode: number, body: object): Scenario {
  let before: unknown;
  return {
    name: `${name} is ${errCode}, and nothing changes`,
    token: tokenOf(by),
    given: async (world) => {
      before = everythingOf(world, 'g');
    },
    body,
    expect: { errCode, data: (_data: unknown, world: World) => assert.deepEqual(everythingOf(world, 'g'), before) },
  };
}

const member = (userID: string, fields: object, groupID = 'g') => ({ groupID, userID, ...fields });
const roles = { alice: 100, bob: 60, carol: 20, dora: 60, eve: 20 };

/** By whom, what, and the roles afterwards. */
const maySet: readonly (readonly [string, string, readonly object[], object])[] = [
  [
    'the owner makes an admin, and one no admin',
    'alice',
    [member('carol', { roleLevel: 60 }), member('dora', { roleLevel: 20 })],
    { ...roles, carol: 60, dora: 20 },
  ],
  ['an admin of the group makes another', 'bob', [member('dora', { roleLevel: 60 })], { ...roles, carol: 60 }],
  ['an admin of the group steps down', 'carol', [member('carol', { roleLevel: 20 })], roles],
  [
    'an IM admin sets roles without being in the group',
    'imAdmin',
    [member('eve', { roleLevel: 60 })],
    { ...roles, eve: 60 },
  ],
  ['a role may be set to what it is', 'eve', [member('eve', { roleLevel: 60 })], { ...roles, eve: 60 }],
  [
    'a member sets its own name, face and ex',
    'carol',
    [member('carol', { nickname: 'C', faceURL: 'f', ex: 'e', roleLevel: 20 })],
    { ...roles, eve: 60 },
  ],
  ['the owner names itself', 'alice', [member('alice', { nickname: 'A' })], { ...roles, eve: 60 }],
];

const many = Array.from({ length: 1001 }, (_, index) => member(`m${index}`, { ex: 'x' }));

testEndpoint(
  setGroupMemberInfo,
  [
    ...maySet.map(
      ([name, by, members, expected]): Scenario => ({
        name: `8.11: ${name}`,
        token: tokenOf(by),
        body: { members },
        expect: { errCode: 0, data: (_data: unknown, world: World) => assert.deepEqual(rolesIn(world, 'g'), expected) },
      }),
    ),
    {
      name: '10.2: one step of the member log for each member with at least one field',
      token: as('alice'),
      given: (world) => makeLargerTeam(world, 'steps'),
      body: {
        members: [
          member('carol', { nickname: 'C' }, 'steps'),
          member('eve', {}, 'steps'),
          member('bob', { roleLevel: 20, ex: 'x' }, 'steps'),
          member('dora', { faceURL: 'f' }, 'steps'),
        ],
      },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          const news = logOf(world, 'group_members', 'steps').filter(([, , version]) => version > 2);
          assert.deepEqual(news, [
            ['carol', 3, 3],
            [':sort', 3, 4],
            ['bob', 3, 4],
            ['dora', 3, 5],
          ]);
        },
      },
    },
    {
      name: '8.11: members of several groups are changed together',
      token: as('alice'),
      given: (world) => makeLargerTeam(world, 'steps2'),
      body: { members: [member('carol', { nickname: 'X' }, 'steps2'), member('carol', { nickname: 'Y' }, 'steps')] },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          const names = ['steps2', 'steps'].map((groupID) => readGroup(world, groupID).members.get('carol')?.nickname);
          assert.deepEqual(names, ['X', 'Y']);
        },
      },
    },
    ...(
      [
        ['nobody', 'alice', 1001, []],
        ['1001 members', 'alice', 1001, many],
        ['a repeated member', 'alice', 1001, [member('carol', { ex: '1' }), member('carol', { ex: '2' })]],
        ['a stranger beside a member', 'alice', 1001, [member('carol', { ex: '1' }), member('frank', { ex: '2' })]],
        ['the role 30', 'alice', 1001, [member('carol', { roleLevel: 30 })]],
        ['a second owner', 'alice', 1002, [member('carol', { roleLevel: 100 })]],
        ['a demotion of the owner by itself', 'alice', 1001, [member('alice', { roleLevel: 60 })]],
        ['a demotion of the owner by an IM admin', 'imAdmin', 1001, [member('alice', { roleLevel: 20 })]],
        ['a demotion of the owner by an admin', 'bob', 1002, [member('alice', { roleLevel: 20 })]],
        ['another admin, by an admin', 'bob', 1002, [member('dora', { nickname: 'X' })]],
        ['the owner, by an admin', 'bob', 1002, [member('alice', { nickname: 'X' })]],
        ['another member, by a member', 'carol', 1002, [member('carol', { ex: '1' }), member('bob', { ex: '1' })]],
        ['a promotion of oneself', 'carol', 1002, [member('carol', { roleLevel: 60 })]],
        ['a call of a stranger', 'frank', 1002, [member('carol', { ex: '1' })]],
        [
          'a member of an unknown group',
          'alice',
          1004,
          [member('carol', { ex: '1' }), member('x', { ex: '1' }, 'none')],
        ],
        ['no group', 'alice', 1001, [member('carol', { ex: '1' }, '')]],
      ] as const
    ).map(([name, by, errCode, members]) => refused(name, by, errCode, { members })),
  ],
  options,
);

const versioned = ['group', 'groupMemberVersion', 'groupMemberVersionID', 'opUser', 'operationTime'];

test('1512 and 1513 tell who may not speak and who may again, in the chat too', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using carol = await Listener.open(world, 'carol');
  await actAs(world, 'bob', '/group/mute_group_member', { groupID: 'g', userID: 'carol', mutedSeconds: 60 });
  const muted = (await carol.hear(1512)).tips;
  assert.deepEqual(
    Object.keys(muted).sort(),
    [...versioned.slice(0, 3), 'mutedSeconds', 'mutedUser', ...versioned.slice(3)].sort(),
  );
  assert.partialDeepStrictEqual(muted, {
    mutedSeconds: 60,
    operationTime: 0,
    groupMemberVersion: 3,
    opUser: { userID: 'bob' },
  });
  assert.equal(muted.mutedUser.muteEndTime, readGroup(world, 'g').members.get('carol')?.mutedUntil);
  await carol.hear(1512, { inChat: true });
  await actAs(world, 'bob', '/group/cancel_mute_group_member', { groupID: 'g', userID: 'carol' });
  const unmuted = (await carol.hear(1513)).tips;
  assert.deepEqual(Object.keys(unmuted).sort(), [...versioned, 'mutedUser'].sort());
  assert.partialDeepStrictEqual(unmuted, { mutedUser: { userID: 'carol', muteEndTime: 0 }, groupMemberVersion: 4 });
  await carol.hear(1513, { inChat: true });
});

test('F8: muting and transferring over REST reach every member, with the group in it', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using carol = await Listener.open(world, 'carol');
  await world.call('/group/mute_group_member', { groupID: 'g', userID: 'bob', mutedSeconds: 60 });
  await world.call('/group/mute_group', { groupID: 'g' });
  await world.call('/group/transfer_group', { groupID: 'g', oldOwnerUserID: 'alice', newOwnerUserID: 'bob' });
  for (const [contentType, group] of [
    [1512, { status: 0, ownerUserID: 'alice' }],
    [1514, { status: 3, ownerUserID: 'alice' }],
    [1507, { status: 3, ownerUserID: 'bob' }],
  ] as const) {
    assert.partialDeepStrictEqual((await carol.hear(contentType)).tips.group, {
      groupID: 'g',
      memberCount: 3,
      ...group,
    });
  }
});

test('8.10: who is muted may not speak, admins neither: 1402; the owner may, and everybody when the time is over', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  for (const userID of ['alice', 'bob', 'carol']) {
    await world.call('/group/mute_group_member', { groupID: 'g', userID, mutedSeconds: 60 });
  }
  const codes = () => Promise.all(['alice', 'bob', 'carol'].map((userID) => codeForSpeaking(world, userID, 'g')));
  assert.deepEqual(await codes(), [0, 1402, 1402]);
  world.passTime(61_000);
  assert.deepEqual(await codes(), [0, 0, 0]);
});

test('1516, 1517 and 1518 tell of a member, with the version at which the list was sorted anew', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using alice = await Listener.open(world, 'alice');
  const set = (fields: object) =>
    actAs(world, 'alice', '/group/set_group_member_info', { members: [member('carol', fields)] });
  await set({ roleLevel: 60, nickname: 'Cee' });
  for (const contentType of [1517, 1516]) {
    const { tips } = await alice.hear(contentType);
    assert.deepEqual(Object.keys(tips).sort(), [...versioned, 'changedUser', 'groupSortVersion'].sort());
    assert.partialDeepStrictEqual(tips, {
      changedUser: { userID: 'carol', nickname: 'Cee', roleLevel: 60 },
      operationTime: 0,
      groupMemberVersion: 3,
      groupSortVersion: 3,
    });
  }
  await set({ roleLevel: 20 });
  assert.partialDeepStrictEqual((await alice.hear(1518)).tips, { groupMemberVersion: 4, groupSortVersion: 4 });
  await set({ nickname: '' });
  assert.partialDeepStrictEqual((await alice.hear(1516)).tips, {
    changedUser: { nickname: 'carol', roleLevel: 20 },
    groupMemberVersion: 5,
    groupSortVersion: 0,
  });
});
