/** Groups as they are stored, whatever endpoints say of them: for tests of what a call has changed, or has not. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { World } from './world.ts';

export interface MemberRow {
  readonly role: number;
  readonly mutedUntil: number;
  readonly nickname: string;
  readonly joinSource: number;
  readonly operator: string;
  readonly inviter: string;
}

export interface GroupRows {
  // biome-ignore lint/suspicious/noExplicitAny: columns as they are
  readonly group: any;
  readonly members: ReadonlyMap<string, MemberRow>;
}

export function readGroup(world: World, groupID: string): GroupRows {
  const [group] = query(world, 'SELECT * FROM groups WHERE group_id = ?', groupID);
  const members = query(world, 'SELECT * FROM group_members WHERE group_id = ? ORDER BY user_id', groupID);
  return {
    group,
    members: new Map(
      members.map((row) => [
        row.user_id,
        {
          role: row.role_level,
          mutedUntil: row.muted_until,
          nickname: row.nickname,
          joinSource: row.join_source,
          operator: row.operator_user_id,
          inviter: row.inviter_user_id,
        },
      ]),
    ),
  };
}

/** Roles by user, as an object. */
export function rolesIn(world: World, groupID: string): Readonly<Record<string, number>> {
  return Object.fromEntries([...readGroup(world, groupID).members].map(([userID, { role }]) => [userID, role]));
}

/** Entries of a version log: item, state (1 insert, 2 delete, 3 update), version. */
export function logOf(world: World, kind: string, ownerID: string): readonly (readonly [string, number, number])[] {
  const sql =
    'SELECT item_id, state, version FROM version_entries WHERE kind = ? AND owner_id = ? ORDER BY version, item_id';
  return query(world, sql, kind, ownerID).map((row) => [row.item_id, row.state, row.version]);
}

/** The ends of what a user may read of a group's chat; undefined without a conversation. */
export function windowOf(world: World, userID: string, groupID: string) {
  const sql = 'SELECT min_seq, max_seq FROM conversations WHERE owner_user_id = ? AND conversation_id = ?';
  const [row] = query(world, sql, userID, `sg_${groupID}`);
  return row === undefined ? undefined : { minSeq: row.min_seq, maxSeq: row.max_seq };
}

// biome-ignore lint/suspicious/noExplicitAny: columns as they are
export function query(world: World, sql: string, ...values: string[]): any[] {
  using db = openRows(world);
  return db.prepare(sql).all(...values);
}

function openRows(world: World): DatabaseSync {
  return new DatabaseSync(join(world.dataDir, 'tessera.db'), { readOnly: true });
}

/** All that is stored of a group, to see that a call has changed nothing. */
export function everythingOf(world: World, groupID: string): unknown {
  using db = openRows(world);
  const rows = (sql: string, value: string) => db.prepare(sql).all(value);
  return [
    rows('SELECT * FROM groups WHERE group_id = ?', groupID),
    rows('SELECT * FROM group_members WHERE group_id = ? ORDER BY user_id', groupID),
    rows('SELECT * FROM group_requests WHERE group_id = ? ORDER BY user_id', groupID),
    rows("SELECT * FROM version_heads WHERE kind = 'group_members' AND owner_id = ?", groupID),
    rows("SELECT * FROM version_entries WHERE kind = 'joined_groups' AND item_id = ? ORDER BY owner_id", groupID),
    rows('SELECT * FROM conversations WHERE conversation_id = ? ORDER BY owner_user_id', `sg_${groupID}`),
    rows('SELECT max_seq FROM conversation_seqs WHERE conversation_id = ?', `sg_${groupID}`),
  ];
}
