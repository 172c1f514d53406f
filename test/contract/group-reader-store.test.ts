import assert from 'node:assert/strict';
import { SqlConversationStore } from '../../src/store/sql-conversation-store.ts';
import { SqlGroupMemberStore } from '../../src/store/sql-group-member-store.ts';
import { SqlGroupReaderStore } from '../../src/store/sql-group-reader-store.ts';
import { SqlReadPositionStore } from '../../src/store/sql-read-position-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('GroupReaderStore', async (t, { db }) => {
  const store = new SqlGroupReaderStore(db);
  const conversations = new SqlConversationStore(db);

  await t.test('who is in the group, with positions and windows, in order of their IDs', async () => {
    const member = { groupID: 'g', nickname: '', faceURL: '', ex: '', mutedUntil: 0, role: 20, joinedAt: 1 };
    const origin = { joinSource: 3, inviterUserID: '', operatorUserID: '' };
    const row = { conversationID: 'sg_g', conversationType: 3, userID: '', groupID: 'g' };
    await db.transaction(async (tx) => {
      await new SqlGroupMemberStore(db).add(
        tx,
        ['c', 'a', 'b'].map((userID) => ({ ...member, ...origin, userID })),
      );
      await conversations.createMissing(
        tx,
        ['a', 'b', 'left'].map((ownerUserID) => ({ ...row, ownerUserID })),
        1,
      );
      await conversations.setWindow(tx, 'sg_g', ['b'], { minSeq: 4 });
      const positions = new SqlReadPositionStore(db);
      for (const userID of ['a', 'left']) await positions.raiseReadPosition(tx, userID, 'sg_g', { readSeq: 7 });
      await positions.raiseReadPosition(tx, 'b', 'sg_other', { readSeq: 9 });
    });
    const found = await store.readers('g', 'sg_g', 10);
    assert.deepEqual(found, [
      { userID: 'a', readSeq: 7, fromSeq: 0 },
      { userID: 'b', readSeq: 0, fromSeq: 4 },
      { userID: 'c', readSeq: 0, fromSeq: 0 },
    ]);
    assert.deepEqual(await store.readers('g', 'sg_g', 2), found.slice(0, 2));
  });
});
