/** What is true of groups whatever is done to them, in whichever order and by how many at once. */
import assert from 'node:assert/strict';
import type { Database } from '../../../src/database/database.ts';

/** @param hint of what was done, for who reads that it failed */
export async function checkInvariants({ reader }: Database, hint: string): Promise<void> {
  const groups = await reader.selectFrom('groups').selectAll().execute();
  const members = Map.groupBy(await reader.selectFrom('group_members').selectAll().execute(), (row) => row.group_id);
  const entries = await reader.selectFrom('version_entries').selectAll().execute();
  const conversations = await reader.selectFrom('conversations').selectAll().execute();
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
    const log = entries.filter((row) => row.kind === 'group_members' && row.owner_id === groupID);
    const listed = log.filter(({ item_id, state }) => !item_id.startsWith(':') && state !== deleted);
    assert.deepEqual(listed.map(({ item_id }) => item_id).sort(), ids, `member log of ${groupID}: ${hint}`);
    const joined = entries.filter((row) => row.kind === 'joined_groups' && row.item_id === groupID);
    const having = joined.filter(({ state }) => state !== deleted).map(({ owner_id }) => owner_id);
    assert.deepEqual(having.sort(), ids, `lists of joined groups, of ${groupID}: ${hint}`);

    const chat = `sg_${groupID}`;
    for (const userID of ids) assert.equal(windowOf.get(`${userID}/${chat}`), 0, `window of ${userID}: ${hint}`);
    if (isDismissed) continue;
    for (const { owner_id: userID, state } of joined) {
      if (state === deleted) assert.notEqual(windowOf.get(`${userID}/${chat}`), 0, `end for ${userID}: ${hint}`);
    }
  }
  await checkHeads({ reader }, hint);
}

const deleted = 2;

async function checkHeads({ reader }: Pick<Database, 'reader'>, hint: string): Promise<void> {
  const heads = await reader.selectFrom('version_heads').selectAll().execute();
  const versions = new Map(heads.map(({ kind, owner_id, version }) => [`${kind}/${owner_id}`, version]));
  for (const { kind, owner_id, version } of await reader.selectFrom('version_entries').selectAll().execute()) {
    assert.ok(version <= (versions.get(`${kind}/${owner_id}`) ?? 0), `head of ${kind} of ${owner_id}: ${hint}`);
  }
}
