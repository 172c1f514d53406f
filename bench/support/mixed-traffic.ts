/** What the users of bench/mixed do: each deed by weight, of whoever has nothing else to do. */
import { setTimeout as passed } from 'node:timers/promises';
import { groupChatID, singleChatID } from '../../src/protocol/conversation-id.ts';
import type { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import type { BackEnd } from '../../test/support/back-end.ts';
import { Lost, type MixedClient, Refusal } from './mixed-client.ts';
import type { MixedRecord } from './mixed-record.ts';
import type { SeededRandom } from './seeded-random.ts';

interface Group {
  readonly groupID: string;
  owner: MixedClient;
  readonly members: Set<MixedClient>;
  /** Somebody joins or leaves right now. */
  isChanging: boolean;
}

export interface TrafficOptions {
  readonly clients: readonly MixedClient[];
  readonly backEnd: BackEnd;
  readonly record: MixedRecord;
  readonly random: SeededRandom;
  /** Deeds in a second. */
  readonly ratePerSecond: number;
  readonly slowReaderMs: number;
}

/** How often a deed was done, and how it ended. */
export interface DeedCount {
  done: number;
  /** By code: answers that others' deeds at the same time explain. */
  readonly refused: Map<number, number>;
  /** The connection ended before the answer. */
  lost: number;
  errors: number;
}

interface Deed {
  readonly weight: number;
  /** Codes that others' deeds at the same time explain. */
  readonly refusals?: readonly number[];
  /** The endpoint that it needs. */
  readonly path?: string;
  /** Resolves with false if there was nothing to do. */
  readonly act: (client: MixedClient) => Promise<unknown>;
}

/** Members of the groups that there are from the beginning; one has all users. */
const groupSizes = [...Array<number>(10).fill(50), ...Array<number>(30).fill(10)];
const noSuchRecord = 1004;
const notInGroup = 1203;
const dismissed = 1204;
const revokedAlready = 1404;

export class MixedTraffic {
  readonly counts = new Map<string, DeedCount>();
  /** Paths of endpoints that the server does not know: their deeds are left out. */
  readonly unknownPaths: string[] = [];
  readonly #options: TrafficOptions;
  readonly #groups: Group[] = [];
  #everybody: Group | undefined;
  readonly #recentlySent: MsgData[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #messages = 0;
  #groupsMade = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  async setUp(): Promise<void> {
    const { clients, backEnd } = this.#options;
    this.#everybody = await this.#createGroup([...clients]);
    for (const size of groupSizes) {
      if (size < clients.length) this.#groups.push(await this.#createGroup(this.#someClients(size)));
    }
    for (const { path } of Object.values(this.#deeds)) {
      if (path === undefined || this.unknownPaths.includes(path)) continue;
      const isUnknown = await backEnd.post(path, {}).then(
        () => false,
        // No envelope: `404 page not found`.
        () => true,
      );
      if (isUnknown) this.unknownPaths.push(path);
    }
  }

  /** Resolves when the last deed is done. */
  async run(durationMs: number): Promise<void> {
    const { random, ratePerSecond } = this.#options;
    const deeds = Object.entries(this.#deeds).filter(([, { path = '' }]) => !this.unknownPaths.includes(path));
    const startedAt = performance.now();
    for (let begun = 0; performance.now() - startedAt < durationMs; ) {
      const due = ((performance.now() - startedAt) * ratePerSecond) / 1000;
      for (; begun < due; begun += 1) {
        const [name, deed] = oneByWeight(deeds, random);
        const doing = this.#do(name, deed).finally(() => this.#underWay.delete(doing));
        this.#underWay.add(doing);
      }
      await passed(20);
    }
    await Promise.all(this.#underWay);
  }

  async #do(name: string, { act, refusals = [] }: Deed): Promise<void> {
    const client = this.#idleClient();
    if (client === undefined) return;
    const count = this.counts.get(name) ?? { done: 0, refused: new Map(), lost: 0, errors: 0 };
    this.counts.set(name, count);
    try {
      if ((await act(client)) !== false) count.done += 1;
    } catch (error) {
      if (error instanceof Lost) count.lost += 1;
      else if (error instanceof Refusal && refusals.includes(error.code)) {
        count.refused.set(error.code, (count.refused.get(error.code) ?? 0) + 1);
      } else {
        count.errors += 1;
        this.#options.record.fault(`${name}: ${error}`);
      }
    }
  }

  readonly #deeds: Readonly<Record<string, Deed>> = {
    'chat message': { weight: 36, act: (client) => this.#chat(client, 101) },
    typing: { weight: 4, act: (client) => this.#chat(client, 113) },
    'group message': {
      weight: 22,
      refusals: [notInGroup, dismissed],
      act: async (client) => {
        const group = this.#groupOf(client);
        return group === undefined ? false : this.#say(client, group);
      },
    },
    'message to everybody': {
      weight: 1,
      act: async (client) => (this.#everybody === undefined ? false : this.#say(client, this.#everybody)),
    },
    'message again': { weight: 1, act: () => this.#sayAgain() },
    read: {
      weight: 14,
      // Who was put out of a group, or has cleared the chat, has less to read.
      refusals: [noSuchRecord],
      path: '/msg/mark_conversation_as_read',
      act: async (client) => {
        const { conversationID } = client.recent.at(-1) ?? {};
        if (conversationID === undefined) return false;
        const hasReadSeq = client.newestOf(conversationID);
        await this.#call(client, '/msg/mark_conversation_as_read', {
          conversationID,
          hasReadSeq,
          userID: client.userID,
        });
      },
    },
    revoke: {
      weight: 4,
      refusals: [noSuchRecord, revokedAlready],
      path: '/msg/revoke_msg',
      act: async (client) => {
        const own = client.recent.find(({ sendID }) => sendID === client.userID);
        if (own === undefined) return false;
        const { conversationID, seq } = own;
        await this.#call(client, '/msg/revoke_msg', { conversationID, seq, userID: client.userID });
        this.#options.record.revoked.add(`${conversationID}/${seq}`);
      },
    },
    'delete for oneself': {
      weight: 3,
      refusals: [noSuchRecord],
      path: '/msg/delete_msgs',
      act: (client) => this.#delete(client, { IsSyncSelf: true, IsSyncOther: false }, () => true),
    },
    'delete for both': {
      weight: 1,
      refusals: [noSuchRecord],
      path: '/msg/delete_msgs',
      act: (client) =>
        this.#delete(client, { IsSyncSelf: true, IsSyncOther: true }, (conversationID) =>
          conversationID.startsWith('si_'),
        ),
    },
    clear: {
      weight: 0.5,
      refusals: [noSuchRecord],
      path: '/msg/clear_conversation_msg',
      act: async (client) => {
        const { conversationID } = client.recent.at(0) ?? {};
        if (conversationID === undefined) return false;
        const deleteSyncOpt = { IsSyncSelf: true, IsSyncOther: false };
        const body = { conversationIDs: [conversationID], userID: client.userID, deleteSyncOpt };
        await this.#call(client, '/msg/clear_conversation_msg', body);
      },
    },
    join: {
      weight: 3,
      act: (client) =>
        this.#change(client, async ({ groupID, members }) => {
          if (members.has(client)) return false;
          const body = { groupID, joinSource: 3, inviterUserID: client.userID };
          await this.#call(client, '/group/join_group', body);
          members.add(client);
        }),
    },
    leave: {
      weight: 3,
      act: (client) =>
        this.#change(
          client,
          async ({ groupID, owner, members }) => {
            if (owner === client || members.size < 5 || !members.has(client)) return false;
            await this.#call(client, '/group/quit_group', { groupID, userID: client.userID });
            members.delete(client);
          },
          this.#groupOf(client),
        ),
    },
    invite: {
      weight: 1,
      act: (client) =>
        this.#change(client, async ({ groupID, owner, members }) => {
          if (members.has(client)) return false;
          await this.#call(owner, '/group/invite_user_to_group', { groupID, invitedUserIDs: [client.userID] });
          members.add(client);
        }),
    },
    kick: {
      weight: 1,
      act: (client) =>
        this.#change(
          client,
          async ({ groupID, owner, members }) => {
            if (owner === client || members.size < 5 || !members.has(client)) return false;
            await this.#call(owner, '/group/kick_group', { groupID, kickedUserIDs: [client.userID] });
            members.delete(client);
          },
          this.#groupOf(client),
        ),
    },
    'hand over a group': {
      weight: 0.3,
      act: (client) =>
        this.#change(
          client,
          async (group) => {
            const { groupID, owner } = group;
            if (owner === client || !group.members.has(client)) return false;
            const body = { groupID, oldOwnerUserID: owner.userID, newOwnerUserID: client.userID };
            await this.#call(owner, '/group/transfer_group', body);
            group.owner = client;
          },
          this.#groupOf(client),
        ),
    },
    'make a group': {
      weight: 0.2,
      act: async (client) => {
        this.#groups.push(
          await this.#createGroup([client, ...this.#someClients(9).filter((other) => other !== client)]),
        );
      },
    },
    'dismiss a group': {
      weight: 0.2,
      act: async (client) => {
        const group = this.#groupOf(client);
        if (group === undefined || this.#groups.length < groupSizes.length) return false;
        return this.#change(
          client,
          async ({ groupID, owner }) => {
            this.#groups.splice(this.#groups.indexOf(group), 1);
            await this.#call(owner, '/group/dismiss_group', { groupID });
          },
          group,
        );
      },
    },
    reconnect: {
      weight: 4,
      act: (client) =>
        whileBusy(client, async () => {
          client.disconnect(this.#options.random.next() < 0.7);
          await passed(this.#options.random.between(100, 5000));
          await client.connect();
        }),
    },
    'do not read for a while': {
      weight: 1,
      act: (client) =>
        whileBusy(client, async () => {
          client.stopReading();
          await passed(this.#options.slowReaderMs);
          client.readOn();
        }),
    },
  };

  async #chat(client: MixedClient, contentType: number): Promise<void> {
    const { clients, random } = this.#options;
    const index = clients.indexOf(client);
    // Everybody talks with the same few.
    const peer =
      clients[(index + random.pick([1, 2, 5, 9, 14, -1, -2, -5, -9, -14]) + clients.length) % clients.length]!;
    const message = { ...this.#newMessage(client, contentType), sessionType: 1, recvID: peer.userID };
    await this.#send(client, message, singleChatID(client.userID, peer.userID));
  }

  async #say(client: MixedClient, { groupID }: Group): Promise<void> {
    const message = { ...this.#newMessage(client, 101), sessionType: 3, groupID };
    await this.#send(client, message, groupChatID(groupID));
  }

  #newMessage({ userID }: MixedClient, contentType: number): MsgData {
    const { random } = this.#options;
    this.#messages += 1;
    const text = 'x'.repeat(random.integer(5, 400));
    return newMsgData({
      sendID: userID,
      clientMsgID: `mixed-${this.#messages}`,
      msgFrom: 100,
      contentType,
      senderPlatformID: 5,
      senderNickname: userID,
      createTime: Date.now(),
      content: Buffer.from(JSON.stringify(contentType === 113 ? { msgTips: 'yes' } : { content: text })),
    });
  }

  async #send(client: MixedClient, message: MsgData, conversationID: string): Promise<void> {
    const { clientMsgID, contentType } = message;
    const { serverMsgID } = await client.send(message);
    if (contentType !== 101) return;
    this.#options.record.acknowledged.set(clientMsgID, { clientMsgID, conversationID, serverMsgID });
    this.#recentlySent.push(message);
    if (this.#recentlySent.length > 50) this.#recentlySent.shift();
  }

  /** As a client that has missed the acknowledgement. */
  async #sayAgain(): Promise<unknown> {
    const { clients, random, record } = this.#options;
    const message = this.#recentlySent[random.integer(0, this.#recentlySent.length - 1)];
    const client = clients.find(({ userID }) => userID === message?.sendID);
    // Who has left may not even repeat.
    if (message === undefined || client === undefined || client.isBusy || message.sessionType !== 1) return false;
    const { serverMsgID } = await client.send(message);
    const known = record.acknowledged.get(message.clientMsgID);
    if (known?.serverMsgID === serverMsgID) return true;
    // Of what was erased for everybody nothing is left, not even that it had been sent.
    if (known !== undefined && record.wasErased(known)) {
      record.acknowledged.set(message.clientMsgID, { ...known, serverMsgID });
    } else record.fault(`${message.clientMsgID} was acknowledged as another message when it was repeated`);
    return true;
  }

  async #delete(
    client: MixedClient,
    deleteSyncOpt: { IsSyncSelf: boolean; IsSyncOther: boolean },
    isMeant: (conversationID: string) => boolean,
  ): Promise<unknown> {
    const message = client.recent.findLast(({ conversationID }) => isMeant(conversationID));
    if (message === undefined) return false;
    const { conversationID, seq } = message;
    if (deleteSyncOpt.IsSyncOther) this.#options.record.erased.add(`${conversationID}/${seq}`);
    await this.#call(client, '/msg/delete_msgs', { conversationID, seqs: [seq], userID: client.userID, deleteSyncOpt });
    return true;
  }

  /** One change of a group's members at a time, so that this program knows them. */
  async #change(
    client: MixedClient,
    change: (group: Group) => Promise<unknown>,
    group: Group | undefined = this.#groups.length === 0 ? undefined : this.#options.random.pick(this.#groups),
  ): Promise<unknown> {
    if (group === undefined || group.isChanging) return false;
    group.isChanging = true;
    client.leftOrJoined(group.groupID);
    try {
      return await change(group);
    } finally {
      client.leftOrJoined(group.groupID);
      group.isChanging = false;
    }
  }

  #groupOf(client: MixedClient): Group | undefined {
    const own = this.#groups.filter(({ members }) => members.has(client));
    return own.length === 0 ? undefined : this.#options.random.pick(own);
  }

  async #createGroup(members: readonly MixedClient[]): Promise<Group> {
    const [owner, ...others] = members as [MixedClient, ...MixedClient[]];
    this.#groupsMade += 1;
    const groupID = `mixed${this.#groupsMade}`;
    await this.#options.backEnd.call('/group/create_group', {
      groupInfo: { groupID, groupName: groupID, groupType: 2, needVerification: 2 },
      ownerUserID: owner.userID,
      memberUserIDs: others.map(({ userID }) => userID),
    });
    return { groupID, owner, members: new Set(members), isChanging: false };
  }

  #someClients(count: number): MixedClient[] {
    const { clients, random } = this.#options;
    const some = new Set<MixedClient>();
    while (some.size < Math.min(count, clients.length)) some.add(random.pick(clients));
    return [...some];
  }

  #idleClient(): MixedClient | undefined {
    const { clients, random } = this.#options;
    for (let tries = 0; tries < 10; tries += 1) {
      const client = random.pick(clients);
      if (!client.isBusy && client.isConnected) return client;
    }
    return undefined;
  }

  async #call({ token }: MixedClient, path: string, body: object): Promise<void> {
    const { errCode, errMsg, errDlt } = await this.#options.backEnd.post(path, body, token);
    if (errCode !== 0) throw new Refusal(errCode, `${errMsg} ${errDlt}`);
  }
}

function oneByWeight(deeds: readonly [string, Deed][], random: SeededRandom): [string, Deed] {
  let point = random.next() * deeds.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const entry of deeds) {
    point -= entry[1].weight;
    if (point < 0) return entry;
  }
  return random.pick(deeds);
}

async function whileBusy(client: MixedClient, act: () => Promise<void>): Promise<void> {
  client.isBusy = true;
  try {
    await act();
  } finally {
    client.isBusy = false;
  }
}
