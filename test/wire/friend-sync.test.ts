/**
 * Property: whatever users do to their lists of friends, and whatever a client has missed of it, the client that applies
 * what get_incremental_friends tells ends with the list, the order and the hash of a full sync (relations-groups.md 10).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idHash } from '../../src/sync/id-hash.ts';
import { Mutator } from '../fuzz/support/mutator.ts';
import { World } from './world.ts';

interface Row {
  readonly friendUser: { readonly userID: string };
}

/** As the Go core does it (11.1). */
class SyncingClient {
  readonly userID: string;
  readonly #world: World;
  readonly #rows = new Map<string, Row>();
  #head = { version: 0, versionID: '' };
  #ids: string[] = [];
  /** How often it was told to read everything, what has changed, that nothing has. */
  readonly counts = { full: 0, changed: 0, same: 0 };

  constructor(world: World, userID: string) {
    this.#world = world;
    this.userID = userID;
  }

  async sync(): Promise<void> {
    const { userID } = this;
    const changes = await this.#world.call('/friend/get_incremental_friends', { userID, ...this.#head });
    const { version, versionID, full, delete: deleted, insert, update, sortVersion } = changes;
    if (version === this.#head.version) this.counts.same++;
    else if (full) this.counts.full++;
    else this.counts.changed++;
    this.#head = { version, versionID };
    if (full) {
      this.#rows.clear();
      for await (const row of fullList(this.#world, userID)) this.#rows.set(row.friendUser.userID, row);
      return this.#readIDs(0n);
    }
    for (const id of deleted ?? []) {
      this.#rows.delete(id);
      this.#ids.splice(this.#ids.indexOf(id), this.#ids.includes(id) ? 1 : 0);
    }
    for (const row of [...(insert ?? []), ...(update ?? [])]) {
      this.#rows.set(row.friendUser.userID, row);
      if (!this.#ids.includes(row.friendUser.userID)) this.#ids.push(row.friendUser.userID);
    }
    if (sortVersion > 0) await this.#readIDs(0n);
    assert.deepEqual(new Set(this.#ids), new Set(this.#rows.keys()), 'the changes alone tell who is there');
    // Who was away for an end and a new beginning has a friend in the old place: the hash tells.
    await this.#readIDs(idHash(this.#ids));
  }

  /** Forgets which version it has, as a client that is installed anew. */
  forget(): void {
    this.#head = { version: 0, versionID: '' };
  }

  async check(): Promise<void> {
    const rows: Row[] = [];
    for await (const row of fullList(this.#world, this.userID)) rows.push(row);
    const names = rows.map(({ friendUser }) => friendUser.userID);
    assert.deepEqual(this.#ids, names);
    assert.deepEqual(
      this.#ids.map((id) => this.#rows.get(id)),
      rows,
    );
    assert.equal(this.#rows.size, rows.length);
    const body = `{"userID":"${this.userID}","idHash":${idHash(names)}}`;
    const { data } = JSON.parse(
      (await this.#world.post('/friend/get_full_friend_user_ids', body, this.#world.token('admin'))).body.toString(),
    );
    assert.partialDeepStrictEqual(data, { ...this.#head, equal: true, userIDs: null });
  }

  async #readIDs(knownHash: bigint): Promise<void> {
    const body = `{"userID":"${this.userID}","idHash":${knownHash}}`;
    const reply = await this.#world.post('/friend/get_full_friend_user_ids', body, this.#world.token('admin'));
    const { equal, userIDs } = JSON.parse(reply.body.toString()).data;
    if (!equal) this.#ids = userIDs ?? [];
  }
}

const pageSize = 40;

async function* fullList(world: World, userID: string): AsyncGenerator<Row> {
  for (let pageNumber = 1; ; pageNumber++) {
    const body = { userID, pagination: { pageNumber, showNumber: pageSize } };
    const { friendsInfo } = await world.call('/friend/get_friend_list', body);
    yield* friendsInfo ?? [];
    if ((friendsInfo?.length ?? 0) < pageSize) return;
  }
}

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));

test(`clients end with what a full sync gives, whatever they missed (seed ${seed})`, async (t) => {
  const random = new Mutator(seed);
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const owners = ['ann', 'ben', 'cid'];
  const others = Array.from({ length: 230 }, (_, index) => `u_${index}`);
  await world.register(...owners, ...others);
  const clients = owners.flatMap((owner) => [new SyncingClient(world, owner), new SyncingClient(world, owner)]);

  const some = (from: readonly string[], most: number) => [
    ...new Set(Array.from({ length: 1 + random.below(most) }, () => random.pick(from))),
  ];
  const fewOthers = others.slice(0, 12);
  const change = async () => {
    const ownerUserID = random.pick(owners);
    const friendUserID = random.pick([...owners, ...fewOthers].filter((id) => id !== ownerUserID));
    const friendUserIDs = some(
      fewOthers.filter((id) => id !== ownerUserID),
      3,
    );
    switch (random.below(10)) {
      case 0:
      case 1:
        return world.call('/friend/import_friend', { ownerUserID, friendUserIDs });
      case 2:
      case 3:
        return world.call('/friend/delete_friend', { ownerUserID, friendUserID });
      case 4:
        return world.call('/friend/update_friends', { ownerUserID, friendUserIDs, isPinned: random.below(2) === 0 });
      case 5:
        return world.call('/friend/update_friends', { ownerUserID, friendUserIDs, remark: `r${random.below(5)}` });
      case 6:
        return world.call('/user/update_user_info_ex', {
          userInfo: { userID: friendUserID, nickname: `n${random.below(5)}` },
        });
      case 7:
        return random.below(8) > 0
          ? undefined
          : world.call('/friend/import_friend', { ownerUserID, friendUserIDs: others });
      case 8:
        return clients[random.below(clients.length)]?.forget();
      default: {
        const pair = { fromUserID: ownerUserID, toUserID: friendUserID };
        const token = world.token('admin');
        await world.post('/friend/add_friend', { ...pair }, token);
        await world.post('/friend/add_friend_response', { ...pair, handleResult: random.pick([1, 1, -1]) }, token);
      }
    }
  };

  for (let round = 0; round < 60; round++) {
    for (let left = random.below(6); left >= 0; left--) await change();
    const client = random.pick(clients);
    await client.sync();
    await client.check();
  }
  for (const client of clients) {
    await client.sync();
    await client.check();
  }
  const total = (kind: 'full' | 'changed' | 'same') => clients.reduce((sum, { counts }) => sum + counts[kind], 0);
  assert.ok(total('full') > clients.length && total('changed') > 10, 'the rounds have met every kind of answer');
});
