/**
 * What becomes of a message for somebody in each state (objects-push-webhooks.md 2.1): a frame on a phone or an offline
 * push, never both, or neither if it is not wanted. The same table for one process and for several nodes.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { PushMessages } from '../../src/protocol/gen/openim.ts';
import type { FcmStandIn } from '../support/push/fcm-stand-in.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { within } from '../support/within.ts';
import type { World } from './world.ts';

interface State {
  /** What is connected. */
  readonly on?: readonly { readonly platformID: number; readonly isBackground?: boolean }[];
  readonly recvMsgOpt?: number;
  readonly globalRecvMsgOpt?: number;
}

type Outcome = 'phone' | 'push' | 'neither';

const states: Readonly<Record<string, readonly [State, Outcome]>> = {
  offline: [{}, 'push'],
  iosFront: [{ on: [{ platformID: 1 }] }, 'phone'],
  iosBack: [{ on: [{ platformID: 1, isBackground: true }] }, 'push'],
  androidFront: [{ on: [{ platformID: 2 }] }, 'phone'],
  androidBack: [{ on: [{ platformID: 2, isBackground: true }] }, 'phone'],
  webOnly: [{ on: [{ platformID: 5 }] }, 'push'],
  pcOnly: [{ on: [{ platformID: 3 }] }, 'push'],
  padOnly: [{ on: [{ platformID: 8 }] }, 'push'],
  iosBackWeb: [{ on: [{ platformID: 1, isBackground: true }, { platformID: 5 }] }, 'push'],
  androidWeb: [{ on: [{ platformID: 2 }, { platformID: 5 }] }, 'phone'],
  muted: [{ recvMsgOpt: 2 }, 'neither'],
  globallyMuted: [{ globalRecvMsgOpt: 2 }, 'neither'],
  mutedIos: [{ recvMsgOpt: 2, on: [{ platformID: 1 }] }, 'phone'],
};

/** Those who are told to look, of whom one does not want to be disturbed. */
const mentioned = ['offline', 'muted', 'globallyMuted'];

const toAll = { groupID: 'states', sessionType: 3 };
const messages: readonly (readonly [string, object])[] = [
  ['a message to each', {}],
  ['a message to each, online only', { isOnlineOnly: true }],
  ['a message to a group', toAll],
  ['a message to a group, online only', { ...toAll, isOnlineOnly: true }],
  [
    'a message to a group that mentions those who do not want to be disturbed',
    {
      ...toAll,
      contentType: 106,
      content: { text: 'look', atUserList: mentioned, atUsersInfo: [], isAtSelf: false },
    },
  ],
  ['what is not to wake anybody', { notOfflinePush: true }],
  ['what is not to wake anybody of a group', { ...toAll, notOfflinePush: true }],
];

export interface PushStage {
  /** Where messages are sent: each kind by the next of them, who is the first to hear that somebody is to be woken. */
  readonly senders: readonly [World, ...World[]];
  /** Where users are connected: each connection to the next of them. */
  readonly homes: readonly World[];
  readonly fcm: FcmStandIn;
  /** Rows that wait to be worked off. */
  readonly waiting: () => Promise<number>;
}

/** Every push of what was sent has left. */
export async function settled({ waiting }: Pick<PushStage, 'waiting'>): Promise<void> {
  await until('the offline pushes', async () => (await waiting()) === 0);
}

/** It has come about; looked at now and then. */
export async function until(name: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  let isOver = false;
  const look = async () => {
    while (!isOver && !(await isSo())) await wait(5);
  };
  await within(name, look()).finally(() => {
    isOver = true;
  });
}

/** Whom the service was to wake, in order of their names. */
export function woken(fcm: FcmStandIn): string[] {
  return fcm.asked.map(({ body }) => JSON.parse(body).message.token.replace('of-', '')).sort();
}

export async function offlinePushStates(t: TestContext, stage: PushStage): Promise<void> {
  const { senders, fcm } = stage;
  const sockets = await enterStates(t, stage);
  for (const [index, [name, fields]] of messages.entries()) {
    const sender = senders[index % senders.length] ?? senders[0];
    await t.test(name, async () => {
      fcm.asked.length = 0;
      const recipients = 'groupID' in fields ? [''] : Object.keys(states);
      await Promise.all(recipients.map((recvID) => sendText(sender, { recvID, ...fields })));
      await settled(stage);
      const pushed = woken(fcm);
      assert.equal(new Set(pushed).size, pushed.length, 'nobody is woken twice');
      const became: Record<string, string> = {};
      for (const userID of Object.keys(states)) {
        const phone = await phoneOutcome(userID, sockets.get(userID) ?? []);
        became[userID] = [phone, pushed.includes(userID) ? 'push' : ''].join('') || 'neither';
      }
      const isSilent = 'notOfflinePush' in fields;
      const expected = Object.entries(states).map(([userID, [, outcome]]) => [
        userID,
        isSilent && outcome === 'push' ? 'neither' : outcome,
      ]);
      assert.deepEqual(became, Object.fromEntries(expected));
    });
  }
}

interface OpenSocket {
  readonly client: SocketClient;
  readonly platformID: number;
  readonly isBackground: boolean;
}

/** What came to the sockets of a user: to all that read, whatever they are; and whether one of them is a phone. */
async function phoneOutcome(userID: string, sockets: readonly OpenSocket[]): Promise<'phone' | ''> {
  let phones = 0;
  for (const { client, platformID, isBackground } of sockets) {
    const isDark = platformID === 1 && isBackground;
    // From another node it may still be on its way.
    if (!isDark) await until(`a frame for ${userID}`, async () => (await chatFrames(client)) > 0);
    else assert.equal(await chatFrames(client), 0, `${userID}: iOS in the background is sent nothing`);
    if (!isDark && platformID <= 2) phones += 1;
  }
  return phones > 0 ? 'phone' : '';
}

/** Takes what has come to a socket. @returns how many messages of chats there were */
export async function chatFrames(client: SocketClient): Promise<number> {
  await client.roundTrip();
  let count = 0;
  while (client.pending.length > 0) {
    const { reqIdentifier, data } = await client.nextReply();
    if (reqIdentifier === 2001) count += PushMessages.decode(Buffer.from(data ?? '', 'base64')).msgs.size;
  }
  return count;
}

async function enterStates(
  t: TestContext,
  { senders: [sender], homes }: PushStage,
): Promise<Map<string, readonly OpenSocket[]>> {
  const userIDs = Object.keys(states);
  await sender.register(...userIDs);
  await sender.call('/group/create_group', {
    memberUserIDs: userIDs,
    adminUserIDs: [],
    ownerUserID: 'alice',
    groupInfo: { groupID: 'states', groupName: 'states', groupType: 2 },
  });
  const opened = new Map<string, OpenSocket[]>();
  let next = 0;
  for (const [userID, [{ on = [], recvMsgOpt, globalRecvMsgOpt }]] of Object.entries(states)) {
    await sender.call('/third/fcm_update_token', { account: userID, platformID: 2, fcmToken: `of-${userID}` });
    if (globalRecvMsgOpt !== undefined) {
      await sender.call('/user/set_global_msg_recv_opt', { userID, globalRecvMsgOpt });
    }
    const single = `si_${['alice', userID].sort().join('_')}`;
    for (const chat of [
      { conversationID: single, conversationType: 1, userID: 'alice' },
      { conversationID: 'sg_states', conversationType: 3, groupID: 'states' },
    ]) {
      if (recvMsgOpt === undefined) continue;
      const conversation = { ...chat, recvMsgOpt };
      await sender.call('/conversation/set_conversations', { userIDs: [userID], conversation });
    }
    const sockets: OpenSocket[] = [];
    for (const { platformID, isBackground = false } of on) {
      const token = await sender.issue(userID, platformID);
      const query = { sendID: userID, platformID: `${platformID}`, isBackground: `${isBackground}`, token };
      const home = homes[next++ % homes.length] ?? sender;
      const client = await connect({ port: home.wsPort, query });
      t.after(() => client.ws.terminate());
      await client.roundTrip();
      sockets.push({ client, platformID, isBackground });
    }
    opened.set(userID, sockets);
  }
  for (const { client } of [...opened.values()].flat()) await chatFrames(client);
  return opened;
}

/** By alice, to a user or a group. */
export function sendText(world: World, fields: object): Promise<unknown> {
  return world.call('/msg/send_msg', {
    sendID: 'alice',
    senderPlatformID: 1,
    contentType: 101,
    content: { content: 'a secret' },
    sessionType: 1,
    ...fields,
  });
}
