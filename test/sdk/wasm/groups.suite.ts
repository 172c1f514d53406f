/** Groups in two browsers, with a third device of the pure-JS SDK: the events and lists of all sides. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { texts, type WasmClient } from '../../support/wasm-client.ts';
import type { Stage } from './stage.ts';

/** Begins and ends with alice and bob logged in and in no group. */
export async function groupStories(t: TestContext, { alice, bob, device, newDevice, logIn }: Stage): Promise<void> {
  const carol = await device('carol');
  let groupID = '';
  let conversationID = '';

  await t.test('who makes a group is its owner, and who was put into it hears so and sees it', async () => {
    const joined = [alice, bob].map((side) => side.next('OnJoinedGroupAdded'));
    const listed = bob.next('OnNewConversation');
    const created = await alice.call('createGroup', {
      memberUserIDs: ['bob'],
      groupInfo: { groupName: 'climbers', groupType: 2 },
    } as never);
    groupID = created.groupID;
    conversationID = `sg_${groupID}`;
    for (const { data } of await Promise.all(joined)) {
      assert.partialDeepStrictEqual(data, { groupID, groupName: 'climbers', ownerUserID: 'alice', memberCount: 2 });
    }
    assert.equal((await listed).data[0].conversationID, conversationID);
    assert.deepEqual([await groups(alice), await groups(bob)], [['climbers'], ['climbers']]);
    assert.deepEqual(await members(bob, groupID), ['alice:100', 'bob:20']);
  });

  await t.test('a message reaches all who are in it, and counts as unread', async () => {
    const received = bob.next('OnRecvNewMessages');
    await say(alice, groupID, 'who is in?');
    const [message] = (await received).data;
    assert.deepEqual([message.textElem.content, message.groupID, message.sendID], ['who is in?', groupID, 'alice']);
    assert.equal(await unread(bob, conversationID), 2);
    await bob.call('markConversationMessageAsRead', conversationID);
    assert.equal(await unread(bob, conversationID), 0);
  });

  await t.test('who is invited is heard by the others', async () => {
    const joined = carol.next('OnJoinedGroupAdded');
    const heard = alice.next('OnGroupMemberAdded');
    await bob.call('inviteUserToGroup', { groupID, userIDList: ['carol'], reason: '' });
    assert.equal((await heard).data.userID, 'carol');
    await joined;
    assert.deepEqual(await members(alice, groupID), ['alice:100', 'bob:20', 'carol:20']);
  });

  await t.test('an admin is made, and who is muted cannot speak', async () => {
    const promoted = bob.next('OnGroupMemberInfoChanged');
    await alice.call('setGroupMemberInfo', { groupID, userID: 'bob', roleLevel: 60 });
    assert.partialDeepStrictEqual((await promoted).data, { userID: 'bob', roleLevel: 60 });
    await alice.call('changeGroupMemberMute', { groupID, userID: 'bob', mutedSeconds: 600 });
    await assert.rejects(say(bob, groupID, 'mmm'), /1402/);
    await alice.call('changeGroupMemberMute', { groupID, userID: 'bob', mutedSeconds: 0 });
    await say(bob, groupID, 'free again');
  });

  await t.test('a name and an announcement reach everybody', async () => {
    const renamed = bob.next('OnGroupInfoChanged', ({ data }) => data.groupName === 'alpinists');
    await alice.call('setGroupInfo', { groupID, groupName: 'alpinists' });
    await renamed;
    const told = bob.next('OnGroupInfoChanged', ({ data }) => data.notification === 'bring ropes');
    await alice.call('setGroupInfo', { groupID, notification: 'bring ropes' });
    await told;
    assert.deepEqual(await groups(bob), ['alpinists']);
  });

  await t.test('F1 who quits keeps what was said, and after joining again sees what is said then', async () => {
    const left = alice.next('OnGroupMemberDeleted');
    const gone = bob.next('OnJoinedGroupDeleted');
    await bob.call('quitGroup', groupID);
    assert.equal((await left).data.userID, 'bob');
    await gone;
    assert.deepEqual(await groups(bob), []);
    await say(alice, groupID, 'he is gone');
    await assert.rejects(say(bob, groupID, 'am I?'), /1203|1002|1004/);

    const asked = alice.next('OnGroupApplicationAdded');
    await bob.call('joinGroup', { groupID, reqMsg: 'let me in', joinSource: 3 });
    assert.partialDeepStrictEqual((await asked).data, { userID: 'bob', reqMsg: 'let me in' });
    const back = bob.next('OnJoinedGroupAdded');
    await alice.call('acceptGroupApplication', { groupID, fromUserID: 'bob', handleMsg: '' });
    await back;
    const received = bob.next('OnRecvNewMessages', ({ data }) => texts(data).includes('welcome back'));
    await say(alice, groupID, 'welcome back');
    await received;
  });

  await t.test('F4 a device that was never used has the group, its members and its messages', async () => {
    const fresh = await newDevice();
    await bob.logout();
    await logIn(fresh, 'bob');
    assert.deepEqual(await groups(fresh), ['alpinists']);
    assert.deepEqual(await members(fresh, groupID), ['alice:100', 'bob:20', 'carol:20']);
    const { messageList } = await fresh.call('getAdvancedHistoryMessageList', {
      conversationID,
      startClientMsgID: '',
      count: 50,
      viewType: 0,
    });
    assert.deepEqual(
      texts(messageList).filter((text) => text !== '(no text)'),
      ['who is in?', 'free again', 'he is gone', 'welcome back'],
    );
    await fresh.logout();
    await logIn(bob, 'bob');
  });

  await t.test('F8 the owner hands over, who is kicked is out, and a dismissal reaches everybody', async () => {
    const crowned = bob.next('OnGroupMemberInfoChanged', ({ data }) => data.roleLevel === 100);
    await alice.call('transferGroupOwner', { groupID, newOwnerUserID: 'bob' });
    assert.equal((await crowned).data.userID, 'bob');
    const out = carol.next('OnJoinedGroupDeleted');
    const heard = alice.next('OnGroupMemberDeleted', ({ data }) => data.userID === 'carol');
    await bob.call('kickGroupMember', { groupID, userIDList: ['carol'], reason: '' });
    await Promise.all([out, heard]);
    const dismissed = [alice, bob].map((side) => side.next('OnGroupDismissed'));
    await bob.call('dismissGroup', groupID);
    for (const { data } of await Promise.all(dismissed)) assert.equal(data.groupID, groupID);
    await assert.rejects(say(alice, groupID, 'hello?'), /1204|1002|1004/);
    assert.deepEqual([await groups(alice), await groups(bob)], [[], []]);
  });
  await carol.logout();
}

async function say(client: WasmClient, groupID: string, text: string): Promise<void> {
  const message = await client.call('createTextMessage', text);
  await client.call('sendMessage', { recvID: '', groupID, message });
}

async function groups(client: WasmClient): Promise<string[]> {
  return (await client.call('getJoinedGroupList')).map(({ groupName }) => groupName);
}

/** As `userID:role`, in order of IDs. */
async function members(client: WasmClient, groupID: string): Promise<string[]> {
  const list = await client.call('getGroupMemberList', { groupID, filter: 0, offset: 0, count: 100 });
  return list.map(({ userID, roleLevel }) => `${userID}:${roleLevel}`).sort();
}

async function unread(client: WasmClient, conversationID: string): Promise<number | undefined> {
  const list = await client.call('getAllConversationList');
  return list.find((conversation) => conversation.conversationID === conversationID)?.unreadCount;
}
