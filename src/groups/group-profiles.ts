/**
 * Tells the groups in which the profile of a user shows through that it is another: an update in the member log of each,
 * and notification 1516 (relations-groups chapter, 9.3, "1516 in bulk").
 *
 * Somebody may be in ten thousand groups. As with friends (friends/friend-profiles.ts) the change itself tells the first
 * slice only, and each slice leaves behind, in its own transaction, a row in the outbox for the next.
 */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { memberSetNotice } from '../notices/catalogue/group-members.ts';
import type { Notifier } from '../notices/notifier.ts';
import type { Outbox } from '../notices/outbox.ts';
import type { OutboxRow } from '../notices/outbox-store.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { UserStore } from '../users/user-store.ts';
import { opUserOf, toGroupInfo, toMemberInfo } from './group.ts';
import type { GroupMemberStore } from './group-member-store.ts';
import type { GroupStore } from './group-store.ts';

export interface GroupProfilesOptions {
  readonly groups: Pick<GroupStore, 'lockMany'>;
  readonly members: Pick<GroupMemberStore, 'groupIDsShowingProfileOf' | 'membershipsOf'>;
  readonly users: Pick<UserStore, 'find'>;
  readonly versionLog: Pick<VersionLog, 'record'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly outbox: Pick<Outbox, 'add' | 'take'>;
  readonly unitOfWork: UnitOfWork;
  /** For tests. */
  readonly groupsPerSlice?: number;
}

interface Slice {
  readonly operationID: string;
  readonly changedByID: string;
  readonly isByAdmin: boolean;
  readonly changedUserID: string;
  /** The last group of the slice before. */
  readonly after: string;
}

export class GroupProfiles {
  readonly #options: GroupProfilesOptions;

  constructor(options: GroupProfilesOptions) {
    this.#options = options;
  }

  /**
   * To be called in the transaction that changes a user's nickname or face, after the profile is written and before other
   * version logs are, since it waits for the groups. Those of the first slice are told with it.
   */
  async changed(tx: Transaction, { caller, operationID }: CallContext, changedUserID: string): Promise<void> {
    const { userID: changedByID, isAdmin: isByAdmin } = caller;
    await this.#tell(tx, { operationID, changedByID, isByAdmin, changedUserID, after: '' });
  }

  /** The outbox's handler for further slices. */
  async workOff(row: OutboxRow): Promise<void> {
    const { unitOfWork, outbox } = this.#options;
    const slice = JSON.parse(row.payload) as Slice;
    await unitOfWork.transaction(async (tx) => {
      if (await outbox.take(tx, row)) await this.#tell(tx, slice);
    });
  }

  /** In as many statements for a whole slice as for one group. */
  async #tell(tx: Transaction, slice: Slice): Promise<void> {
    const {
      groups,
      members,
      users,
      versionLog,
      notifier,
      outbox,
      groupsPerSlice = defaultGroupsPerSlice,
    } = this.#options;
    const { changedByID, isByAdmin, changedUserID, after } = slice;
    const showing = await members.groupIDsShowingProfileOf(tx, changedUserID, after, groupsPerSlice);
    if (showing.length === 0) return;
    const locked = new Map((await groups.lockMany(tx, showing)).map((group) => [group.groupID, group]));
    // Only now nobody leaves any more: who had left would come back into the log.
    const memberships = await members.membershipsOf(tx, changedUserID, showing);
    const changes = [{ itemID: changedUserID, state: 'update' as const }];
    const steps = memberships.map(({ groupID }) => ({ ownerID: groupID, changes }));
    const heads = await versionLog.record(tx, 'group_members', steps);
    const [operator] = await users.find([changedByID], tx);
    const notices = memberships.flatMap((member) => {
      const group = locked.get(member.groupID);
      const head = heads.get(member.groupID);
      if (group === undefined || head === undefined) return [];
      const own = changedByID === changedUserID ? member : undefined;
      const opUser = opUserOf({ userID: changedByID, isAdmin: isByAdmin }, group.groupID, own, operator);
      const event = { group: toGroupInfo(group), opUser };
      return memberSetNotice(event, 'info', { ...head, isResorted: false }, toMemberInfo(member));
    });
    await notifier.notify(tx, slice, ...notices);
    const last = showing.at(-1);
    if (last === undefined || showing.length < groupsPerSlice) return;
    const payload = JSON.stringify({ ...slice, after: last } satisfies Slice);
    await outbox.add(tx, [{ topic: 'group-profiles', key: `group-profiles:${changedUserID}`, payload }]);
  }
}

/** Some milliseconds of writing, more where groups have long texts, which a notice carries. */
const defaultGroupsPerSlice = 50;
