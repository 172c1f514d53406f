/** @ in groups as people see it, told by unmodified pure-JS SDKs: online, after having been away, and once it is seen. */
import assert from 'node:assert/strict';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { eventually, holdCall, type SdkClient } from '../support/sdk-client.ts';

testOnEveryDeployment('@ with the JS SDK', {}, async (t, { backEnd, device }) => {
  await backEnd.register('ann', 'ben', 'cat', 'dan', 'eve');
  const ann = await device('ann');
  const ben = await device('ben');
  const cat = await device('cat');
  const { data } = await ann.sdk.createGroup({
    memberUserIDs: ['ben', 'cat', 'dan'],
    groupInfo: { groupName: 'climbers', groupType: 2 },
  });
  const { groupID } = data;
  // An SDK asks for a conversation that is new to it, and believes that answer although it has heard of a call since.
  await Promise.all([ben, cat].map((member) => shows(member, groupID, 0)));

  await t.test('who is named, and everybody, sees so at once; the sender does not', async () => {
    await call(ann, groupID, 'ben');
    await shows(ben, groupID, 1);
    await call(ann, groupID, 'AtAllTag', 'cat');
    await Promise.all([shows(ben, groupID, 3), shows(cat, groupID, 3), shows(ann, groupID, 0)]);
  });

  await t.test('once seen it is gone, on every device of the user, and for nobody else', async () => {
    const tablet = await device('ben', { platformID: 9 });
    await shows(tablet, groupID, 3);
    await see(ben, groupID);
    await Promise.all([shows(ben, groupID, 0), shows(tablet, groupID, 0), shows(cat, groupID, 3)]);
  });

  await t.test('who was away sees it at the next login, until it is seen there', async () => {
    const dan = await device('dan');
    await shows(dan, groupID, 2);
    await see(dan, groupID);
    await shows(dan, groupID, 0);
    await shows(await device('dan', { platformID: 9 }), groupID, 0);
  });

  await t.test('an announcement shows like a call', async () => {
    await ann.sdk.setGroupInfo({ groupID, notification: 'bring ropes' as never });
    await Promise.all([shows(ben, groupID, 4), shows(ann, groupID, 4)]);
    await see(ben, groupID);
    await Promise.all([shows(ben, groupID, 0), shows(ann, groupID, 4)]);
  });

  await t.test('who still asks for a new conversation when he is named in it is told at once', async () => {
    const token = await backEnd.userToken('eve', 5);
    const eve = await device('eve', { token });
    const letGo = holdCall('/jssdk/get_conversations', token);
    const isTold = eve.next('OnConversationChanged', ({ data }) => data[0].groupAtType === 1);
    const { data: summit } = await ann.sdk.createGroup({
      memberUserIDs: ['eve'],
      groupInfo: { groupName: 'summit', groupType: 2 },
    });
    await call(ann, summit.groupID, 'eve');
    await isTold;
    letGo();
    await shows(eve, summit.groupID, 1);
  });
});

async function call(client: SdkClient, groupID: string, ...atUserIDList: string[]): Promise<void> {
  const { data: message } = await client.sdk.createTextAtMessage({ text: '@', atUserIDList });
  await client.sdk.sendMessage({ recvID: '', groupID, message });
}

/** As an app does when the conversation is opened. */
async function see(client: SdkClient, groupID: string): Promise<void> {
  await client.sdk.setConversation({ conversationID: `sg_${groupID}`, groupAtType: 0 });
}

/** Waits until the device's list shows it. */
async function shows(client: SdkClient, groupID: string, expected: number): Promise<void> {
  const look = async () => {
    const { data } = await client.sdk.getConversationListSplit({ offset: 0, count: 100 });
    return data.find(({ conversationID }) => conversationID === `sg_${groupID}`)?.groupAtType;
  };
  assert.equal(await eventually(look, (seen) => seen === expected), expected);
}
