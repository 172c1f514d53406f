/** rest-core.md 7.4: who shows a user's profile hears that it has changed, and finds it in the next sync. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logOf } from './group-rows.ts';
import { actAs, makeTeam } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { World } from './world.ts';

test('7.4 a new nickname reaches the own devices, groups that show it and who has the user as a friend', async () => {
  await using world = await World.open();
  await world.register('dora');
  await makeTeam(world, 'shown');
  await makeTeam(world, 'hidden');
  const ownName = { groupID: 'hidden', userID: 'carol', nickname: 'C', faceURL: 'own' };
  await actAs(world, 'carol', '/group/set_group_member_info', { members: [ownName] });
  await world.call('/friend/import_friend', { ownerUserID: 'dora', friendUserIDs: ['carol'] });
  // Known defect of the reference: it asks whom carol has as a friend, and not who has her.
  await actAs(world, 'carol', '/friend/delete_friend', { ownerUserID: 'carol', friendUserID: 'dora' });
  await using carol = await Listener.open(world, 'carol');
  await using bob = await Listener.open(world, 'bob');
  await using dora = await Listener.open(world, 'dora');
  const before = logOf(world, 'group_members', 'hidden');

  await actAs(world, 'carol', '/user/update_user_info_ex', { userInfo: { userID: 'carol', nickname: 'Caroline' } });

  assert.deepEqual((await carol.hear(1303)).tips, { userID: 'carol' });
  const { tips, conversationID } = await bob.hear(1516);
  assert.equal(conversationID, 'n_shown');
  assert.partialDeepStrictEqual(tips, {
    group: { groupID: 'shown' },
    opUser: { userID: 'carol', nickname: 'Caroline' },
    changedUser: { userID: 'carol', nickname: 'Caroline' },
    groupMemberVersion: 3,
  });
  assert.deepEqual((await dora.hear(1209)).tips, { userID: 'carol' });
  assert.ok(logOf(world, 'friends', 'dora').some(([itemID, state]) => itemID === 'carol' && state === 3));
  assert.deepEqual(logOf(world, 'group_members', 'hidden'), before, 'a group that shows neither hears nothing');
  assert.deepEqual(
    (await bob.everything(world)).map(({ message }) => message.contentType),
    [],
  );
});

test('7.4 what others do not see is told to the own devices only', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using bob = await Listener.open(world, 'bob');
  await using carol = await Listener.open(world, 'carol');
  const userInfo = { userID: 'carol', nickname: 'carol', ex: 'other', globalRecvMsgOpt: 2 };
  await actAs(world, 'carol', '/user/update_user_info_ex', { userInfo });
  await carol.hear(1303);
  assert.deepEqual(await bob.everything(world), []);
});
