/** Groups in which the profile of a user shows through, when that changes (relations-groups chapter, 9.3, "1516 in bulk"). */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { memberSetNotice } from '../notices/catalogue/group-members.ts';
import type { Notice } from '../notices/notice.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { User } from '../users/user.ts';
import { opUserOf, toGroupInfo, toMemberInfo } from './group.ts';
import type { GroupMemberStore } from './group-member-store.ts';
import type { GroupStore } from './group-store.ts';

export interface ProfileChangesOptions {
  readonly groups: Pick<GroupStore, 'lockMany'>;
  readonly members: Pick<GroupMemberStore, 'groupIDsShowingProfileOf' | 'membershipsOf'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
}

export class ProfileChanges {
  readonly #options: ProfileChangesOptions;

  constructor(options: ProfileChangesOptions) {
    this.#options = options;
  }

  /**
   * One step of each group's version log; in as many statements for a thousand groups as for one. To be called after the
   * profile is written and before other version logs are, since it waits for the groups.
   * @param operator the caller's profile, as notices show it
   * @returns a notice 1516 to each of the groups, to be sent with what else the change causes
   */
  async changed(
    tx: Transaction,
    call: CallContext,
    userID: string,
    operator: User | undefined,
  ): Promise<readonly Notice<object>[]> {
    const { groups, members, versionLog } = this.#options;
    const showing = await members.groupIDsShowingProfileOf(userID, tx);
    if (showing.length === 0) return [];
    const locked = new Map((await groups.lockMany(tx, showing)).map((group) => [group.groupID, group]));
    // Only now nobody leaves any more: who had left would come back into the log.
    const memberships = await members.membershipsOf(tx, userID, showing);
    const changes = [{ itemID: userID, state: 'update' as const }];
    const steps = memberships.map(({ groupID }) => ({ ownerID: groupID, changes }));
    const heads = await versionLog.record(tx, 'group_members', steps);
    return memberships.flatMap((member) => {
      const group = locked.get(member.groupID);
      const head = heads.get(member.groupID);
      if (group === undefined || head === undefined) return [];
      const own = call.caller.userID === userID ? member : undefined;
      const event = { group: toGroupInfo(group), opUser: opUserOf(call.caller, group.groupID, own, operator) };
      return memberSetNotice(event, 'info', { ...head, isResorted: false }, toMemberInfo(member));
    });
  }
}
