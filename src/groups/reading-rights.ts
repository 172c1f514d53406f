/** Who may read about groups: as they are at the time of the call. */
import type { CallContext } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { isManager } from './group.ts';
import type { GroupMemberStore } from './group-member-store.ts';

type Roles = Pick<GroupMemberStore, 'rolesOf'>;

/** Member of each group, or IM admin. @throws 1002, also for groups that do not exist */
export async function requireMemberOf(
  members: Roles,
  { caller }: CallContext,
  groupIDs: readonly string[],
): Promise<void> {
  if (caller.isAdmin) return;
  const roles = await members.rolesOf(caller.userID, groupIDs);
  if (groupIDs.some((groupID) => !roles.has(groupID))) throw errors.noPermission('not in the group');
}

/** Owner or admin of each group, or IM admin. @throws 1002, also for groups that do not exist */
export async function requireManagerOf(
  members: Roles,
  { caller }: CallContext,
  groupIDs: readonly string[],
): Promise<void> {
  if (caller.isAdmin) return;
  const roles = await members.rolesOf(caller.userID, groupIDs);
  const manages = (groupID: string) => isManager({ role: roles.get(groupID) ?? 0 });
  if (!groupIDs.every(manages)) throw errors.noPermission('neither owner nor admin of the group');
}
