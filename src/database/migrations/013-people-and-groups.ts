/** Friends, black lists and groups. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE friends (
      owner_user_id ${text} NOT NULL,
      friend_user_id ${text} NOT NULL,
      remark text NOT NULL DEFAULT '',
      ex text NOT NULL DEFAULT '',
      is_pinned integer NOT NULL DEFAULT 0,
      add_source integer NOT NULL,
      operator_user_id text NOT NULL,
      created_at bigint NOT NULL,
      position bigint NOT NULL,
      PRIMARY KEY (owner_user_id, friend_user_id)
    ) ${clustered}`,
    'CREATE INDEX friends_in_order ON friends (owner_user_id, is_pinned DESC, position, friend_user_id)',
    'CREATE INDEX friends_by_friend ON friends (friend_user_id, owner_user_id)',
    `CREATE TABLE friend_requests (
      from_user_id ${text} NOT NULL,
      to_user_id ${text} NOT NULL,
      handle_result integer NOT NULL,
      req_msg text NOT NULL,
      ex text NOT NULL,
      created_at bigint NOT NULL,
      handler_user_id text NOT NULL DEFAULT '',
      handle_msg text NOT NULL DEFAULT '',
      handled_at bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (from_user_id, to_user_id)
    ) ${clustered}`,
    'CREATE INDEX friend_requests_received ON friend_requests (to_user_id, created_at DESC, from_user_id)',
    'CREATE INDEX friend_requests_sent ON friend_requests (from_user_id, created_at DESC, to_user_id)',
    `CREATE TABLE blacks (
      owner_user_id ${text} NOT NULL,
      blocked_user_id ${text} NOT NULL,
      operator_user_id text NOT NULL,
      ex text NOT NULL DEFAULT '',
      created_at bigint NOT NULL,
      position bigint NOT NULL,
      PRIMARY KEY (owner_user_id, blocked_user_id)
    ) ${clustered}`,
    'CREATE INDEX blacks_in_order ON blacks (owner_user_id, position, blocked_user_id)',
    `CREATE TABLE groups (
      group_id ${text} NOT NULL PRIMARY KEY,
      name ${text} NOT NULL,
      notification text NOT NULL,
      introduction text NOT NULL,
      face_url text NOT NULL,
      ex text NOT NULL,
      created_at bigint NOT NULL,
      status integer NOT NULL,
      creator_user_id text NOT NULL,
      group_type integer NOT NULL,
      need_verification integer NOT NULL,
      look_member_info integer NOT NULL,
      apply_member_friend integer NOT NULL,
      notification_updated_at bigint NOT NULL,
      notification_user_id text NOT NULL,
      owner_user_id text NOT NULL,
      member_count bigint NOT NULL
    ) ${clustered}`,
    'CREATE INDEX groups_by_creation ON groups (created_at DESC, group_id)',
    `CREATE TABLE group_members (
      group_id ${text} NOT NULL,
      user_id ${text} NOT NULL,
      role_level integer NOT NULL,
      nickname text NOT NULL DEFAULT '',
      face_url text NOT NULL DEFAULT '',
      ex text NOT NULL DEFAULT '',
      joined_at bigint NOT NULL,
      join_source integer NOT NULL,
      operator_user_id text NOT NULL,
      inviter_user_id text NOT NULL,
      muted_until bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (group_id, user_id)
    ) ${clustered}`,
    'CREATE INDEX group_members_in_order ON group_members (group_id, role_level DESC, joined_at, user_id)',
    'CREATE INDEX group_members_by_user ON group_members (user_id, role_level, group_id)',
    `CREATE TABLE group_requests (
      group_id ${text} NOT NULL,
      user_id ${text} NOT NULL,
      handle_result integer NOT NULL,
      req_msg text NOT NULL,
      ex text NOT NULL,
      join_source integer NOT NULL,
      inviter_user_id text NOT NULL,
      requested_at bigint NOT NULL,
      handler_user_id text NOT NULL DEFAULT '',
      handle_msg text NOT NULL DEFAULT '',
      handled_at bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (group_id, user_id)
    ) ${clustered}`,
    'CREATE INDEX group_requests_of_group ON group_requests (group_id, requested_at DESC, user_id, handle_result)',
    'CREATE INDEX group_requests_of_user ON group_requests (user_id, requested_at DESC, group_id)',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
