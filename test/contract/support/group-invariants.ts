/** What is true of groups whatever is done to them, in whichever order and by how many at once. */
import assert from 'node:assert/strict';
import type { Database } from '../../../src/database/database.ts';

/** @param hint of what was done, for who reads that it failed */
export async function checkInvariants({ reader }: Database, hint: string): Promise<void> {
  const groups = await reader
    .selectFrom('groups')
    .select(['group_id', 'owner_user_id', 'member_count', 'status'])
    .execute();
  const members = Map.groupBy(
    await reader.selectFrom('group_members').select(['group_id', 'user_id', 'role_level']).execute(),
    (row) => row.group_id,
  );
  const entries = await reader
    .selectFrom('version_entries')
    .select(['kind', 'owner_id', 'item_id', 'state', 'version'])
    .execute();
  const entriesOf = (kind: string) => entries.filter((row) => row.kind === kind);
  const memberLogs = Map.groupBy(entriesOf('group_members'), (row) => row.owner_id);
  const joinedLogs = Map.groupBy(entriesOf('joined_groups'), (row) => row.item_id);
  const conversations = await reader
    .selectFrom('conversations')
    .select(['owner_user_id', 'conversation_id', 'max_seq'])
    .execute();
  const windowOf = new Map(conversations.map((row) => [`${row.owner_user_id}/${row.conversation_id}`, row.max_seq]));

  for (const group of groups) {
    const { group_id: groupID } = group;
    const rows = members.get(groupID) ?? [];
    const ids = rows.map(({ user_id }) => user_id).sort();
    const owners = rows.filter(({ role_level }) => role_level === 100).map(({ user_id }) => user_id);
    const isDismissed = group.status === 2;
    assert.deepEqual(owners, isDismissed ? [] : [group.owner_user_id], `one owner of ${groupID}: ${hint}`);
    assert.equal(group.owner_user_id === '', isDismissed, `owner of ${groupID}: ${hint}`);
    assert.equal(group.member_count, rows.length, `member count of ${groupID}: ${hint}`);
    if (isDismissed) assert.deepEqual(ids, [], `members of ${groupID}: ${hint}`);

    // The log's latest word on everybody agrees with who is there: what a client that was away comes to know.
    const log = memberLogs.get(groupID) ?? [];
    const listed = log.filter(({ item_id, state }) => !item_id.startsWith(':') && state !== deleted);
    assert.deepEqual(listed.map(({ item_id }) => item_id).sort(), ids, `member log of ${groupID}: ${hint}`);
    const joined = joinedLogs.get(groupID) ?? [];
    const having = joined.filter(({ state }) => state !== deleted).map(({ owner_id }) => owner_id);
    assert.deepEqual(having.sort(), ids, `lists of joined groups, of ${groupID}: ${hint}`);

    const chat = `sg_${groupID}`;
    for (const userID of ids) assert.equal(windowOf.get(`${userID}/${chat}`), 0, `window of ${userID}: ${hint}`);
    if (isDismissed) continue;
    for (const { owner_id: userID, state } of joined) {
      if (state === deleted) assert.notEqual(windowOf.get(`${userID}/${chat}`), 0, `end for ${userID}: ${hint}`);
    }
  }
  const heads = await reader.selectFrom('version_heads').select(['kind', 'owner_id', 'version']).execute();
  const versions = new Map(heads.map(({ kind, owner_id, version }) => [`${kind}/${owner_id}`, version]));
  for (const { kind, owner_id, version } of entries) {
    assert.ok(version <= (versions.get(`${kind}/${owner_id}`) ?? 0), `head of ${kind} of ${owner_id}: ${hint}`);
  }
}

const deleted = 2;
