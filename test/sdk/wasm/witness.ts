/** A device that was away, or is new, must show of people, groups and conversations what one shows that was there. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { getSDK } from '@openim/wasm-client-sdk';
import type { WasmClient } from '../../support/wasm-client.ts';
import type { Stage } from './stage.ts';

/** Android tablet: no story logs in as one. */
const platformID = 8;

/** How long two devices may go on showing different things. Failures take as long. */
const patienceMs = 15_000;

/** Inside `evaluate`: the page's own globals. */
declare const window: { sdk: ReturnType<typeof getSDK> };

/** `away`: since the last time; `new`: never used. */
type Device = 'away' | 'new';
const devices: readonly Device[] = ['away', 'new'];

/**
 * One page, on which users come by one after another, each with what an earlier login has stored or with nothing. A page
 * for each device would start the Go core anew, which takes as long as ten logins.
 */
export class Witness {
  readonly #page: WasmClient;
  readonly #stage: Pick<Stage, 'backEnd' | 'server'>;
  readonly #isThorough: boolean;
  #visits = 0;
  #looks = 0;

  private constructor(page: WasmClient, stage: Pick<Stage, 'backEnd' | 'server'>, isThorough: boolean) {
    this.#page = page;
    this.#stage = stage;
    this.#isThorough = isThorough;
  }

  /**
   * @param users who are online once before the story begins
   * @param isThorough each look is with both devices of everybody; otherwise with one device of one of them, by turns
   */
  static async open(stage: Stage, users: readonly string[], isThorough = false): Promise<Witness> {
    const witness = new Witness(await stage.newDevice(), stage, isThorough);
    for (const userID of users) await witness.#visit(userID, 'away', async () => undefined);
    return witness;
  }

  /** @param conversationID whose messages they must have, too */
  async sees(online: Readonly<Record<string, WasmClient>>, conversationID?: string): Promise<void> {
    const visits = Object.entries(online).flatMap(([userID, client]) =>
      devices.map((device) => ({ userID, client, device })),
    );
    const turn = this.#looks++ % visits.length;
    for (const { userID, client, device } of this.#isThorough ? visits : visits.slice(turn, turn + 1)) {
      await this.#visit(userID, device, () => this.#showsTheSame(client, { userID, conversationID }, device));
    }
  }

  async #visit(userID: string, device: Device, look: () => Promise<void>): Promise<void> {
    const { backEnd, server } = this.#stage;
    const token = await backEnd.userToken(userID, platformID);
    const storage = device === 'new' ? `new${this.#visits++}` : device;
    await this.#page.login({ userID, platformID, token, apiAddr: server.apiUrl, wsAddr: server.wsUrl, storage });
    try {
      await look();
    } finally {
      await this.#page.logout();
    }
  }

  async #showsTheSame(client: WasmClient, view: View, device: Device): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      const [there, here] = await Promise.all([client, this.#page].map(({ page }) => page.evaluate(pictureOf, view)));
      // Either may still be working off what it was told, and does not tell when it has done so.
      if (performance.now() < endsAt && !isDeepStrictEqual(here, there)) continue;
      assert.deepEqual(here, there, `what ${view.userID} sees on a device that is ${device}`);
      return;
    }
  }
}

interface View {
  readonly userID: string;
  readonly conversationID: string | undefined;
}

/** Runs on the page. */
async function pictureOf({ userID: me, conversationID }: View) {
  const { sdk } = window;
  /** Of messages. Only the device itself knows of those that were refused. */
  const isSent = 2;
  const firstPage = { offset: 0, count: 100, handleResults: [], groupID: [] };
  const byID = (one: readonly unknown[], other: readonly unknown[]) => (String(one[0]) < String(other[0]) ? -1 : 1);
  const [friends, blocked, asked, received, groups, applied, applicants, conversations, history] = await Promise.all([
    sdk.getFriendList(),
    sdk.getBlackList(),
    sdk.getFriendApplicationListAsApplicant(firstPage),
    sdk.getFriendApplicationListAsRecipient(firstPage),
    sdk.getJoinedGroupList(),
    sdk.getGroupApplicationListAsApplicant(firstPage),
    sdk.getGroupApplicationListAsRecipient(firstPage),
    sdk.getAllConversationList(),
    conversationID &&
      sdk.getAdvancedHistoryMessageList({ conversationID, startClientMsgID: '', count: 100, viewType: 0 }),
  ]);
  const withMembers = await Promise.all(
    groups.data.map(async ({ groupID, groupName, ownerUserID, memberCount, notification, status }) => {
      const { data } = await sdk.getGroupMemberList({ groupID, filter: 0, offset: 0, count: 100 });
      const members = data.map(({ userID, nickname, roleLevel, muteEndTime }) => {
        return [userID, nickname, roleLevel, muteEndTime];
      });
      return [groupID, groupName, ownerUserID, memberCount, notification, status, members.sort(byID)] as const;
    }),
  );
  const requests = (list: typeof asked) =>
    list.data.map(({ fromUserID, toUserID, handleResult, reqMsg, handleMsg }) => {
      return [`${fromUserID}>${toUserID}`, handleResult, reqMsg, handleMsg];
    });
  const applications = (list: typeof applied) =>
    list.data.map(({ userID, groupID, handleResult, reqMsg, handledMsg }) => {
      return [`${userID}>${groupID}`, handleResult, reqMsg, handledMsg];
    });
  return {
    friends: friends.data
      .map(({ userID, nickname, remark, isPinned }) => [userID, nickname, remark, isPinned])
      .sort(byID),
    blocked: blocked.data.map(({ userID, nickname }) => [userID, nickname]).sort(byID),
    asked: requests(asked),
    received: requests(received),
    // A new device puts each group of which it has a conversation into the list, also one that its user has left.
    groups: withMembers.filter((group) => group[6].some(([userID]) => userID === me)).sort(byID),
    applied: applications(applied),
    applicants: applications(applicants),
    // Without names and unread counts: a device keeps the name of a friend who is none any more, and one that sends counts
    // on what the server, and so a new device, takes for read.
    conversations: conversations.data
      .map(({ conversationID, isPinned, recvMsgOpt }) => [conversationID, isPinned, recvMsgOpt])
      .sort(byID),
    messages: (history || { data: { messageList: [] } }).data.messageList
      .filter(({ status }) => status === isSent)
      .map(({ clientMsgID, contentType }) => [clientMsgID, contentType]),
  };
}
