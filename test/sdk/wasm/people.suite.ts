/** Friends and black lists in two browsers: the events and lists of both sides. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { WasmClient } from '../../support/wasm-client.ts';
import type { Stage } from './stage.ts';
import type { Witness } from './witness.ts';

/** Begins and ends with alice and bob logged in and with no relation between them. Each step ends with what others see. */
export async function peopleStories(t: TestContext, { alice, bob, backEnd }: Stage, witness: Witness): Promise<void> {
  const seenElsewhere = () => witness.sees({ alice, bob });

  await t.test('somebody is found by the ID', async () => {
    const found = await alice.call('getUsersInfo', ['bob', 'nobody']);
    assert.deepEqual(
      found.map(({ userID }) => userID),
      ['bob'],
    );
  });

  await t.test('F16 a request to be friends shows on both sides, as sent and as received', async () => {
    const events = [alice, bob].map((side) => side.next('OnFriendApplicationAdded'));
    await alice.call('addFriend', { toUserID: 'bob', reqMsg: 'it is me' });
    for (const { data } of await Promise.all(events)) {
      assert.partialDeepStrictEqual(data, {
        fromUserID: 'alice',
        toUserID: 'bob',
        reqMsg: 'it is me',
        handleResult: 0,
      });
    }
    const [received] = await bob.call('getFriendApplicationListAsRecipient', everything);
    assert.partialDeepStrictEqual(received, { fromUserID: 'alice', handleResult: 0 });
    assert.equal(await bob.call('getFriendApplicationUnhandledCount', { time: 0 }), 1);
    const [sent] = await alice.call('getFriendApplicationListAsApplicant', everything);
    assert.partialDeepStrictEqual(sent, { toUserID: 'bob', handleResult: 0 });
    await seenElsewhere();
  });

  await t.test('accepted, each has the other as a friend', async () => {
    const accepted = alice.next('OnFriendApplicationAccepted');
    const added = [alice, bob].map((side) => side.next('OnFriendAdded'));
    await bob.call('acceptFriendApplication', { toUserID: 'alice', handleMsg: 'welcome' });
    assert.partialDeepStrictEqual((await accepted).data, { handleResult: 1, handleMsg: 'welcome' });
    assert.deepEqual(
      (await Promise.all(added)).map(({ data }) => data.userID),
      ['bob', 'alice'],
    );
    assert.deepEqual([await friends(alice), await friends(bob)], [['bob:'], ['alice:']]);
    await seenElsewhere();
  });

  await t.test('a remark and a pin show in the own list', async () => {
    const changed = alice.next('OnFriendInfoChanged');
    await alice.call('updateFriends', { friendUserIDs: ['bob'], remark: 'Bobby', isPinned: true });
    assert.partialDeepStrictEqual((await changed).data, { userID: 'bob', remark: 'Bobby', isPinned: true });
    const [bobs] = await alice.call('getFriendList');
    assert.partialDeepStrictEqual(bobs, { userID: 'bob', remark: 'Bobby', isPinned: true });
    assert.deepEqual(await friends(bob), ['alice:']);
    await seenElsewhere();
  });

  await t.test('who is blocked cannot write', async () => {
    const blocked = alice.next('OnBlackAdded');
    await alice.call('addBlack', { toUserID: 'bob' }).catch(readTwice);
    assert.equal((await blocked).data.userID, 'bob');
    await assert.rejects(bob.sendText('alice', 'let me in'), /1302/);
    const [black] = await alice.call('getBlackList');
    assert.equal(black?.userID, 'bob');
    await seenElsewhere();
  });

  await t.test('who is unblocked can again', async () => {
    const unblocked = alice.next('OnBlackDeleted');
    await alice.call('removeBlack', 'bob').catch(readTwice);
    assert.equal((await unblocked).data.userID, 'bob');
    assert.deepEqual(await alice.call('getBlackList'), []);
    const received = alice.next('OnRecvNewMessages');
    await bob.sendText('alice', 'thanks');
    assert.equal((await received).data[0].textElem.content, 'thanks');
    await seenElsewhere();
  });

  await t.test('a new nickname of a friend shows', async () => {
    const changed = alice.next('OnFriendInfoChanged');
    await bob.call('setSelfInfo', { nickname: 'Bob the Second' });
    assert.partialDeepStrictEqual((await changed).data, { userID: 'bob', nickname: 'Bob the Second' });
    await seenElsewhere();
  });

  await t.test('F13 friends that a back end makes and ends are in the next list', async () => {
    const told = [alice.next('OnFriendAdded'), alice.next('OnFriendDeleted')];
    await backEnd.call('/friend/import_friend', { ownerUserID: 'alice', friendUserIDs: ['carol'] });
    await backEnd.call('/friend/delete_friend', { ownerUserID: 'alice', friendUserID: 'bob' });
    assert.deepEqual(
      (await Promise.all(told)).map(({ data }) => data.userID),
      ['carol', 'bob'],
    );
    assert.deepEqual([await friends(alice), await friends(bob)], [['carol:'], ['alice:']]);
    await seenElsewhere();
  });

  await t.test('F14 deleted on both sides and asked again, it is a new request', async () => {
    const deleted = bob.next('OnFriendDeleted');
    await bob.call('deleteFriend', 'alice');
    assert.equal((await deleted).data.userID, 'alice');
    assert.deepEqual(await friends(bob), []);
    await seenElsewhere();
    const asked = [alice, bob].map((side) => side.next('OnFriendApplicationAdded'));
    await bob.call('addFriend', { toUserID: 'alice', reqMsg: 'again' });
    for (const { data } of await Promise.all(asked)) {
      assert.partialDeepStrictEqual(data, { fromUserID: 'bob', handleResult: 0, handleMsg: '' });
    }
    await seenElsewhere();
  });

  await t.test('refused, nobody is a friend', async () => {
    const refused = [alice, bob].map((side) => side.next('OnFriendApplicationRejected'));
    await alice.call('refuseFriendApplication', { toUserID: 'bob', handleMsg: 'no' });
    for (const { data } of await Promise.all(refused)) {
      assert.partialDeepStrictEqual(data, { handleResult: -1, handleMsg: 'no' });
    }
    assert.deepEqual([await friends(alice), await friends(bob)], [['carol:'], []]);
    await seenElsewhere();
  });
}

const everything = { offset: 0, count: 100, handleResults: [] };

/**
 * The core reads the list because of its own call and because of the notification, at once at times; then the second
 * finds the row that the first has written, and the call fails although it is done.
 */
function readTwice(error: Error): void {
  assert.match(error.message, /^(addBlack|removeBlack): 10005/);
}

/** As `userID:remark`. */
async function friends(client: WasmClient): Promise<string[]> {
  return (await client.call('getFriendList')).map(({ userID, remark }) => `${userID}:${remark}`);
}
