/** Friends on every database: what several do at once, and a profile that many have among their friends. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Database } from '../../src/database/database.ts';
import { BlackList } from '../../src/friends/black-list.ts';
import { FriendProfiles } from '../../src/friends/friend-profiles.ts';
import { FriendRequests } from '../../src/friends/friend-requests.ts';
import { Friends } from '../../src/friends/friends.ts';
import { Friendships } from '../../src/friends/friendships.ts';
import type { CallContext } from '../../src/kernel/caller.ts';
import type { Transaction } from '../../src/kernel/unit-of-work.ts';
import type { Notice } from '../../src/notices/notice.ts';
import type { OutboxEntry } from '../../src/notices/outbox-store.ts';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { SqlBlackStore } from '../../src/store/sql-black-store.ts';
import { SqlFriendRequestStore } from '../../src/store/sql-friend-request-store.ts';
import { SqlFriendStore } from '../../src/store/sql-friend-store.ts';
import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { SqlVersionLogStore } from '../../src/store/sql-version-log-store.ts';
import { VersionLog } from '../../src/sync/version-log.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';
import { startUntilWaiting } from './support/until-waiting.ts';

testOnEveryDatabase('Friends', async (t, databases) => {
  const [node, peer] = [await start(databases.db), await start(databases.peer)];
  const nodeOf = (index: number) => (index % 2 === 0 ? node : peer);
  await node.register('ann', 'ben', 'cid', 'dan', 'eve', 'star', ...fans);
  await concurrency(t, node, nodeOf);
  await profiles(t, node, databases);
  // SQLite has one writer at a time.
  if (databases.db.dialect === 'postgres') await severalConnections(t, peer, databases);
});

async function concurrency(t: TestContext, node: Node, nodeOf: (index: number) => Node) {
  await t.test('whoever befriends two at once: one row each way, one step each, one notice', async () => {
    const notices = await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const [owner, friend] = index % 3 === 0 ? ['ben', 'ann'] : ['ann', 'ben'];
        return nodeOf(index).told((on) => on.friends.import(admin, owner!, [friend!]));
      }),
    );
    assert.equal(notices.flat().length, 1);
    assert.deepEqual([await node.ids('ann'), await node.ids('ben')], [['ben'], ['ann']]);
    assert.deepEqual([await node.version('ann'), await node.version('ben')], [2, 2]);
  });

  await t.test('of those who delete a friend at once one has an effect', async () => {
    const notices = await Promise.all(
      Array.from({ length: 8 }, (_, index) => nodeOf(index).told((on) => on.friends.remove(admin, 'ann', 'ben'))),
    );
    assert.equal(notices.flat().length, 1);
    assert.equal(await node.version('ann'), 3);
  });

  await t.test('of those who agree at once one does: the others get 1001, and who refuses 1305', async () => {
    await node.requests.ask(admin, { fromUserID: 'cid', toUserID: 'dan', reqMsg: '', ex: '' });
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        codeOf(
          nodeOf(index).requests.respond(admin, {
            fromUserID: 'cid',
            toUserID: 'dan',
            handleResult: index < 4 ? 1 : -1,
            handleMsg: '',
          }),
        ),
      ),
    );
    const isAgreed = (await node.ids('cid')).length === 1;
    assert.equal(answers.filter((code) => code === 0).length, 1);
    assert.ok(answers.every((code) => code === 0 || code === 1001 || code === 1305));
    assert.deepEqual([await node.version('cid'), await node.version('dan')], isAgreed ? [2, 2] : [1, 1]);
  });

  await t.test('both ask and agree at once: they are friends once', async () => {
    await Promise.all(
      ['ann', 'eve'].map(async (userID, index) => {
        const other = userID === 'ann' ? 'eve' : 'ann';
        const on = nodeOf(index);
        await codeOf(on.requests.ask(admin, { fromUserID: userID, toUserID: other, reqMsg: '', ex: '' }));
        const answer = { fromUserID: other, toUserID: userID, handleResult: 1, handleMsg: '' };
        await codeOf(on.requests.respond(admin, answer));
      }),
    );
    const [anns, eves] = [await node.ids('ann'), await node.ids('eve')];
    assert.equal(anns.includes('eve'), eves.includes('ann'));
    assert.ok((await node.version('eve')) <= 2);
  });

  await t.test('whoever adds at once stays within the limit', async () => {
    const codes = await Promise.all(
      fans.slice(0, 12).map((fan, index) => codeOf(nodeOf(index).friends.import(admin, 'dan', [fan]))),
    );
    const friends = await node.ids('dan');
    assert.equal(friends.length, maxFriends);
    assert.equal(codes.filter((code) => code === 1001).length, 12 - maxFriends + (friends.includes('cid') ? 1 : 0));
  });

  await t.test('of those who block a user at once one has an effect, and so it is with unblocking', async () => {
    const add = Array.from({ length: 6 }, (_, index) =>
      nodeOf(index).told((on) => on.blacks.add(admin, 'ann', 'ben', '')),
    );
    assert.equal((await Promise.all(add)).flat().length, 1);
    const remove = Array.from({ length: 6 }, (_, index) =>
      nodeOf(index).told((on) => on.blacks.remove(admin, 'ann', 'ben')),
    );
    assert.equal((await Promise.all(remove)).flat().length, 1);
    assert.equal((await node.log.head('blacks', 'ann')).version, 3);
  });
}

async function profiles(t: TestContext, node: Node, { db }: Databases) {
  /** Every fan has the star as a friend, who has none of them. */
  await db.transaction((tx) =>
    new SqlFriendStore(db).add(
      tx,
      fans.map((ownerUserID) => ({
        ownerUserID,
        friendUserID: 'star',
        remark: '',
        ex: '',
        isPinned: false,
        addSource: 1,
        operatorUserID: 'op',
        createdAt: 1,
        position: 1,
      })),
    ),
  );
  const before = new Map<string, number>();
  for (const fan of fans) before.set(fan, await node.version(fan));

  await t.test('a new profile is told in slices, the first with the change itself, each fan once', async () => {
    const told: string[] = [];
    const slices: OutboxEntry[] = [];
    const taken = new Set<number>();
    const inSlices = new FriendProfiles({
      store: new SqlFriendStore(db),
      versionLog: node.log,
      notifier: {
        notify: async (_tx, call, ...notices) => {
          assert.equal(call.operationID, 'op');
          assert.ok(notices.length <= 10);
          told.push(...notices.map((notice) => ('recvID' in notice ? notice.recvID : '')));
          return [];
        },
      },
      outbox: {
        add: async (_tx, entries) => void slices.push(...entries),
        take: async (_tx, { id }) => taken.size < taken.add(id).size,
      },
      unitOfWork: db,
      ownersPerSlice: 10,
    });
    await db.transaction((tx) => inSlices.changed(tx, admin, 'star'));
    assert.equal(told.length, 10);
    for (let id = 0; id < slices.length; id += 1) {
      const slice = slices[id]!;
      assert.deepEqual([slice.topic, slice.key], ['friend-profiles', 'friend-profiles:star']);
      // Another node may have done so before it died.
      for (let time = 0; time < 2; time += 1) await inSlices.workOff({ ...slice, id });
    }
    assert.deepEqual(told.toSorted(), fans.toSorted());
    for (const fan of fans) assert.equal(await node.version(fan), (before.get(fan) ?? 0) + 1);
  });

  await t.test('who ends the friendship meanwhile hears of that, and of no update that would hide it', async () => {
    const profile = new FriendProfiles({
      store: {
        // As it was a moment ago.
        ownersAfter: async () => [fans[0]!],
        ownersAmong: (...args) => new SqlFriendStore(db).ownersAmong(...args),
      },
      versionLog: node.log,
      notifier: { notify: async (_tx, _call, ...notices) => notices.map(() => assert.fail('told')) },
      outbox: { add: async () => {}, take: async () => true },
      unitOfWork: db,
    });
    const { version, versionID } = await node.log.head('friends', fans[0]!);
    await node.friends.remove(admin, fans[0]!, 'star');
    await db.transaction((tx) => profile.changed(tx, admin, 'star'));
    const changes = await node.log.changesSince('friends', fans[0]!, { version, versionID });
    assert.deepEqual([changes.deleted, changes.updated, changes.version], [['star'], [], version + 1]);
  });
}

async function severalConnections(t: TestContext, other: Node, { db, peer }: Databases) {
  await t.test('more ask at once than there are connections to the database: none waits for another one', async () => {
    const asked = fans.flatMap((fan) => ['ben', 'star'].map((toUserID) => ({ fromUserID: fan, toUserID })));
    await Promise.all(asked.map((sides) => other.requests.ask(admin, { ...sides, reqMsg: '', ex: '' })));
  });

  await t.test('who befriends a user while the profile changes sees the new one, or hears of it', async () => {
    const users = new SqlUserStore(db);
    const profile = new FriendProfiles({
      store: new SqlFriendStore(db),
      versionLog: other.log,
      notifier: { notify: async () => [] },
      outbox: { add: async () => {}, take: async () => true },
      unitOfWork: db,
    });
    const befriend = async () => {
      await other.friends.import(admin, 'eve', ['star']);
      const head = await other.log.head('friends', 'eve');
      const [star] = await users.find(['star']);
      return { head, nickname: star?.nickname };
    };
    const { running } = await db.transaction(async (tx) => {
      await users.update(tx, 'star', { nickname: 'new', faceURL: null, ex: null, globalRecvMsgOpt: null });
      await profile.changed(tx, admin, 'star');
      return startUntilWaiting(peer, befriend);
    });
    const { head, nickname } = await running;
    const { updated } = await other.log.changesSince('friends', 'eve', head);
    assert.deepEqual([nickname, updated], ['new', []]);
  });
}

/** More than two slices, the last of them not full. */
const fans = Array.from({ length: 25 }, (_, index) => `fan_${index}`);
const maxFriends = 5;

const admin: CallContext = {
  caller: { userID: 'imAdmin', platformID: 1, jti: '', expiresAt: Number.MAX_SAFE_INTEGER, isAdmin: true },
  operationID: 'op',
};

type Node = Awaited<ReturnType<typeof start>>;

/** The friends domain of a process on this database; its notices are kept by the transaction that they belong to. */
async function start(db: Database) {
  const users = new SqlUserStore(db);
  const store = new SqlFriendStore(db);
  const log = new VersionLog(await SqlVersionLogStore.open(db, () => 'epoch'));
  const limits = {
    maxFriends,
    maxBlacks: 5,
    maxRequestMsgBytes: 100,
    maxNicknameBytes: 100,
    maxFaceUrlBytes: 100,
    maxExBytes: 100,
    maxAnswerBytes: 10_000,
  };
  const parts = (notify: (tx: Transaction, notices: readonly Notice<object>[]) => void) => {
    const shared = {
      versionLog: log,
      users,
      unitOfWork: db,
      notifier: {
        notify: async (tx: Transaction, _call: object, ...notices: readonly Notice<object>[]) => {
          notify(tx, notices);
          return [];
        },
      },
      limits,
      now: Date.now,
    };
    const friendships = new Friendships({ ...shared, store });
    return {
      friends: new Friends({ ...shared, store, friendships }),
      requests: new FriendRequests({ ...shared, store: new SqlFriendRequestStore(db), friendships }),
      blacks: new BlackList({ ...shared, store: new SqlBlackStore(db) }),
    };
  };
  return {
    log,
    ...parts(() => {}),
    /** The notices of what `work` does, once it has committed. */
    told: async (work: (on: ReturnType<typeof parts>) => Promise<void>): Promise<readonly Notice<object>[]> => {
      const told: Notice<object>[] = [];
      await work(parts((tx, notices) => tx.afterCommit(() => void told.push(...notices))));
      return told;
    },
    ids: (userID: string) => store.ids(userID),
    version: async (userID: string) => (await log.head('friends', userID)).version,
    register: (...userIDs: string[]) =>
      db.transaction((tx) =>
        users.add(
          tx,
          userIDs.map((userID) => ({
            userID,
            nickname: userID,
            faceURL: '',
            ex: '',
            createdAt: 1,
            appManagerLevel: 0,
            globalRecvMsgOpt: 0,
          })),
        ),
      ),
  };
}

async function codeOf(call: Promise<void>): Promise<number> {
  try {
    await call;
    return 0;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}
