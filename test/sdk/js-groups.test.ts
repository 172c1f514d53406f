/** Groups as people use them, told by unmodified pure-JS SDKs: the events and lists of all sides. */
import assert from 'node:assert/strict';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { eventually, type SdkClient } from '../support/sdk-client.ts';
import { onlookers, sameOnFreshDevices } from './same-picture.ts';

const firstPage = { offset: 0, count: 100 };

testOnEveryDeployment('Groups with the JS SDK', {}, async (t, { backEnd, device }, isWhole) => {
  await backEnd.register('ann', 'ben', 'cat', 'dan');
  const ann = await device('ann');
  const ben = await device('ben');
  const cat = await device('cat');
  const seenBy = onlookers(isWhole);
  t.afterEach(() => sameOnFreshDevices(seenBy({ ann, ben, cat }), { device }));
  let groupID = '';
  let conversationID = '';

  await t.test('who makes a group is its owner, and who was put into it hears so and sees it in the list', async () => {
    const heard = [ann, ben].map((side) => side.next('OnJoinedGroupAdded'));
    const greeting = ben.next('OnRecvNewMessages');
    const { data } = await ann.sdk.createGroup({
      memberUserIDs: ['ben'],
      groupInfo: { groupName: 'climbers', groupType: 2 },
    });
    groupID = data.groupID;
    conversationID = `sg_${groupID}`;
    for (const event of heard) {
      const { groupName, ownerUserID, memberCount } = (await event).data;
      assert.deepEqual([groupName, ownerUserID, memberCount], ['climbers', 'ann', 2]);
    }
    assert.equal((await greeting).data[0].contentType, 1501);
    assert.deepEqual([await groups(ann), await groups(ben), await groups(cat)], [['climbers'], ['climbers'], []]);
    assert.deepEqual(await members(ben, groupID), ['ann:100', 'ben:20']);
    const atBen = await eventually(
      () => unread(ben, conversationID),
      (count) => count !== undefined,
    );
    assert.equal(atBen, 1);
  });

  await t.test('a message reaches all who are in it, each once, and nobody else', async () => {
    const received = ben.next('OnRecvNewMessages');
    await say(ann, groupID, 'who is in?');
    const [message] = (await received).data;
    assert.deepEqual([message.textElem.content, message.groupID, message.sendID], ['who is in?', groupID, 'ann']);
    assert.equal(await unread(ben, conversationID), 2);
    assert.deepEqual(ann.receivedTexts().filter(Boolean), []);
    assert.deepEqual(cat.receivedTexts(), []);
    // The SDK asks for its own membership first, and hands on the text of a refusal, not its code.
    await assert.rejects(say(cat, groupID, 'let me in'), { errMsg: 'NoPermissionError' });
    await ben.sdk.markConversationMessageAsRead(conversationID);
    assert.equal(await unread(ben, conversationID), 0);
  });

  await t.test('who is invited has the group, all that was said in it, and is heard by the others', async () => {
    const joined = cat.next('OnJoinedGroupAdded');
    const seen = [ann, ben].map((side) => side.next('OnGroupMemberAdded', ({ data }) => data.userID === 'cat'));
    await ben.sdk.inviteUserToGroup({ groupID, userIDList: ['cat'], reason: 'she climbs' });
    assert.equal((await joined).data.memberCount, 3);
    await Promise.all(seen);
    assert.deepEqual(await members(cat, groupID), ['ann:100', 'ben:20', 'cat:20']);
    // On several nodes what the chat shows of the invitation, with which the chat comes, may come a moment later.
    const said = await eventually(
      () => history(cat, conversationID),
      (texts) => texts.length > 0,
    );
    assert.deepEqual(said.filter(Boolean), ['who is in?']);
    const received = ann.next('OnRecvNewMessages', ({ data }) => data[0].contentType === 101);
    await say(cat, groupID, 'I am');
    assert.equal((await received).data[0].textElem.content, 'I am');
  });

  await t.test('who wants to join asks the managers: refused, asked again, and let in', async () => {
    const dan = await device('dan');
    const asked = ann.next('OnGroupApplicationAdded');
    await dan.sdk.joinGroup({ groupID, reqMsg: 'please', joinSource: 3 });
    assert.partialDeepStrictEqual((await asked).data, { userID: 'dan', reqMsg: 'please', handleResult: 0 });
    assert.deepEqual(await applications(ann), ['dan:0']);
    assert.deepEqual(await applications(ben), [], 'F10 no member sees who asks');

    const refused = dan.next('OnGroupApplicationRejected');
    await ann.sdk.refuseGroupApplication({ groupID, fromUserID: 'dan', handleMsg: 'full' });
    assert.partialDeepStrictEqual((await refused).data, { handleResult: -1, handledMsg: 'full' });

    await dan.sdk.joinGroup({ groupID, reqMsg: 'pretty please', joinSource: 3 });
    const accepted = dan.next('OnGroupApplicationAccepted');
    const joined = dan.next('OnJoinedGroupAdded');
    const entered = ben.next('OnGroupMemberAdded', ({ data }) => data.userID === 'dan');
    await ann.sdk.acceptGroupApplication({ groupID, fromUserID: 'dan', handleMsg: 'come' });
    assert.partialDeepStrictEqual((await accepted).data, { handleResult: 1 });
    await Promise.all([joined, entered]);
    assert.deepEqual(await members(dan, groupID), ['ann:100', 'ben:20', 'cat:20', 'dan:20']);
    await dan.logout();
  });

  await t.test('an admin is made, and may do what members may not', async () => {
    await assert.rejects(ben.sdk.changeGroupMute({ groupID, isMute: true }), { errMsg: 'NoPermissionError' });
    const changed = cat.next('OnGroupMemberInfoChanged', ({ data }) => data.userID === 'ben');
    await ann.sdk.setGroupMemberInfo({ groupID, userID: 'ben', roleLevel: 60 });
    assert.equal((await changed).data.roleLevel, 60);
    assert.deepEqual(await members(cat, groupID), ['ann:100', 'ben:60', 'cat:20', 'dan:20']);
  });

  await t.test('who is muted cannot speak, nor can a member of a muted group', async () => {
    const muted = cat.next('OnGroupMemberInfoChanged', ({ data }) => data.userID === 'cat');
    await ben.sdk.changeGroupMemberMute({ groupID, userID: 'cat', mutedSeconds: 600 });
    assert.ok((await muted).data.muteEndTime > Date.now());
    await assert.rejects(say(cat, groupID, 'mmm'), { errCode: 1402 });
    await ben.sdk.changeGroupMemberMute({ groupID, userID: 'cat', mutedSeconds: 0 });
    await say(cat, groupID, 'free');

    const closed = cat.next('OnGroupInfoChanged', ({ data }) => data.status === 3);
    await ben.sdk.changeGroupMute({ groupID, isMute: true });
    await closed;
    await assert.rejects(say(cat, groupID, 'mmm'), { errCode: 1403 });
    await say(ben, groupID, 'admins speak');
    await ben.sdk.changeGroupMute({ groupID, isMute: false });
    await say(cat, groupID, 'free again');
  });

  await t.test('a name and an announcement reach everybody', async () => {
    const renamed = cat.next('OnGroupInfoChanged', ({ data }) => data.groupName === 'alpinists');
    await ann.sdk.setGroupInfo({ groupID, groupName: 'alpinists' as never });
    await renamed;
    const told = cat.next('OnGroupInfoChanged', ({ data }) => data.notification === 'bring ropes');
    const shown = cat.next('OnRecvNewMessages', ({ data }) => data[0].contentType === 1519);
    await ann.sdk.setGroupInfo({ groupID, notification: 'bring ropes' as never });
    await Promise.all([told, shown]);
    assert.deepEqual(await groups(cat), ['alpinists']);
  });

  await t.test('who is kicked is out of it at once, and comes back with all that was said', async () => {
    const left = cat.next('OnJoinedGroupDeleted');
    const seen = ann.next('OnGroupMemberDeleted', ({ data }) => data.userID === 'cat');
    await ben.sdk.kickGroupMember({ groupID, userIDList: ['cat'], reason: 'a mistake' });
    await Promise.all([left, seen]);
    assert.deepEqual([await groups(cat), await members(ann, groupID)], [[], ['ann:100', 'ben:60', 'dan:20']]);
    await assert.rejects(say(cat, groupID, 'still here?'), { errMsg: 'NoPermissionError' });
    await say(ann, groupID, 'she is gone');
    // The SDK asks for members before it shows a history, and so shows none of what the server would still give.
    await assert.rejects(history(cat, conversationID), { errMsg: 'NoPermissionError' });

    const back = cat.next('OnJoinedGroupAdded');
    await ben.sdk.inviteUserToGroup({ groupID, userIDList: ['cat'], reason: 'sorry' });
    await back;
    const received = cat.next('OnRecvNewMessages', ({ data }) => data[0].contentType === 101);
    await say(ann, groupID, 'F1 welcome back');
    assert.equal((await received).data[0].textElem.content, 'F1 welcome back');
    assert.ok((await history(await device('cat', { platformID: 9 }), conversationID)).includes('she is gone'));
  });

  await t.test('the owner cannot leave, hands over, and then can', async () => {
    await assert.rejects(ann.sdk.quitGroup(groupID), { errMsg: 'NoPermissionError' });
    const crowned = ben.next('OnGroupMemberInfoChanged', ({ data }) => data.userID === 'ben');
    await ann.sdk.transferGroupOwner({ groupID, newOwnerUserID: 'ben' });
    assert.equal((await crowned).data.roleLevel, 100);
    const left = ben.next('OnGroupMemberDeleted', ({ data }) => data.userID === 'ann');
    await ann.sdk.quitGroup(groupID);
    await left;
    assert.deepEqual(await groups(ann), []);
    assert.deepEqual((await members(ben, groupID))[0], 'ben:100');
  });

  await t.test('F5, F8 dismissed, everybody hears it, and nobody can write any more', async () => {
    const heard = [ben, cat].map((side) => side.next('OnGroupDismissed'));
    await ben.sdk.dismissGroup(groupID);
    for (const event of heard) assert.equal((await event).data.groupID, groupID);
    assert.deepEqual([await groups(ben), await groups(cat)], [[], []]);
    await assert.rejects(say(ben, groupID, 'hello?'), { errMsg: 'NoPermissionError' });
  });

  await t.test('what happened while one was away is there on a device that was never there', async () => {
    const { data } = await ann.sdk.createGroup({
      memberUserIDs: ['dan'],
      groupInfo: { groupName: 'late', groupType: 2 },
    });
    await say(ann, data.groupID, 'F4 you were away');
    const dan = await device('dan', { platformID: 9 });
    assert.deepEqual(await groups(dan), ['late']);
    assert.equal(await unread(dan, `sg_${data.groupID}`), 2);
    assert.deepEqual((await history(dan, `sg_${data.groupID}`)).filter(Boolean), ['F4 you were away']);
  });
});

async function say(client: SdkClient, groupID: string, text: string): Promise<void> {
  const { data: message } = await client.sdk.createTextMessage(text);
  await client.sdk.sendMessage({ recvID: '', groupID, message });
}

async function groups(client: SdkClient): Promise<string[]> {
  return (await client.sdk.getJoinedGroupListPage(firstPage)).data.map(({ groupName }) => groupName);
}

/** As `userID:role`. */
async function members(client: SdkClient, groupID: string): Promise<string[]> {
  const { data } = await client.sdk.getGroupMemberList({ groupID, filter: 0, ...firstPage });
  return data.map(({ userID, roleLevel }) => `${userID}:${roleLevel}`);
}

/** As `userID:result`. */
async function applications(client: SdkClient): Promise<string[]> {
  const { data } = await client.sdk.getGroupApplicationListAsRecipient(firstPage);
  return data.map(({ userID, handleResult }) => `${userID}:${handleResult}`);
}

async function unread(client: SdkClient, conversationID: string): Promise<number | undefined> {
  const { data } = await client.sdk.getConversationListSplit(firstPage);
  return data.find((conversation) => conversation.conversationID === conversationID)?.unreadCount;
}

/** Texts, oldest first; undefined for what is none. */
async function history(client: SdkClient, conversationID: string): Promise<(string | undefined)[]> {
  const { data } = await client.sdk.getAdvancedHistoryMessageList({
    conversationID,
    startClientMsgID: '',
    count: 100,
    viewType: 0,
  });
  return data.messageList.map(({ textElem }) => textElem?.content);
}
