/** Users on every database: what several change at once. */
import assert from 'node:assert/strict';
import type { Database } from '../../src/database/database.ts';
import type { CallContext } from '../../src/kernel/caller.ts';
import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { Users } from '../../src/users/users.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('Users', async (t, { db, peer }) => {
  const told: string[] = [];
  const nodes = [db, peer].map((database) => usersOn(database, told));
  const star = { userID: 'star', nickname: 'a', faceURL: '', ex: '', appManagerLevel: 0, globalRecvMsgOpt: 0 };
  await nodes[0]!.register(admin, [star]);

  await t.test('of nicknames set at once each new one is told, and last the one that stays', async () => {
    const nicknames = Array.from({ length: 60 }, (_, index) => 'abc'[index % 3]!);
    await Promise.all(
      nicknames.map((nickname, index) =>
        nodes[index % 2]!.updateEx(admin, 'star', { nickname, faceURL: null, ex: null, globalRecvMsgOpt: null }),
      ),
    );
    const [stored] = await nodes[0]!.find(['star']);
    assert.equal(told.at(-1), stored?.nickname);
    assert.ok(told.every((nickname, index) => nickname !== (told[index - 1] ?? 'a')));
  });
});

const admin: CallContext = {
  caller: { userID: 'imAdmin', platformID: 1, jti: '', expiresAt: Number.MAX_SAFE_INTEGER, isAdmin: true },
  operationID: 'op',
};

/** @param told to which each nickname is added that others are told */
function usersOn(db: Database, told: string[]): Users {
  return new Users({
    store: new SqlUserStore(db),
    unitOfWork: db,
    notifications: {
      profileChanged: async (_tx, _call, { nickname }) => void told.push(nickname),
      userInfoUpdated: async () => {},
    },
    limits: { maxNicknameBytes: 100, maxFaceUrlBytes: 100, maxExBytes: 100, maxAnswerBytes: 10_000 },
    now: () => 1,
  });
}
