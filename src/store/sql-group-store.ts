/** Groups in SQL, for both dialects. */
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { Group, GroupChanges } from '../groups/group.ts';
import type { GroupStore } from '../groups/group-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { groupStatuses } from '../protocol/numbers/groups.ts';
import { countByDay } from './sql-days.ts';
import { isOneOf } from './sql-lists.ts';
import { holds } from './sql-texts.ts';

export class SqlGroupStore implements GroupStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, group: Group): Promise<boolean> {
    const added = await this.#db
      .executor(tx)
      .insertInto('groups')
      .values(toRow(group))
      .onConflict((conflict) => conflict.column('group_id').doNothing())
      .returning('group_id')
      .executeTakeFirst();
    return added !== undefined;
  }

  async lock(tx: Transaction, groupID: string): Promise<Group | undefined> {
    const [group] = await this.lockMany(tx, [groupID]);
    return group;
  }

  async lockMany(tx: Transaction, groupIDs: readonly string[]): Promise<readonly Group[]> {
    const query = this.#db
      .executor(tx)
      .selectFrom('groups')
      .selectAll()
      .where(isOneOf(this.#db.dialect, 'group_id', groupIDs))
      .orderBy('group_id');
    // SQLite has one writer at a time.
    const rows = await (this.#db.dialect === 'postgres' ? query.forUpdate() : query).execute();
    return rows.map(fromRow);
  }

  async find(groupID: string): Promise<Group | undefined> {
    const [group] = await this.findMany([groupID]);
    return group;
  }

  async findMany(groupIDs: readonly string[]): Promise<readonly Group[]> {
    const rows = await this.#db.reader
      .selectFrom('groups')
      .selectAll()
      .where(isOneOf(this.#db.dialect, 'group_id', groupIDs))
      .execute();
    return rows.map(fromRow);
  }

  async update(tx: Transaction, groupID: string, changes: GroupChanges): Promise<void> {
    const columns = Object.entries(changes).map(([key, value]) => [columnOf[key as keyof GroupChanges], value]);
    if (columns.length === 0) return;
    await this.#db
      .executor(tx)
      .updateTable('groups')
      .set(Object.fromEntries(columns))
      .where('group_id', '=', groupID)
      .execute();
  }

  async search(namePart: string, offset: number, limit: number): Promise<readonly Group[]> {
    const rows = await this.#found(namePart)
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('group_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async countFound(namePart: string): Promise<number> {
    const counted = this.#found(namePart).select(({ fn }) => fn.countAll<number>().as('total'));
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  async count(before?: number): Promise<number> {
    const all = this.#db.reader.selectFrom('groups').select(({ fn }) => fn.countAll<number>().as('total'));
    const counted = before === undefined ? all : all.where('created_at', '<', before);
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  creations(from: number, until: number): Promise<ReadonlyMap<number, number>> {
    return countByDay(this.#db.reader, 'groups', from, until);
  }

  async idsJoinedBy(userID: string): Promise<readonly string[]> {
    const rows = await inOrder(this.#joinedBy(userID).select('g.group_id')).execute();
    return rows.map(({ group_id }) => group_id);
  }

  #found(namePart: string) {
    const living = this.#db.reader.selectFrom('groups').where('status', '<>', groupStatuses.dismissed);
    return namePart === '' ? living : living.where(holds(this.#db.dialect, 'name', namePart));
  }

  #joinedBy(userID: string) {
    return this.#db.reader
      .selectFrom('group_members as m')
      .innerJoin('groups as g', 'g.group_id', 'm.group_id')
      .where('m.user_id', '=', userID)
      .where('g.status', '<>', groupStatuses.dismissed);
  }
}

/** Read by the user's memberships and sorted: a user is in hundreds of groups. */
function inOrder<Query extends { orderBy(column: 'g.name' | 'g.created_at' | 'g.group_id'): Query }>(
  query: Query,
): Query {
  return query.orderBy('g.name').orderBy('g.created_at').orderBy('g.group_id');
}

const columnOf: Readonly<Record<keyof GroupChanges, keyof GroupRow>> = {
  name: 'name',
  notification: 'notification',
  introduction: 'introduction',
  faceURL: 'face_url',
  ex: 'ex',
  status: 'status',
  needVerification: 'need_verification',
  lookMemberInfo: 'look_member_info',
  applyMemberFriend: 'apply_member_friend',
  notificationUpdatedAt: 'notification_updated_at',
  notificationUserID: 'notification_user_id',
  ownerUserID: 'owner_user_id',
  memberCount: 'member_count',
};

type GroupRow = Selectable<Schema['groups']>;

function toRow(group: Group): GroupRow {
  return {
    group_id: group.groupID,
    name: group.name,
    notification: group.notification,
    introduction: group.introduction,
    face_url: group.faceURL,
    ex: group.ex,
    created_at: group.createdAt,
    status: group.status,
    creator_user_id: group.creatorUserID,
    group_type: group.groupType,
    need_verification: group.needVerification,
    look_member_info: group.lookMemberInfo,
    apply_member_friend: group.applyMemberFriend,
    notification_updated_at: group.notificationUpdatedAt,
    notification_user_id: group.notificationUserID,
    owner_user_id: group.ownerUserID,
    member_count: group.memberCount,
  };
}

function fromRow(row: GroupRow): Group {
  return {
    groupID: row.group_id,
    name: row.name,
    notification: row.notification,
    introduction: row.introduction,
    faceURL: row.face_url,
    ex: row.ex,
    createdAt: row.created_at,
    status: row.status,
    creatorUserID: row.creator_user_id,
    groupType: row.group_type,
    needVerification: row.need_verification,
    lookMemberInfo: row.look_member_info,
    applyMemberFriend: row.apply_member_friend,
    notificationUpdatedAt: row.notification_updated_at,
    notificationUserID: row.notification_user_id,
    ownerUserID: row.owner_user_id,
    memberCount: row.member_count,
  };
}
