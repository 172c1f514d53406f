/** Conversations off the list and back on it: conversations-messages.md 7.2, with F22 and F26. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import deleteConversations from '../../src/http/routes/conversation/delete_conversations.ts';
import { idHash } from '../../src/sync/id-hash.ts';
import { say as sayInGroup } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const path = deleteConversations.path;

testEndpoint(deleteConversations, [
  refused('neither IDs nor a time', { ownerUserID: 'alice' }, 1001),
  refused('both', { ownerUserID: 'alice', conversationIDs: ['si_alice_bob'], needDeleteTime: 1 }, 1001),
  refused('a time below 0', { ownerUserID: 'alice', needDeleteTime: -1 }, 1001),
  refused('no owner', { conversationIDs: ['si_alice_bob'] }, 1001),
  refused("M5 another user's", { ownerUserID: 'bob', conversationIDs: ['si_alice_bob'] }, 1002),
  {
    name: 'F22 a conversation that is not there is deleted already',
    token: 'user',
    body: { ownerUserID: 'alice', conversationIDs: ['si_alice_nobody', 'x', 'n_alice_alice'] },
    expect: { errCode: 0 },
  },
]);

function refused(name: string, body: object, errCode: number): Scenario {
  return { name: `${name}: ${errCode}`, token: 'user', body, expect: { errCode } };
}

describe('a deleted conversation', () => {
  let world: World;
  before(async () => {
    world = await World.open({ TESSERA_TOKEN_TTL: '9d' });
    await world.register('dora', 'eve', 'fay', 'gil', 'hal', 'ida');
  });
  after(() => world[Symbol.asyncDispose]());

  const say = (sendID: string, recvID: string) =>
    world.call('/msg/send_msg', { sendID, recvID, contentType: 101, sessionType: 1, content: { content: 'hi' } });
  const remove = (ownerUserID: string, ...conversationIDs: string[]) =>
    world.call(path, { ownerUserID, conversationIDs });
  const rows = async (ownerUserID: string) =>
    (await world.call('/conversation/get_all_conversations', { ownerUserID })).conversations ?? [];
  const ids = async (ownerUserID: string) =>
    (await rows(ownerUserID)).map(({ conversationID }: { conversationID: string }) => conversationID);
  const counters = async (userID: string) =>
    (await world.call('/msg/get_conversations_has_read_and_max_seq', { userID })).seqs ?? {};
  const makeGroup = (groupID: string, ownerUserID: string, ...memberUserIDs: string[]) =>
    world.call('/group/create_group', {
      groupInfo: { groupID, groupType: 2, groupName: groupID },
      ownerUserID,
      memberUserIDs,
    });
  const pin = (ownerUserID: string, conversation: object) =>
    world.call('/conversation/set_conversations', {
      userIDs: [ownerUserID],
      conversation: { ...conversation, isPinned: true },
    });

  test('7.2 leaves the list of its owner only, who is told at the next sync, and comes back with the next message', async () => {
    await using dora = await Listener.open(world, 'dora');
    const client = new Client(world, 'dora');
    await say('eve', 'dora');
    await pin('dora', { conversationID: 'si_dora_eve', conversationType: 1, userID: 'eve' });
    await client.sync();
    await dora.everything(world);
    await remove('dora', 'si_dora_eve');
    assert.deepEqual(await dora.everything(world), []);
    assert.deepEqual([await ids('dora'), await counters('dora'), await ids('eve')], [[], {}, ['si_dora_eve']]);
    assert.deepEqual((await client.sync()).delete, ['si_dora_eve']);
    await remove('dora', 'si_dora_eve');
    assert.deepEqual((await client.sync()).delete, null, 'once');

    await say('eve', 'dora');
    assert.equal((await counters('dora')).si_dora_eve.maxSeq, 2);
    assert.partialDeepStrictEqual(await rows('dora'), [{ isPinned: false, userID: 'eve' }]);
    assert.equal((await client.sync()).insert?.length, 1);
    assert.equal((await client.sync()).insert, null);
  });

  test('7.1 Known defect: rows are created only on seq 1: an own message brings it back, too', async () => {
    await say('gil', 'fay');
    await remove('fay', 'si_fay_gil');
    await say('fay', 'gil');
    assert.deepEqual([await ids('fay'), await ids('gil')], [['si_fay_gil'], ['si_fay_gil']]);
  });

  test('of a group comes back with the next message there, and not for who has left', async () => {
    await makeGroup('team', 'hal', 'fay', 'ida');
    const client = new Client(world, 'fay');
    await client.sync();
    for (const user of ['fay', 'ida']) await remove(user, 'sg_team');
    assert.deepEqual((await client.sync()).delete, ['sg_team']);
    await sayInGroup(world, 'hal', 'team', 'hi');
    assert.deepEqual(
      (await client.sync()).insert?.map(({ conversationID }) => conversationID),
      ['sg_team'],
    );

    await remove('ida', 'sg_team');
    await world.call('/group/kick_group', { groupID: 'team', kickedUserIDs: ['ida'] });
    await remove('ida', 'sg_team');
    await sayInGroup(world, 'hal', 'team', 'without ida');
    assert.deepEqual(await ids('ida'), []);
    await world.call('/group/invite_user_to_group', { groupID: 'team', invitedUserIDs: ['ida'] });
    assert.deepEqual(await ids('ida'), ['sg_team']);
  });

  test('needDeleteTime takes those that are quiet for as many days', async () => {
    await world.register('jim');
    await say('jim', 'gil');
    world.passTime(86_400_000);
    await say('jim', 'hal');
    world.passTime(86_400_000 + 1000);
    await world.call(path, { ownerUserID: 'jim', needDeleteTime: 2 });
    assert.deepEqual(await ids('jim'), ['si_hal_jim']);
    await world.call(path, { ownerUserID: 'jim', needDeleteTime: 1 });
    assert.deepEqual(await ids('jim'), []);
  });

  test('F26 full list, incremental list, IDs, their hash and the counters agree after random changes', async () => {
    const peers = ['eve', 'fay', 'gil'];
    const groups = ['one', 'two'];
    await world.register('kim');
    for (const group of groups) await makeGroup(group, 'eve', 'fay', 'kim');
    const eager = new Client(world, 'kim');
    const lazy = new Client(world, 'kim');
    const random = dice(20_261_129);
    const one = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    const isIn = new Set(groups);
    const chat = (peer: string) => ({
      conversationID: `si_${[peer, 'kim'].sort().join('_')}`,
      conversationType: 1,
      userID: peer,
    });
    const groupChat = (groupID: string) => ({ conversationID: `sg_${groupID}`, conversationType: 3, groupID });
    const changes: readonly (() => Promise<unknown>)[] = [
      () => say(one(peers), 'kim'),
      () => say('kim', one(peers)),
      () => sayInGroup(world, 'eve', one(groups), 'hi'),
      () => remove('kim', chat(one(peers)).conversationID, chat(one(peers)).conversationID),
      () => remove('kim', `sg_${one(groups)}`, 'sg_nowhere'),
      () => pin('kim', one([chat(one(peers)), groupChat(one(groups))])),
      async () => {
        const groupID = one(groups);
        if (isIn.delete(groupID)) await world.call('/group/kick_group', { groupID, kickedUserIDs: ['kim'] });
        else {
          isIn.add(groupID);
          await world.call('/group/invite_user_to_group', { groupID, invitedUserIDs: ['kim'] });
        }
      },
    ];
    for (let round = 1; round <= 90; round += 1) {
      await one(changes)();
      await eager.sync();
      if (round % 15 === 0) await lazy.sync();
      const all = await rows('kim');
      const known = all.map(({ conversationID }: { conversationID: string }) => conversationID);
      const full = await world.call('/conversation/get_full_conversation_ids', { userID: 'kim', idHash: 0 });
      assert.deepEqual(full.conversationIDs ?? [], known, `round ${round}`);
      const asked = `{"userID":"kim","idHash":${idHash(known)}}`;
      const same = await world.post('/conversation/get_full_conversation_ids', asked, world.token('admin'));
      assert.equal(JSON.parse(same.body.toString()).data.equal, true, `round ${round}`);
      for (const client of round % 15 === 0 ? [eager, lazy] : [eager]) {
        const byID = (row: { conversationID: string }) => [row.conversationID, row] as const;
        assert.deepEqual(client.rows, new Map(all.map(byID)), `round ${round}`);
      }
      assert.deepEqual(new Set(Object.keys(await counters('kim'))), new Set(known), `round ${round}`);
    }
  });
});

interface Changes {
  readonly version: number;
  readonly versionID: string;
  readonly full: boolean;
  readonly delete: readonly string[] | null;
  readonly insert: readonly { readonly conversationID: string }[] | null;
  readonly update: readonly { readonly conversationID: string }[] | null;
}

/** Keeps its user's conversations up to date as the Go core does. */
class Client {
  readonly rows = new Map<string, object>();
  readonly #world: World;
  readonly #userID: string;
  #head: object = {};

  constructor(world: World, userID: string) {
    this.#world = world;
    this.#userID = userID;
  }

  async sync(): Promise<Changes> {
    const asked = { userID: this.#userID, ...this.#head };
    const changes: Changes = await this.#world.call('/conversation/get_incremental_conversations', asked);
    this.#head = { version: changes.version, versionID: changes.versionID };
    if (changes.full) {
      this.rows.clear();
      const all = await this.#world.call('/conversation/get_all_conversations', { ownerUserID: this.#userID });
      for (const row of all.conversations ?? []) this.rows.set(row.conversationID, row);
    }
    for (const id of changes.delete ?? []) this.rows.delete(id);
    for (const row of [...(changes.insert ?? []), ...(changes.update ?? [])]) this.rows.set(row.conversationID, row);
    return changes;
  }
}

/** Numbers from 0 up to a bound, the same in every run (a linear congruential generator). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}
