/** Fingerprints of groups' member lists, by which back ends find what has drifted (relations-groups chapter, 8.12). */
import type { CallContext } from '../kernel/caller.ts';
import { giveWay } from '../kernel/time-slices.ts';
import { errors } from '../protocol/errors.ts';
import { ListHash } from '../sync/id-hash.ts';
import type { VersionLog } from '../sync/version-log.ts';
import { VersionedCache } from '../sync/versioned-cache.ts';
import { toMemberInfo } from './group.ts';
import type { GroupLimits } from './group-limits.ts';
import type { GroupMemberStore } from './group-member-store.ts';
import type { GroupStore } from './group-store.ts';
import { requireMemberOf } from './reading-rights.ts';

export interface GroupAbstractsOptions {
  readonly groups: Pick<GroupStore, 'findMany'>;
  readonly members: Pick<GroupMemberStore, 'listByID' | 'rolesOf'>;
  readonly versionLog: Pick<VersionLog, 'head'>;
  readonly limits: Pick<GroupLimits, 'maxGroupMembers'>;
}

export interface GroupAbstract {
  readonly groupID: string;
  readonly memberCount: number;
  readonly listHash: bigint;
}

export class GroupAbstracts {
  readonly #options: GroupAbstractsOptions;
  readonly #hashes = new VersionedCache<bigint>(maxCachedHashes, () => 1);

  constructor(options: GroupAbstractsOptions) {
    this.#options = options;
  }

  /**
   * In the order asked. Of groups with as many members together as the largest group may have, and no more: every one of
   * them is read.
   * @throws 1001 ill-formed or too many, 1002 the caller is not in one of the groups, 1201 one does not exist
   */
  async of(call: CallContext, groupIDs: readonly string[]): Promise<readonly GroupAbstract[]> {
    if (groupIDs.length === 0) throw errors.args('groupIDs is empty');
    if (groupIDs.length > maxGroups) throw errors.args(`more than ${maxGroups} groups`);
    if (new Set(groupIDs).size < groupIDs.length) throw errors.args('groupIDs repeats a group');
    const { groups, members, limits } = this.#options;
    await requireMemberOf(members, call, groupIDs);
    const counts = new Map((await groups.findMany(groupIDs)).map(({ groupID, memberCount }) => [groupID, memberCount]));
    if (counts.size < groupIDs.length) throw errors.groupIDNotFound('group not found');
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (total > limits.maxGroupMembers) throw errors.args(`more than ${limits.maxGroupMembers} members`);
    const abstracts: GroupAbstract[] = [];
    for (const groupID of groupIDs) {
      abstracts.push({ groupID, memberCount: counts.get(groupID) ?? 0, listHash: await this.#hashOf(groupID) });
    }
    return abstracts;
  }

  async #hashOf(groupID: string): Promise<bigint> {
    const { members, versionLog } = this.#options;
    const head = await versionLog.head('group_members', groupID);
    return this.#hashes.get({ kind: 'group_members', ownerID: groupID }, head, async () => {
      const hash = new ListHash();
      for (let after = ''; ; await giveWay()) {
        const piece = await members.listByID(groupID, after, membersAtOnce);
        hash.add(piece.map(toMemberInfo));
        after = piece.at(-1)?.userID ?? after;
        if (piece.length < membersAtOnce) return hash.digest();
      }
    });
  }
}

const maxGroups = 1000;
const membersAtOnce = 250;
const maxCachedHashes = 10_000;
