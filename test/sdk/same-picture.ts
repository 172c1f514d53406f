/** What a device shows of people, groups and conversations must be what any other device of its user shows. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Deployment } from '../support/deployments.ts';
import { eventually, type SdkClient } from '../support/sdk-client.ts';

const firstPage = { offset: 0, count: 100 };
/** Android tablet: no story logs in as one. */
const unusedPlatform = 8;

/** For each of the users online: a device that was never used shows the same as the one that was there all the time. */
export async function sameOnFreshDevices(
  online: Readonly<Record<string, SdkClient>>,
  { device }: Pick<Deployment, 'device'>,
): Promise<void> {
  for (const [userID, client] of Object.entries(online)) {
    const fresh = await device(userID, { platformID: unusedPlatform });
    // The one that was there may still be working off what it was told.
    const [here, there] = await eventually(
      async () => [await pictureOf(client), await pictureOf(fresh)] as const,
      ([one, other]) => isDeepStrictEqual(one, other),
    );
    assert.deepEqual(here, there, `what ${userID} sees`);
    await fresh.logout();
  }
}

/** Whom to look at after a step of a story: everybody where it is told whole, otherwise one of them, by turns. */
export function onlookers(
  isWhole: boolean,
): (online: Readonly<Record<string, SdkClient>>) => Record<string, SdkClient> {
  let steps = 0;
  return (online) => {
    const all = Object.entries(online);
    const turn = steps++ % all.length;
    return Object.fromEntries(isWhole ? all : all.slice(turn, turn + 1));
  };
}

async function pictureOf({ sdk }: SdkClient) {
  const requestsIn = (list: readonly { fromUserID: string; toUserID: string; handleResult: number }[]) =>
    list.map(({ fromUserID, toUserID, handleResult }) => `${fromUserID}>${toUserID}:${handleResult}`);
  const groups = (await sdk.getJoinedGroupListPage(firstPage)).data;
  const members = await Promise.all(
    groups.map(async ({ groupID }) => (await sdk.getGroupMemberList({ groupID, filter: 0, ...firstPage })).data),
  );
  const conversations = (await sdk.getConversationListSplit(firstPage)).data;
  return {
    friends: (await sdk.getFriendListPage(firstPage)).data.map(({ userID, nickname, remark }) => [
      userID,
      nickname,
      remark,
    ]),
    blocked: (await sdk.getBlackList(firstPage)).data.map(({ userID }) => userID),
    sent: requestsIn((await sdk.getFriendApplicationListAsApplicant(firstPage)).data),
    received: requestsIn((await sdk.getFriendApplicationListAsRecipient(firstPage)).data),
    groups: groups.map(({ groupID, groupName, ownerUserID, memberCount, notification, status }) => {
      return [groupID, groupName, ownerUserID, memberCount, notification, status];
    }),
    members: members.map((list) => list.map(({ userID, roleLevel, muteEndTime }) => [userID, roleLevel, muteEndTime])),
    // Without unread counts: a device that sends goes on counting what the server, and so a new device, takes for read.
    conversations: conversations
      .map(({ conversationID, isPinned, recvMsgOpt }) => [conversationID, isPinned, recvMsgOpt])
      .sort(),
  };
}
