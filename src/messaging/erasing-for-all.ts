/** Who may erase what others can read, in single chats and groups (conversations-messages chapter, 9.9). */
import type { ConversationView } from '../conversations/view-store.ts';
import { isManager } from '../groups/group.ts';
import type { GroupMemberStore } from '../groups/group-member-store.ts';
import type { GroupStore } from '../groups/group-store.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Receiver } from '../notices/catalogue/messages.ts';
import { errors } from '../protocol/errors.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';

export interface ErasingForAllOptions {
  readonly groups: Pick<GroupStore, 'lockMany'>;
  readonly members: Pick<GroupMemberStore, 'membershipsOf'>;
}

/**
 * Either side of a single chat may, owner and admins of a group, and admins of the server; their roles stay as they are
 * until the transaction ends. @throws 1002
 */
export async function requireMayErase(
  { groups, members }: ErasingForAllOptions,
  tx: Transaction,
  { caller }: CallContext,
  userID: string,
  chats: readonly ConversationView[],
): Promise<void> {
  if (caller.isAdmin) return;
  const groupIDs = chats.flatMap(({ groupID }) => (groupID === '' ? [] : [groupID]));
  if (groupIDs.length > 0) await groups.lockMany(tx, groupIDs);
  const own = groupIDs.length === 0 ? [] : await members.membershipsOf(tx, userID, groupIDs);
  const managed = new Set(own.filter(isManager).map(({ groupID }) => groupID));
  for (const { conversationType, groupID } of chats) {
    const may =
      conversationType === sessionTypes.group ? managed.has(groupID) : conversationType === sessionTypes.single;
    if (!may) throw errors.noPermission('not the user’s to erase for others');
  }
}

/** Who else reads the chat. */
export function othersOf({ conversationType, groupID, peerUserID }: ConversationView): Receiver {
  return conversationType === sessionTypes.group ? { groupID } : { recvID: peerUserID };
}

/** `deleteSyncOpt`: whom a deletion is told, or done for as well. */
export interface SyncOptions {
  /** The user's other devices are told. */
  readonly IsSyncSelf: boolean;
  /** It is done for everybody. */
  readonly IsSyncOther: boolean;
}
