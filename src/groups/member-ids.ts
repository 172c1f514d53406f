/**
 * The IDs of all members of a group, in the group's order, with their hash (relations-groups chapter, 10.4). Of large
 * groups they are dear to read, and everybody who logs in asks for them: they are kept by the version of the members' log.
 */
import { idHash } from '../sync/id-hash.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { VersionHead } from '../sync/version-log-store.ts';
import { VersionedCache } from '../sync/versioned-cache.ts';
import type { GroupMemberStore } from './group-member-store.ts';

export interface HashedIDs {
  readonly ids: readonly string[];
  readonly hash: bigint;
}

export class MemberIDs {
  readonly #members: Pick<GroupMemberStore, 'ids'>;
  readonly #versionLog: Pick<VersionLog, 'head'>;
  readonly #cache = new VersionedCache<HashedIDs>(maxCachedIDs, ({ ids }) => ids.length);

  constructor(members: Pick<GroupMemberStore, 'ids'>, versionLog: Pick<VersionLog, 'head'>) {
    this.#members = members;
    this.#versionLog = versionLog;
  }

  /** With the head to keep with them. */
  async of(groupID: string): Promise<VersionHead & HashedIDs> {
    const head = await this.#versionLog.head('group_members', groupID);
    const hashed = await this.#cache.get({ kind: 'group_members', ownerID: groupID }, head, async () => {
      const ids = await this.#members.ids(groupID);
      return { ids, hash: idHash(ids) };
    });
    return { ...head, ...hashed };
  }
}

/** Of all lists together: some 50 bytes each. */
const maxCachedIDs = 1_000_000;
