/**
 * What a team tries first on a new server: everybody is everybody's friend, some groups, much talk while a few are away;
 * then each has as many groups, conversations and unread messages as it should, on the device it used, on coming late,
 * and on a device that was never there.
 */
import assert from 'node:assert/strict';
import { testOnEveryDeployment } from '../support/deployments.ts';
import { eventually, type SdkClient } from '../support/sdk-client.ts';

const users = Array.from({ length: 20 }, (_, index) => `user${String(index).padStart(2, '0')}`);
const isLate = (userID: string) => users.indexOf(userID) % 5 === 4;
const firstPage = { offset: 0, count: 1000 };

testOnEveryDeployment('A team of twenty', {}, async (t, { backEnd, device }, isWhole) => {
  await backEnd.register(...users);
  const talk = new Talk();
  for (const [index, ownerUserID] of users.entries()) {
    const friendUserIDs = users.slice(index + 1);
    if (friendUserIDs.length > 0) await backEnd.call('/friend/import_friend', { ownerUserID, friendUserIDs });
    // "You are friends" comes from the friend.
    for (const friend of friendUserIDs) talk.say(single(ownerUserID, friend), friend, [ownerUserID, friend]);
  }

  const devices = new Map<string, SdkClient>();
  for (const userID of users) if (!isLate(userID)) devices.set(userID, await device(userID));

  const groupsOf = new Map<string, readonly string[]>();
  for (const [index, owner] of [users[0]!, users[3]!, users[6]!, users[11]!].entries()) {
    const members = Array.from({ length: 10 }, (_, offset) => users[(index * 5 + offset) % users.length]!);
    const everybody = [...new Set([owner, ...members])];
    const { data } = await devices.get(owner)!.sdk.createGroup({
      memberUserIDs: everybody.filter((userID) => userID !== owner),
      groupInfo: { groupName: `group ${index}`, groupType: 2 },
    });
    groupsOf.set(data.groupID, everybody);
    talk.say(`sg_${data.groupID}`, owner, everybody);
  }

  for (const [groupID, members] of groupsOf) {
    for (const sender of members.filter((userID) => !isLate(userID))) {
      await say(devices.get(sender)!, { groupID, recvID: '' }, `${sender} to all`);
      talk.say(`sg_${groupID}`, sender, members);
    }
  }
  for (const [index, sender] of users.entries()) {
    for (const step of isLate(sender) ? [] : [1, 4, 7]) {
      const recvID = users[(index + step) % users.length]!;
      await say(devices.get(sender)!, { groupID: '', recvID }, `${sender} to ${recvID}`);
      talk.say(single(sender, recvID), sender, [sender, recvID]);
    }
  }

  const expected = (userID: string) => ({
    friends: users.length - 1,
    groups: [...groupsOf.values()].filter((members) => members.includes(userID)).length,
    conversations: talk.conversationsOf(userID).length,
    unread: talk.unreadOf(userID),
  });

  await t.test('who was there all the time has every friend, group and conversation', async () => {
    for (const [userID, client] of devices) {
      const { unread: _, ...counts } = expected(userID);
      const seen = await eventually(
        () => countsAt(client),
        ({ conversations }) => conversations === counts.conversations,
      );
      assert.partialDeepStrictEqual(seen, counts, userID);
    }
  });

  await t.test('who comes late has them too, and as many unread messages as were missed', async () => {
    for (const userID of users.filter(isLate)) {
      assert.deepEqual(await countsAt(await device(userID)), expected(userID), userID);
    }
  });

  await t.test('so has every device that was never there', async () => {
    for (const userID of users.filter((_, index) => isWhole || index % 3 === 0)) {
      const fresh = await device(userID, { platformID: 9 });
      assert.deepEqual(await countsAt(fresh), expected(userID), userID);
      await fresh.logout();
    }
  });
});

/** Who said something where, in order: sending marks all that came before as read. */
class Talk {
  readonly #senders = new Map<string, string[]>();
  readonly #members = new Map<string, readonly string[]>();

  say(conversationID: string, sender: string, members: readonly string[]): void {
    this.#members.set(conversationID, members);
    this.#senders.set(conversationID, [...(this.#senders.get(conversationID) ?? []), sender]);
  }

  conversationsOf(userID: string): string[] {
    return [...this.#members].flatMap(([id, members]) => (members.includes(userID) ? [id] : []));
  }

  unreadOf(userID: string): number {
    return this.conversationsOf(userID)
      .map((id) => this.#senders.get(id) ?? [])
      .reduce((sum, senders) => sum + senders.length - 1 - senders.lastIndexOf(userID), 0);
  }
}

function single(userA: string, userB: string): string {
  return `si_${[userA, userB].sort().join('_')}`;
}

async function say(client: SdkClient, to: { groupID: string; recvID: string }, text: string): Promise<void> {
  const { data: message } = await client.sdk.createTextMessage(text);
  await client.sdk.sendMessage({ ...to, message });
}

async function countsAt(client: SdkClient) {
  return {
    friends: (await client.sdk.getFriendListPage(firstPage)).data.length,
    groups: (await client.sdk.getJoinedGroupListPage(firstPage)).data.length,
    conversations: (await client.sdk.getConversationListSplit(firstPage)).data.length,
    unread: (await client.sdk.getTotalUnreadMsgCount()).data,
  };
}
