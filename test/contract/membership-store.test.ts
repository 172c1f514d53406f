/** What a node's index of groups reads, as changes of groups leave it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { PostgresMembershipStore } from '../../src/store/postgres-membership-store.ts';
import { SqlVersionLogStore } from '../../src/store/sql-version-log-store.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';

test('MembershipStore on PostgreSQL', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const ignore = () => {};
  const db = await openPostgres(url, {
    onEffectFailure: ignore,
    onConnectionLost: ignore,
    onFailing: ignore,
    onRecovered: ignore,
  });
  t.after(() => db[Symbol.asyncDispose]());
  const store = new PostgresMembershipStore(db);
  const versions = await SqlVersionLogStore.open(db, randomUUID);
  const step = async (state: 'insert' | 'update' | 'delete', userID: string) => {
    const record = (kind: 'group_members' | 'joined_groups', ownerID: string, itemID: string) =>
      db.transaction((tx) => versions.record(tx, kind, [{ ownerID, changes: [{ itemID, state }] }]));
    if (state !== 'update') await record('joined_groups', userID, 'g');
    const head = (await record('group_members', 'g', userID)).get('g');
    assert.ok(head);
    return head;
  };
  const member = (userID: string) =>
    db.connections.query(
      `INSERT INTO group_members (group_id, user_id, role_level, joined_at, join_source, operator_user_id, inviter_user_id)
        VALUES ('g', $1, 20, 1, 3, '', '')`,
      [userID],
    );

  await t.test('the groups of a user come with the versions of their members, and of the list', async () => {
    assert.deepEqual(await store.joinedBy('ann'), { userVersion: 0, groups: new Map() });
    await member('ann');
    const head = await step('insert', 'ann');
    assert.deepEqual(await store.joinedBy('ann'), { userVersion: 2, groups: new Map([['g', head]]) });
  });

  await t.test('changes since a version come in their order; whoever was only changed is in the group', async () => {
    const since = await step('insert', 'bob');
    await step('insert', 'cid');
    await step('update', 'bob');
    const head = await step('delete', 'cid');
    assert.deepEqual(await store.changesSince('g', since), {
      version: head,
      changes: [
        { kind: 'joined', userID: 'bob', version: head.version - 1 },
        { kind: 'left', userID: 'cid', version: head.version },
      ],
    });
    assert.deepEqual(await store.changesSince('g', head), { version: head, changes: [] });
  });

  await t.test('the log of a dismissed group is another one', async () => {
    const head = await step('update', 'ann');
    await db.transaction((tx) => versions.drop(tx, 'group_members', ['g']));
    assert.equal(await store.changesSince('g', head), undefined);
    assert.equal(await store.changesSince('none', head), undefined);
  });
});
