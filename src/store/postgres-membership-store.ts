/**
 * What a node's index of groups reads, from PostgreSQL: memberships with the heads of the logs that tell of their changes,
 * each in one statement, so that what it answers was so at one moment.
 */
import type { PostgresDatabase } from '../database/database.ts';
import type { JoinedGroups, MemberChanges, MembershipStore } from '../groups/membership-feed.ts';
import { changeStates } from './sql-version-log-store.ts';

export class PostgresMembershipStore implements MembershipStore {
  readonly #db: PostgresDatabase;

  constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  async joinedBy(userID: string): Promise<JoinedGroups> {
    const rows = await this.#db.connections.query<{
      group_id: string | null;
      version_id: string | null;
      version: number | null;
      user_version: number | null;
    }>(
      `SELECT m.group_id, g.version_id, g.version, u.version AS user_version
        FROM (SELECT $1::text AS user_id) AS k
        LEFT JOIN version_heads AS u ON u.kind = 'joined_groups' AND u.owner_id = k.user_id
        LEFT JOIN group_members AS m ON m.user_id = k.user_id
        LEFT JOIN version_heads AS g ON g.kind = 'group_members' AND g.owner_id = m.group_id`,
      [userID],
    );
    return {
      userVersion: rows[0]?.user_version ?? 0,
      groups: new Map(
        rows.flatMap(({ group_id: groupID, version_id: versionID, version }) =>
          groupID === null ? [] : [[groupID, { versionID: versionID ?? '', version: version ?? 0 }] as const],
        ),
      ),
    };
  }

  async changesSince(groupID: string, since: { readonly versionID: string; readonly version: number }) {
    const rows = await this.#db.connections.query<{
      version_id: string;
      head: number;
      item_id: string | null;
      state: number;
      version: number;
    }>(
      `SELECT h.version_id, h.version AS head, e.item_id, e.state, e.version FROM version_heads AS h
        LEFT JOIN version_entries AS e
          ON e.kind = h.kind AND e.owner_id = h.owner_id AND e.version > $2 AND e.item_id NOT LIKE ':%'
        WHERE h.kind = 'group_members' AND h.owner_id = $1 ORDER BY e.version`,
      [groupID, since.version],
    );
    const [first] = rows;
    if (first === undefined || first.version_id !== since.versionID) return undefined;
    const changes: MemberChanges['changes'] = rows.flatMap(({ item_id: userID, state, version }) =>
      // Whoever was changed is in the group, and may have joined just before.
      userID === null ? [] : [{ kind: state === changeStates.delete ? 'left' : 'joined', userID, version } as const],
    );
    return { version: { versionID: first.version_id, version: first.head }, changes };
  }
}
