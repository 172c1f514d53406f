/** How much a group may say of itself, and how many may be in one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everythingOf, query, readGroup, rolesIn } from './group-rows.ts';
import { actAs, codeFor, makeTeam } from './group-scenes.ts';
import { World } from './world.ts';

let world: World;

before(async () => {
  world = await World.open({
    TESSERA_MAX_GROUP_TEXT_BYTES: '10',
    TESSERA_MAX_REQUEST_MSG_BYTES: '12',
    TESSERA_MAX_NICKNAME_BYTES: '14',
    TESSERA_MAX_FACE_URL_BYTES: '16',
    TESSERA_MAX_EX_BYTES: '18',
    TESSERA_MAX_GROUP_MEMBERS: '5',
    TESSERA_MAX_JOINED_GROUPS: '2',
  });
  await world.register('dora', 'eve', 'frank', 'gina', 'hal');
});
after(() => world[Symbol.asyncDispose]());

/** Of exactly so many bytes. */
const text = (bytes: number) => 'ä'.repeat(bytes / 2);
const asAdmin = (path: string, body: object) => codeFor(world, 'imAdmin', path, body);
const create = (groupID: string, fields: object, members: object = {}) =>
  asAdmin('/group/create_group', {
    groupInfo: { groupID, groupType: 2, ...fields },
    ownerUserID: 'imAdmin',
    ...members,
  });
const set = (groupID: string, fields: object) => asAdmin('/group/set_group_info_ex', { groupID, ...fields });
/** Each group of these tests goes when it is done with: one is in no more than two. */
const drop = (groupID: string) => world.call('/group/dismiss_group', { groupID });

interface GroupText {
  readonly field: string;
  readonly column: string;
  readonly bytes: number;
}

async function keeps({ field, column, bytes }: GroupText): Promise<void> {
  assert.equal(await create(field, { [field]: text(bytes) }), 0);
  assert.equal(await set(field, { [field]: text(bytes) }), 0);
  assert.equal(readGroup(world, field).group[column], text(bytes));
}

async function refusesMore({ field, bytes }: GroupText): Promise<void> {
  const earlier = everythingOf(world, field);
  assert.equal(await set(field, { [field]: `${text(bytes)}x` }), 1001);
  assert.deepEqual(everythingOf(world, field), earlier);
  await drop(field);
  assert.equal(await create(`${field}2`, { [field]: `${text(bytes)}x` }), 1001);
  assert.equal(readGroup(world, `${field}2`).group, undefined);
}

const notification = { field: 'notification', column: 'notification', bytes: 10 };
const introduction = { field: 'introduction', column: 'introduction', bytes: 10 };
const groupName = { field: 'groupName', column: 'name', bytes: 14 };
const faceURL = { field: 'faceURL', column: 'face_url', bytes: 16 };
const ex = { field: 'ex', column: 'ex', bytes: 18 };

test('limit maxGroupTextBytes: an announcement of as many bytes is kept', () => keeps(notification));
test('limit maxGroupTextBytes: one byte more is 1001, and nothing is changed', () => refusesMore(notification));
test('limit maxGroupTextBytes: an introduction of as many bytes is kept', () => keeps(introduction));
test('limit maxGroupTextBytes: an introduction of one more is 1001', () => refusesMore(introduction));
test('limit maxNicknameBytes: a group has a name of as many bytes', () => keeps(groupName));
test('limit maxNicknameBytes: and not of one more', () => refusesMore(groupName));
test('limit maxFaceUrlBytes: a group has a faceURL of as many bytes', () => keeps(faceURL));
test('limit maxFaceUrlBytes: a group has none of one more', () => refusesMore(faceURL));
test('limit maxExBytes: a group has an ex of as many bytes', () => keeps(ex));
test('limit maxExBytes: a group has none of one more', () => refusesMore(ex));

const memberFields = [
  ['maxNicknameBytes', 'nickname', 14],
  ['maxFaceUrlBytes', 'faceURL', 16],
  ['maxExBytes', 'ex', 18],
] as const;

for (const [limit, field, bytes] of memberFields) {
  test(`limit ${limit}: a member's ${field} is kept up to it; one byte more is 1001, and nothing is changed`, async () => {
    const groupID = `of-${field}`;
    await makeTeam(world, groupID);
    const setMember = (value: string) =>
      asAdmin('/group/set_group_member_info', { members: [{ groupID, userID: 'carol', [field]: value }] });
    assert.equal(await setMember(text(bytes)), 0);
    const earlier = everythingOf(world, groupID);
    assert.equal(await setMember(`${text(bytes)}x`), 1001);
    assert.deepEqual(everythingOf(world, groupID), earlier);
    await drop(groupID);
  });
}

const ask = (reqMessage: string) =>
  codeFor(world, 'dora', '/group/join_group', { groupID: 'asked', joinSource: 3, inviterUserID: 'dora', reqMessage });
const answer = (handledMsg: string) =>
  asAdmin('/group/group_application_response', { groupID: 'asked', fromUserID: 'dora', handleResult: -1, handledMsg });

test('limit maxRequestMsgBytes: as many bytes said with a request to join, and in answer, are kept', async () => {
  await makeTeam(world, 'asked');
  assert.equal(await ask(text(12)), 0);
  assert.equal(await answer(text(12)), 0);
  const [request] = query(world, 'SELECT * FROM group_requests WHERE group_id = ?', 'asked');
  assert.deepEqual([request.req_msg, request.handle_msg], [text(12), text(12)]);
});

test('limit maxRequestMsgBytes: one byte more is 1001, and nothing is changed', async () => {
  assert.equal(await ask('again'), 0);
  const earlier = everythingOf(world, 'asked');
  assert.equal(await ask(`${text(12)}x`), 1001);
  assert.equal(await answer(`${text(12)}x`), 1001);
  assert.deepEqual(everythingOf(world, 'asked'), earlier);
  await drop('asked');
});

const invite = (groupID: string, ...invitedUserIDs: string[]) =>
  asAdmin('/group/invite_user_to_group', { groupID, invitedUserIDs });

test('limit maxGroupMembers: a group may have as many', async () => {
  assert.equal(await create('full', {}, { ownerUserID: 'dora', memberUserIDs: ['eve', 'frank', 'gina', 'hal'] }), 0);
  await world.call('/group/kick_group', { groupID: 'full', kickedUserIDs: ['hal'] });
  assert.equal(await invite('full', 'hal'), 0);
  assert.equal(Object.keys(rolesIn(world, 'full')).length, 5);
});

test('limit maxGroupMembers: one more is 1001 whichever way it comes, and nobody joins', async () => {
  const six = { ownerUserID: 'dora', memberUserIDs: ['eve', 'frank', 'gina', 'hal', 'alice'] };
  assert.equal(await create('six', {}, six), 1001);
  assert.equal(readGroup(world, 'six').group, undefined);
  const join = { groupID: 'full', joinSource: 3, inviterUserID: 'alice' };
  await actAs(world, 'alice', '/group/join_group', join);
  const earlier = everythingOf(world, 'full');
  assert.equal(await invite('full', 'alice'), 1001);
  const letIn = { groupID: 'full', fromUserID: 'alice', handleResult: 1 };
  assert.equal(await asAdmin('/group/group_application_response', letIn), 1001);
  assert.deepEqual(everythingOf(world, 'full'), earlier);
  await set('full', { needVerification: 2 });
  assert.equal(await codeFor(world, 'alice', '/group/join_group', join), 1001);
  await drop('full');
});

test('limit maxJoinedGroups: a user may be in as many', async () => {
  assert.equal(await create('one', {}, { ownerUserID: 'dora', memberUserIDs: ['eve'] }), 0);
  assert.equal(await create('two', {}, { ownerUserID: 'dora', memberUserIDs: ['frank'] }), 0);
  assert.equal(await invite('two', 'eve'), 0);
});

test('limit maxJoinedGroups: one more is 1001, and nobody joins', async () => {
  assert.equal(await create('three', {}, { ownerUserID: 'dora' }), 1001);
  assert.equal(await create('three', {}, { ownerUserID: 'frank', memberUserIDs: ['gina', 'eve'] }), 1001);
  assert.equal(readGroup(world, 'three').group, undefined);
  assert.equal(await create('three', {}, { ownerUserID: 'frank' }), 0);
  const earlier = everythingOf(world, 'three');
  assert.equal(await invite('three', 'hal', 'eve'), 1001);
  assert.deepEqual(everythingOf(world, 'three'), earlier);
  await actAs(world, 'eve', '/group/quit_group', { groupID: 'two' });
  assert.equal(await invite('three', 'hal', 'eve'), 0);
});
