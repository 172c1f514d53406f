/** What is too long, too many or of another script: refused whole, or kept as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGroup, rolesIn } from './group-rows.ts';
import { actAs, codeFor, makeTeam } from './group-scenes.ts';
import { World } from './world.ts';

test('a thousand and one invitees are 1001, and so is a nickname of 10 kB; emoji and `_` are kept as they are', async () => {
  await using world = await World.open();
  await world.register('d_ora');
  await makeTeam(world, 'g');
  const invitedUserIDs = Array.from({ length: 1001 }, (_, index) => `user${index}`);
  assert.equal(await codeFor(world, 'imAdmin', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs }), 1001);
  const rename = (nickname: string) => ({ members: [{ groupID: 'g', userID: 'carol', nickname }] });
  const before = rolesIn(world, 'g');
  assert.equal(await codeFor(world, 'carol', '/group/set_group_member_info', rename('n'.repeat(10_240))), 1001);
  assert.deepEqual(rolesIn(world, 'g'), before);

  const nickname = '👩‍👩‍👧 "世界"';
  await actAs(world, 'carol', '/group/set_group_member_info', rename(nickname));
  await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['d_ora'] });
  const { members } = await world.call('/group/get_group_members_info', { groupID: 'g', userIDs: ['carol', 'd_ora'] });
  assert.deepEqual(
    members.map((member: { userID: string; nickname: string }) => [member.userID, member.nickname]),
    [
      ['carol', nickname],
      ['d_ora', 'd_ora'],
    ],
  );
});

for (const groupID of ['a:b', 'a b', 'a\nb']) {
  test(`a group ID ${JSON.stringify(groupID)} is 1001, and no group is made`, async () => {
    await using world = await World.open();
    const body = { groupInfo: { groupID, groupName: 'g', groupType: 2 }, ownerUserID: 'alice' };
    assert.equal(await codeFor(world, 'alice', '/group/create_group', body), 1001);
    assert.equal(readGroup(world, groupID).group, undefined);
  });
}
