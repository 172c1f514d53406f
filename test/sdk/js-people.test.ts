/** Friends and black lists as people use them, told by unmodified pure-JS SDKs: the events and lists of both sides. */
import assert from 'node:assert/strict';
import type { FriendUserItem } from '@openim/client-sdk';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { eventually, type SdkClient } from '../support/sdk-client.ts';
import { onlookers, sameOnFreshDevices } from './same-picture.ts';

const firstPage = { offset: 0, count: 100 };

testOnEveryDeployment('People with the JS SDK', {}, async (t, { backEnd, device }, isWhole) => {
  await backEnd.register('ann', 'ben', 'cat');
  const ann = await device('ann');
  let ben = await device('ben');
  const seenBy = onlookers(isWhole);
  t.afterEach(() => sameOnFreshDevices(seenBy({ ann, ben }), { device }));

  await t.test('somebody is found by the ID', async () => {
    const { data } = await ann.sdk.getUsersInfo(['ben', 'nobody']);
    assert.deepEqual(
      data.map(({ userID }) => userID),
      ['ben'],
    );
  });

  await t.test('F16 a request shows on both sides, as sent and as received', async () => {
    const events = [ann, ben].map((side) => side.next('OnFriendApplicationAdded'));
    await ann.sdk.addFriend({ toUserID: 'ben', reqMsg: 'hi, it is Ann' });
    for (const event of events) {
      const { data } = await event;
      assert.partialDeepStrictEqual(data, {
        fromUserID: 'ann',
        toUserID: 'ben',
        reqMsg: 'hi, it is Ann',
        handleResult: 0,
      });
    }
    assert.deepEqual(await requests(ann), { sent: ['ann>ben:0'], received: [] });
    assert.deepEqual(await requests(ben), { sent: [], received: ['ann>ben:0'] });
  });

  await t.test('accepted, each has the other as a friend, and both see it in their chat', async () => {
    const accepted = ann.next('OnFriendApplicationAccepted');
    // The SDK tells only the one who accepts: for the other it makes the function that would, and does not call it.
    const added = ben.next('OnFriendAdded');
    const greeting = ann.next('OnRecvNewMessages');
    await ben.sdk.acceptFriendApplication({ toUserID: 'ann', handleMsg: 'welcome' });
    assert.partialDeepStrictEqual((await accepted).data, { handleResult: 1, handleMsg: 'welcome' });
    assert.equal((await added).data.userID, 'ann');
    assert.equal((await greeting).data[0].contentType, 1201);
    assert.deepEqual(await friends(ann), [{ userID: 'ben', remark: '', isPinned: false }]);
    assert.deepEqual(await friends(ben), [{ userID: 'ann', remark: '', isPinned: false }]);
    const { data } = await ann.sdk.checkFriend(['ben', 'cat']);
    assert.deepEqual(
      data.map(({ userID, result }) => [userID, result]),
      [
        ['ben', 1],
        ['cat', 0],
      ],
    );
    for (const side of [ann, ben]) {
      const list = await eventually(
        async () => (await side.sdk.getConversationListSplit(firstPage)).data,
        ({ length }) => length > 0,
      );
      assert.deepEqual(
        list.map(({ conversationID }) => conversationID),
        ['si_ann_ben'],
      );
    }
  });

  await t.test('a remark and a pin reach the own other device, and nobody else', async () => {
    const tablet = await device('ann', { platformID: 9 });
    const changed = tablet.next('OnFriendInfoChanged');
    const seenByBen = ben.events.length;
    await ann.sdk.updateFriends({ friendUserIDs: ['ben'], remark: 'Benny', isPinned: true });
    assert.partialDeepStrictEqual((await changed).data, { userID: 'ben', remark: 'Benny', isPinned: true });
    assert.deepEqual(await friends(ann), [{ userID: 'ben', remark: 'Benny', isPinned: true }]);
    assert.deepEqual(
      ben.events.slice(seenByBen).filter(({ event }) => event.startsWith('OnFriend')),
      [],
    );
    await tablet.logout();
  });

  await t.test('who is blocked hears it on the next message, who is unblocked talks again', async () => {
    const blocked = ann.next('OnBlackAdded');
    await ann.sdk.addBlack({ toUserID: 'ben' });
    assert.equal((await blocked).data.userID, 'ben');
    assert.deepEqual(await blacks(ann), ['ben']);
    await assert.rejects(ben.sendText('ann', 'let me in'), { errCode: 1302 });
    await ann.sendText('ben', 'a list is of one direction');
    const unblocked = ann.next('OnBlackDeleted');
    await ann.sdk.removeBlack('ben');
    assert.equal((await unblocked).data.userID, 'ben');
    assert.deepEqual(await blacks(ann), []);
    const received = ann.next('OnRecvNewMessages');
    await ben.sendText('ann', 'thanks');
    assert.equal((await received).data[0].textElem.content, 'thanks');
  });

  await t.test('a new face of a friend shows', async () => {
    const changed = ann.next('OnFriendInfoChanged');
    await ben.sdk.setSelfInfo({ userID: 'ben', nickname: 'Ben the Second' });
    assert.partialDeepStrictEqual((await changed).data, { userID: 'ben', nickname: 'Ben the Second' });
  });

  await t.test('F14 deleted on both sides and asked again, it is a new request', async () => {
    const deleted = ann.next('OnFriendDeleted');
    await ann.sdk.deleteFriend('ben');
    assert.equal((await deleted).data.userID, 'ben');
    await ben.sdk.deleteFriend('ann');
    assert.deepEqual([await friends(ann), await friends(ben)], [[], []]);
    const asked = ann.next('OnFriendApplicationAdded');
    await ben.sdk.addFriend({ toUserID: 'ann', reqMsg: 'again' });
    assert.partialDeepStrictEqual((await asked).data, { fromUserID: 'ben', handleResult: 0, handleMsg: '' });
  });

  await t.test('refused, nobody is a friend, and one may ask again', async () => {
    const refused = ben.next('OnFriendApplicationRejected');
    await ann.sdk.refuseFriendApplication({ toUserID: 'ben', handleMsg: 'not now' });
    assert.partialDeepStrictEqual((await refused).data, { handleResult: -1, handleMsg: 'not now' });
    assert.deepEqual(await friends(ben), []);
    const asked = ann.next('OnFriendApplicationAdded');
    await ben.sdk.addFriend({ toUserID: 'ann', reqMsg: 'please' });
    assert.equal((await asked).data.reqMsg, 'please');
  });

  await t.test(
    'what happened while one was away is there on coming back, and on a device that was never there',
    async () => {
      await ben.logout();
      await ann.sdk.acceptFriendApplication({ toUserID: 'ben', handleMsg: '' });
      await backEnd.call('/friend/import_friend', { ownerUserID: 'ben', friendUserIDs: ['cat'] });
      ben = await device('ben');
      const fresh = await device('ben', { platformID: 9 });
      for (const side of [ben, fresh]) {
        assert.deepEqual(
          (await friends(side)).map(({ userID }) => userID),
          ['ann', 'cat'],
        );
      }
    },
  );
});

async function friends(client: SdkClient) {
  // Its types lack isPinned.
  const data = (await client.sdk.getFriendListPage(firstPage)).data as (FriendUserItem & { isPinned: boolean })[];
  return data.map(({ userID, remark, isPinned }) => ({ userID, remark, isPinned }));
}

async function blacks(client: SdkClient) {
  return (await client.sdk.getBlackList(firstPage)).data.map(({ userID }) => userID);
}

/** As `from>to:result`. */
async function requests(client: SdkClient) {
  const told = (list: { fromUserID: string; toUserID: string; handleResult: number }[]) =>
    list.map(({ fromUserID, toUserID, handleResult }) => `${fromUserID}>${toUserID}:${handleResult}`);
  return {
    sent: told((await client.sdk.getFriendApplicationListAsApplicant(firstPage)).data),
    received: told((await client.sdk.getFriendApplicationListAsRecipient(firstPage)).data),
  };
}
