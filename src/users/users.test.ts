import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { NewUser, User } from './user.ts';
import { type UserRecords, Users } from './users.ts';

const asAdmin: CallContext = {
  caller: { userID: 'imAdmin', platformID: 10, jti: 'jti', expiresAt: 9e15, isAdmin: true },
  operationID: 'op',
};
const asU1: CallContext = {
  caller: { userID: 'u1', platformID: 1, jti: 'jti', expiresAt: 9e15, isAdmin: false },
  operationID: 'op',
};
const limits = { maxNicknameBytes: 256, maxFaceUrlBytes: 2048, maxExBytes: 8192, maxAnswerBytes: 100_000 };
const unchanged = { nickname: null, faceURL: null, ex: null, globalRecvMsgOpt: null };

test('register keeps everything given, and the time of the server', async () => {
  const { users, stored } = usersWith([]);
  await users.register(asAdmin, [newUser('u1', { ex: 'e', appManagerLevel: 3, globalRecvMsgOpt: 7 })]);
  assert.deepEqual(stored.get('u1'), {
    ...newUser('u1', { ex: 'e', appManagerLevel: 3, globalRecvMsgOpt: 7 }),
    createdAt: 1234,
  });
});

// One case per check of rest-core 7.2, each with everything after it wrong as well: the order is part of the protocol.
const refusals: readonly (readonly [title: string, call: CallContext, users: NewUser[], code: number])[] = [
  ['an empty list, before permission', asU1, [], 1001],
  ['a character outside letters, digits and _, before permission', asU1, [newUser('a:b')], 1001],
  ['a Roman numeral, which is no digit', asAdmin, [newUser('Ⅷ')], 1001],
  ['an ID over 256 bytes', asAdmin, [newUser('é'.repeat(129))], 1001],
  ['an empty nickname, before permission', asU1, [newUser('a', { nickname: '' })], 1001],
  ['an ordinary caller, before repeated and empty IDs', asU1, [newUser(''), newUser('')], 1002],
  ['a repeated ID, before registered ones', asAdmin, [newUser('old'), newUser('old')], 1001],
  ['an empty ID, before registered ones', asAdmin, [newUser(''), newUser('old')], 1001],
  ['a registered one among new ones', asAdmin, [newUser('new1'), newUser('old'), newUser('new2')], 1102],
];
for (const [title, call, newUsers, code] of refusals) {
  test(`register refuses ${title}: ${code}, and registers nobody`, async () => {
    const { users, stored } = usersWith([newUser('old')]);
    await assert.rejects(users.register(call, newUsers), hasCode(code));
    assert.deepEqual([...stored.keys()], ['old']);
  });
}

test('register takes letters and digits of any script', async () => {
  const { users, stored } = usersWith([]);
  const IDs = ['user_1', 'Ünï', '用户', '٣٤', '𝒳'];
  await users.register(
    asAdmin,
    IDs.map((userID) => newUser(userID)),
  );
  assert.deepEqual([...stored.keys()], IDs);
});

test('find counts an answer in bytes, whatever the script of its texts', async () => {
  const many = Array.from({ length: 13 }, (_, index) => newUser(`u${index}`, { ex: 'é'.repeat(4096) }));
  const { users } = usersWith(many);
  const IDs = many.map(({ userID }) => userID);
  assert.equal((await users.find(IDs.slice(1))).length, 12);
  await assert.rejects(users.find(IDs), hasCode(1001));
});

test('find gives the registered ones once, in the order asked', async () => {
  const { users } = usersWith([newUser('a'), newUser('b')]);
  const found = await users.find(['b', 'nobody', 'a', 'b']);
  assert.deepEqual(
    found.map(({ userID }) => userID),
    ['b', 'a'],
  );
});

test('updateEx tells the devices with the change, also if nothing was to change', async () => {
  const { users, told } = usersWith([newUser('u1')]);
  await users.updateEx(asU1, 'u1', unchanged);
  assert.deepEqual(told, [{ by: 'u1', changedUserID: 'u1', withChange: true }]);
});

test('7.4 who sees the profile hears of it if the nickname or the face is another now', async () => {
  const { users, followed } = usersWith([newUser('u1', { nickname: 'old', faceURL: 'f' })]);
  await users.updateEx(asU1, 'u1', { ...unchanged, nickname: 'old', ex: 'other' });
  assert.deepEqual(followed, []);
  await users.updateEx(asU1, 'u1', { ...unchanged, nickname: 'new' });
  await users.updateEx(asU1, 'u1', { ...unchanged, faceURL: '' });
  assert.deepEqual(followed, [
    { userID: 'u1', nickname: 'new', faceURL: 'f' },
    { userID: 'u1', nickname: 'new', faceURL: '' },
  ]);
});

test('updateEx tells nobody when it fails', async () => {
  const { users, told } = usersWith([newUser('u1')]);
  await assert.rejects(users.updateEx(asAdmin, 'nobody', unchanged), hasCode(1004));
  await assert.rejects(users.updateEx(asU1, 'imAdmin', unchanged), hasCode(1002));
  await assert.rejects(users.updateEx(asU1, '', unchanged), hasCode(1001));
  await assert.rejects(users.updateEx(asU1, 'other', { ...unchanged, globalRecvMsgOpt: 3 }), hasCode(1001));
  await assert.rejects(users.updateEx(asU1, 'u1', { ...unchanged, globalRecvMsgOpt: -1 }), hasCode(1001));
  assert.deepEqual(told, []);
});

test('ensureAdmins inserts the missing ones at level 2 and leaves the others', async () => {
  const { users, stored } = usersWith([newUser('root', { nickname: 'Boss', appManagerLevel: 0 })]);
  await users.ensureAdmins(['root', 'imAdmin', 'imAdmin']);
  assert.equal(stored.get('root')?.nickname, 'Boss');
  assert.equal(stored.get('root')?.appManagerLevel, 0);
  assert.deepEqual(stored.get('imAdmin'), {
    ...newUser('imAdmin', { nickname: 'imAdmin', appManagerLevel: 2 }),
    createdAt: 1234,
  });
});

test('findForToken gives the level or undefined', async () => {
  const { users } = usersWith([newUser('robot', { appManagerLevel: 4 })]);
  assert.equal((await users.findForToken('robot'))?.appManagerLevel, 4);
  assert.equal(await users.findForToken('nobody'), undefined);
});

function newUser(userID: string, fields: Partial<NewUser> = {}): NewUser {
  return {
    userID,
    nickname: `nick ${userID}`,
    faceURL: '',
    ex: '',
    appManagerLevel: 0,
    globalRecvMsgOpt: 0,
    ...fields,
  };
}

function hasCode(code: number) {
  return (error: unknown) => error instanceof ProtocolError && error.code === code;
}

/** The domain over a Map; a transaction that fails takes back what it added. */
function usersWith(registered: readonly NewUser[]) {
  const stored = new Map<string, User>(registered.map((user) => [user.userID, { ...user, createdAt: 1 }]));
  const told: { by: string; changedUserID: string; withChange: boolean }[] = [];
  const followed: Pick<User, 'userID' | 'nickname' | 'faceURL'>[] = [];
  let isInTransaction = false;
  const store: UserRecords = {
    add: async (_tx, users) => {
      const added = users.filter(({ userID }) => !stored.has(userID));
      for (const user of added) stored.set(user.userID, user);
      return new Set(added.map(({ userID }) => userID));
    },
    find: async (userIDs) => [...stored.values()].filter(({ userID }) => userIDs.includes(userID)),
    levelOf: async (userID) => stored.get(userID)?.appManagerLevel,
    lock: async (_tx, userID) => stored.get(userID),
    update: async (_tx, userID, { nickname, faceURL }) => {
      const user = stored.get(userID);
      if (user === undefined) return false;
      stored.set(userID, { ...user, nickname: nickname ?? user.nickname, faceURL: faceURL ?? user.faceURL });
      return true;
    },
  };
  const unitOfWork: UnitOfWork = {
    transaction: async (work) => {
      const before = [...stored];
      const effects: (() => void | Promise<void>)[] = [];
      isInTransaction = true;
      try {
        const result = await work({ afterCommit: (effect) => effects.push(effect) });
        isInTransaction = false;
        for (const effect of effects) await effect();
        return result;
      } catch (error) {
        isInTransaction = false;
        stored.clear();
        for (const [userID, user] of before) stored.set(userID, user);
        throw error;
      }
    },
  };
  const notifications = {
    profileChanged: async (_tx: Transaction, _call: CallContext, { userID, nickname, faceURL }: User) => {
      followed.push({ userID, nickname, faceURL });
    },
    userInfoUpdated: async (_tx: Transaction, { caller }: CallContext, changedUserID: string) => {
      told.push({ by: caller.userID, changedUserID, withChange: isInTransaction });
    },
  };
  return { users: new Users({ store, unitOfWork, notifications, limits, now: () => 1234 }), stored, told, followed };
}
