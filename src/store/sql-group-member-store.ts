/** Members of groups in SQL, for both dialects. */
import { type Selectable, type SqlBool, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { GroupMember, GroupMemberChanges, NewGroupMember } from '../groups/group.ts';
import type { GroupMemberStore, MemberFilter } from '../groups/group-member-store.ts';
import { giveWay } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { groupRoles } from '../protocol/numbers/groups.ts';
import { isOneOf, piecesInTurns } from './sql-lists.ts';
import { holds } from './sql-texts.ts';

export class SqlGroupMemberStore implements GroupMemberStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, members: readonly NewGroupMember[]): Promise<readonly NewGroupMember[]> {
    const added = new Set<string>();
    for await (const piece of piecesInTurns(members.toSorted((a, b) => (a.userID < b.userID ? -1 : 1)))) {
      const inserted = await this.#db
        .executor(tx)
        .insertInto('group_members')
        .values(piece.map(toRow))
        .onConflict((conflict) => conflict.columns(['group_id', 'user_id']).doNothing())
        .returning('user_id')
        .execute();
      for (const { user_id } of inserted) added.add(user_id);
    }
    return members.filter(({ userID }) => added.has(userID));
  }

  async someIsInMoreThan(tx: Transaction, userIDs: readonly string[], groups: number): Promise<boolean> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('group_members')
      .select('user_id')
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .groupBy('user_id')
      .having(({ fn }) => fn.countAll(), '>', groups)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async remove(tx: Transaction, groupID: string, userIDs: readonly string[]): Promise<readonly string[]> {
    const removed = await this.#db
      .executor(tx)
      .deleteFrom('group_members')
      .where('group_id', '=', groupID)
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .returning('user_id')
      .execute();
    return removed.map(({ user_id }) => user_id);
  }

  async removeFirst(tx: Transaction, groupID: string, limit: number): Promise<readonly string[]> {
    const executor = this.#db.executor(tx);
    const first = executor.selectFrom('group_members').select('user_id').where('group_id', '=', groupID);
    const removed = await executor
      .deleteFrom('group_members')
      .where('group_id', '=', groupID)
      .where('user_id', 'in', first.orderBy('user_id').limit(limit))
      .returning('user_id')
      .execute();
    return removed.map(({ user_id }) => user_id).sort();
  }

  async update(tx: Transaction, groupID: string, userID: string, changes: GroupMemberChanges): Promise<boolean> {
    const columns = Object.fromEntries(
      Object.entries({
        role_level: changes.role,
        nickname: changes.nickname,
        face_url: changes.faceURL,
        ex: changes.ex,
        muted_until: changes.mutedUntil,
      }).filter(([, value]) => value !== undefined),
    );
    const updated = await this.#db
      .executor(tx)
      .updateTable('group_members')
      // Nothing to change: whether the user is there is still the answer.
      .set(Object.keys(columns).length === 0 ? { group_id: groupID } : columns)
      .where('group_id', '=', groupID)
      .where('user_id', '=', userID)
      .returning('user_id')
      .executeTakeFirst();
    return updated !== undefined;
  }

  async find(groupID: string, userIDs: readonly string[], tx?: Transaction): Promise<readonly GroupMember[]> {
    const rows = await this.#membersOf(groupID, tx)
      .where(isOneOf(this.#db.dialect, 'm.user_id', userIDs))
      .execute();
    return rows.map(fromRow);
  }

  async managerIDs(tx: Transaction, groupID: string, limit: number): Promise<readonly string[]> {
    const managers = this.#db
      .executor(tx)
      .selectFrom('group_members as m')
      .select('m.user_id')
      .where('m.group_id', '=', groupID)
      .where('m.role_level', '>=', groupRoles.admin);
    const rows = await inOrder(managers).limit(limit).execute();
    return rows.map(({ user_id }) => user_id);
  }

  async ids(groupID: string): Promise<readonly string[]> {
    // Who has another role meanwhile may come twice.
    const all = new Set<string>();
    for (const role of rolesFromAbove) {
      let after = { joinedAt: -1, userID: '' };
      for (;;) {
        const { ids, joinedAt } = await this.#idsAfter(groupID, role, after);
        for (const userID of ids) all.add(userID);
        if (ids.length < idsAtOnce) break;
        after = { joinedAt, userID: ids.at(-1) ?? '' };
        await giveWay();
      }
    }
    return [...all];
  }

  /** The next ones of a role, as one value: a row for each costs three times as much. */
  async #idsAfter(groupID: string, role: number, after: { readonly joinedAt: number; readonly userID: string }) {
    const piece = this.#matching(groupID, { roles: [role] })
      .select(['m.user_id', 'm.joined_at'])
      .where(sql<SqlBool>`(m.joined_at, m.user_id) > (${after.joinedAt}, ${after.userID})`)
      .orderBy('m.joined_at')
      .orderBy('m.user_id')
      .limit(idsAtOnce)
      .as('piece');
    const aggregate = sql.raw(this.#db.dialect === 'postgres' ? 'json_agg' : 'json_group_array');
    const row = await this.#db.reader
      .selectFrom(piece)
      .select([
        sql<string>`CAST(coalesce(${aggregate}(user_id ORDER BY joined_at, user_id), '[]') AS text)`.as('ids'),
        sql<number | null>`max(joined_at)`.as('joined_at'),
      ])
      .executeTakeFirstOrThrow();
    return { ids: JSON.parse(row.ids) as string[], joinedAt: Number(row.joined_at) };
  }

  async list(groupID: string, filter: MemberFilter, offset: number, limit: number): Promise<readonly GroupMember[]> {
    // The page is found by the index alone: rows and profiles are read for none of those before it. In one statement,
    // SQLite walks through the whole group for the order of the hundred that it has found.
    const page = await inOrder(this.#matching(groupID, filter).select('m.user_id'))
      .offset(offset)
      .limit(limit)
      .execute();
    const userIDs = page.map(({ user_id }) => user_id);
    const found = new Map((await this.find(groupID, userIDs)).map((member) => [member.userID, member]));
    return userIDs.flatMap((userID) => found.get(userID) ?? []);
  }

  async count(groupID: string, filter: MemberFilter): Promise<number> {
    const counted = this.#matching(groupID, filter).select(({ fn }) => fn.countAll<number>().as('total'));
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  async named(
    groupID: string,
    userIDs: readonly string[],
    { keyword, ...filter }: MemberFilter & { readonly keyword: string },
  ): Promise<ReadonlySet<string>> {
    const { dialect } = this.#db;
    const rows = await this.#matching(groupID, filter)
      .leftJoin('users as u', 'u.user_id', 'm.user_id')
      .select('m.user_id')
      .where(isOneOf(dialect, 'm.user_id', userIDs))
      .where(nameHolds(dialect, keyword))
      .execute();
    return new Set(rows.map(({ user_id }) => user_id));
  }

  async findInGroups(userIDs: ReadonlyMap<string, readonly string[]>): Promise<readonly GroupMember[]> {
    const pairs = [...userIDs].flatMap(([groupID, ids]) => ids.map((userID) => [groupID, userID] as const));
    const isOneOfThem =
      this.#db.dialect === 'postgres'
        ? sql<SqlBool>`(m.group_id, m.user_id) IN (SELECT * FROM unnest(
            ${pairs.map(([groupID]) => groupID)}::text[], ${pairs.map(([, userID]) => userID)}::text[]))`
        : sql<SqlBool>`(m.group_id, m.user_id) IN (
            SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(pairs)}))`;
    const rows = await this.#members().where(isOneOfThem).execute();
    return rows.map(fromRow);
  }

  async listByID(groupID: string, afterUserID: string, limit: number): Promise<readonly GroupMember[]> {
    const rows = await this.#membersOf(groupID)
      .where('m.user_id', '>', afterUserID)
      .orderBy('m.user_id')
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async rolesOf(userID: string, groupIDs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db.reader
      .selectFrom('group_members')
      .select(['group_id', 'role_level'])
      .where('user_id', '=', userID)
      .where(isOneOf(this.#db.dialect, 'group_id', groupIDs))
      .execute();
    return new Map(rows.map(({ group_id, role_level }) => [group_id, role_level]));
  }

  async groupIDsOf(userID: string): Promise<readonly string[]> {
    return groupIDsIn(await this.#of(userID).execute());
  }

  async groupIDsManagedBy(userID: string): Promise<readonly string[]> {
    return groupIDsIn(await this.#of(userID).where('role_level', '>=', groupRoles.admin).execute());
  }

  async groupIDsShowingProfileOf(
    tx: Transaction,
    userID: string,
    after: string,
    limit: number,
  ): Promise<readonly string[]> {
    return groupIDsIn(
      await this.#of(userID, tx)
        .where((row) => row.or([row('nickname', '=', ''), row('face_url', '=', '')]))
        .where('group_id', '>', after)
        .orderBy('group_id')
        .limit(limit)
        .execute(),
    );
  }

  async membershipsOf(tx: Transaction, userID: string, groupIDs: readonly string[]): Promise<readonly GroupMember[]> {
    const rows = await this.#members(tx)
      .where('m.user_id', '=', userID)
      .where(isOneOf(this.#db.dialect, 'm.group_id', groupIDs))
      .execute();
    return rows.map(fromRow);
  }

  #of(userID: string, tx?: Transaction) {
    return this.#db.executor(tx).selectFrom('group_members').select('group_id').where('user_id', '=', userID);
  }

  #membersOf(groupID: string, tx?: Transaction) {
    return this.#members(tx).where('m.group_id', '=', groupID);
  }

  /** With what shows through of their profiles. */
  #members(tx?: Transaction) {
    return this.#db
      .executor(tx)
      .selectFrom('group_members as m')
      .leftJoin('users as u', 'u.user_id', 'm.user_id')
      .selectAll('m')
      .select(['u.nickname as profile_nickname', 'u.face_url as profile_face_url']);
  }

  #matching(groupID: string, { roles }: MemberFilter) {
    const all = this.#db.reader.selectFrom('group_members as m').where('m.group_id', '=', groupID);
    return roles === undefined ? all : all.where('m.role_level', 'in', roles);
  }
}

const rolesFromAbove = [groupRoles.owner, groupRoles.admin, groupRoles.member];

/** A hundred thousand IDs hold the event loop for a tenth of a second. */
const idsAtOnce = 2000;

/** As others see it: a member's own name, or that of the profile. */
function nameHolds(dialect: Database['dialect'], keyword: string) {
  const own = sql<SqlBool>`m.nickname <> '' AND ${holds(dialect, 'm.nickname', keyword)}`;
  const shown = sql<SqlBool>`m.nickname = '' AND ${holds(dialect, 'u.nickname', keyword)}`;
  return sql<SqlBool>`((${own}) OR (${shown}))`;
}

type OrderColumn = 'm.role_level' | 'm.joined_at' | 'm.user_id';

function inOrder<Query extends { orderBy(column: OrderColumn, direction?: 'desc'): Query }>(query: Query): Query {
  return query.orderBy('m.role_level', 'desc').orderBy('m.joined_at').orderBy('m.user_id');
}

function groupIDsIn(rows: readonly { readonly group_id: string }[]): string[] {
  return rows.map(({ group_id }) => group_id);
}

type MemberRow = Selectable<Schema['group_members']>;

function toRow(member: NewGroupMember): MemberRow {
  return {
    group_id: member.groupID,
    user_id: member.userID,
    role_level: member.role,
    nickname: member.nickname,
    face_url: member.faceURL,
    ex: member.ex,
    joined_at: member.joinedAt,
    join_source: member.joinSource,
    operator_user_id: member.operatorUserID,
    inviter_user_id: member.inviterUserID,
    muted_until: member.mutedUntil,
  };
}

function fromRow(
  row: MemberRow & { readonly profile_nickname: string | null; readonly profile_face_url: string | null },
): GroupMember {
  return {
    groupID: row.group_id,
    userID: row.user_id,
    role: row.role_level,
    nickname: row.nickname,
    faceURL: row.face_url,
    ex: row.ex,
    joinedAt: row.joined_at,
    joinSource: row.join_source,
    operatorUserID: row.operator_user_id,
    inviterUserID: row.inviter_user_id,
    mutedUntil: row.muted_until,
    profile: { nickname: row.profile_nickname ?? '', faceURL: row.profile_face_url ?? '' },
  };
}
