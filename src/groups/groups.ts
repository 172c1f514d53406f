/** Making groups (relations-groups chapter, 8.1). */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { announcementNotice, groupCreatedNotice } from '../notices/catalogue/groups.ts';
import { errors } from '../protocol/errors.ts';
import type { GroupInfo } from '../protocol/gen/openim.ts';
import { groupIDFault } from '../protocol/group-id.ts';
import { groupRoles, groupStatuses, joinSources, workingGroup } from '../protocol/numbers/groups.ts';
import type { UserStore } from '../users/user-store.ts';
import { Admission, asGiven, idsOf } from './admission.ts';
import { type Group, toGroupInfo } from './group.ts';
import type { GroupChange, Newcomer } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import type { GroupLimits } from './group-limits.ts';
import { requireGroupTexts } from './group-texts.ts';
import { memberPieces } from './member-pieces.ts';
import { maxUsersPerCall, requireDistinct, requireUsers } from './user-lists.ts';

/** What is asked for; an empty ID means any. */
export type NewGroup = Omit<Group, 'createdAt' | 'status' | 'ownerUserID' | 'memberCount'>;

/** Who is in it from the beginning. */
export interface FirstMembers {
  readonly ownerUserID: string;
  readonly adminUserIDs: readonly string[];
  readonly memberUserIDs: readonly string[];
}

export interface GroupsOptions {
  readonly changer: GroupChanger;
  readonly users: Pick<UserStore, 'find'>;
  readonly limits: GroupLimits;
  /** A random ID for a group. */
  readonly newGroupID: () => string;
  /** Unix ms. */
  readonly now: () => number;
}

export class Groups {
  readonly #options: GroupsOptions;
  readonly #admission: Admission;

  constructor(options: GroupsOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
  }

  /**
   * Makes a group with its members; an IM admin also for others, without being in it. Notices 1501, and 1519 for an
   * announcement.
   * @param isSendMsg whether 1501 is shown in the chat; null as the settings say
   * @throws 1001 ill-formed or too many, 1002 not for oneself, 1101 unknown user, 1202 the ID is taken, 90007 no free ID
   */
  async create(
    call: CallContext,
    asked: NewGroup | null,
    members: FirstMembers,
    isSendMsg: boolean | null,
  ): Promise<GroupInfo> {
    const { users, now, changer } = this.#options;
    if (asked === null) throw errors.args('groupInfo is empty');
    if (members.ownerUserID === '') throw errors.args('ownerUserID is empty');
    if (members.memberUserIDs.length > maxUsersPerCall) throw errors.args(`more than ${maxUsersPerCall} members`);
    this.#check(asked);
    requireAccess(call, members.ownerUserID);

    const createdAt = now();
    const wanted = newcomersOf(call, members, createdAt);
    const wantedIDs = idsOf(wanted);
    requireDistinct('the group', wantedIDs);
    await requireUsers(users, [...wantedIDs, call.caller.userID], errors.userIDNotFound);

    const group = toGroup(call, asked, members.ownerUserID, createdAt);
    const given = await changer.hooks?.beforeCreate(call, group, wanted);
    if (given === undefined) return this.#add(call, group, wanted, isSendMsg);
    this.#check(given);
    return this.#add(call, given, ownedBy(given.ownerUserID, wanted), isSendMsg);
  }

  /** @throws 1001 */
  #check({
    groupID,
    groupType,
    status = groupStatuses.normal,
    ...texts
  }: NewGroup & { readonly status?: number }): void {
    if (groupType !== workingGroup) throw errors.args(`groupType must be ${workingGroup}`);
    if (status !== groupStatuses.normal && status !== groupStatuses.muted) throw errors.args('status must be 0 or 3');
    const fault = groupIDFault(groupID);
    if (fault !== undefined) throw errors.args(`groupID ${fault}`);
    requireGroupTexts(texts, this.#options.limits);
  }

  /** Under the ID that is asked for, or a free one. */
  async #add(
    call: CallContext,
    wanted: Group,
    newcomers: readonly Newcomer[],
    isSendMsg: boolean | null,
  ): Promise<GroupInfo> {
    const { changer, newGroupID } = this.#options;
    for (let tries = 0; tries < maxTries; tries++) {
      const group = { ...wanted, groupID: wanted.groupID || newGroupID() };
      const given = await this.#admission.ask(call, group, newcomers);
      const made = await changer.create(call, group, idsOf(newcomers), (change) =>
        populate(change, asGiven(change, newcomers, given), isSendMsg),
      );
      if (made !== undefined) return toGroupInfo(made);
      if (wanted.groupID !== '') throw errors.groupIDExisted('groupID is taken');
    }
    throw errors.webhookReplyInvalid('found no free groupID');
  }
}

const maxTries = 10;

function newcomersOf(
  { caller }: CallContext,
  { ownerUserID, adminUserIDs, memberUserIDs }: FirstMembers,
  joinedAt: number,
): readonly Newcomer[] {
  const newcomer = (role: number) => (userID: string) => ({
    userID,
    role,
    joinedAt,
    joinSource: joinSources.invitation,
    operatorUserID: caller.userID,
    inviterUserID: caller.userID,
  });
  return [
    newcomer(groupRoles.owner)(ownerUserID),
    ...adminUserIDs.map(newcomer(groupRoles.admin)),
    ...memberUserIDs.map(newcomer(groupRoles.member)),
  ];
}

/** The operator's receiver may name another owner from among the members. @throws 1001 */
function ownedBy(ownerUserID: string, newcomers: readonly Newcomer[]): readonly Newcomer[] {
  if (!newcomers.some(({ userID }) => userID === ownerUserID)) throw errors.args('the owner is not in the group');
  return newcomers.map((one) => {
    if (one.userID === ownerUserID) return { ...one, role: groupRoles.owner };
    return one.role === groupRoles.owner ? { ...one, role: groupRoles.member } : one;
  });
}

/** What a client cannot decide is overwritten: who made it, and that it lives. */
function toGroup({ caller }: CallContext, asked: NewGroup, ownerUserID: string, createdAt: number): Group {
  const { userID, isAdmin } = caller;
  return {
    ...asked,
    createdAt,
    status: groupStatuses.normal,
    creatorUserID: isAdmin ? asked.creatorUserID || userID : userID,
    ownerUserID,
    memberCount: 0,
  };
}

async function populate(change: GroupChange, newcomers: readonly Newcomer[], isSendMsg: boolean | null): Promise<void> {
  const added = await change.add(newcomers);
  const userIDs = idsOf(added);
  const head = await change.step('insert', userIDs);
  const [first] = memberPieces(added);
  if (first !== undefined) change.tell(groupCreatedNotice(change.event, head, first, userIDs, isSendMsg));
  if (change.group.notification !== '') change.tell(announcementNotice(change.event, head));
  change.report((hooks, ...by) => hooks.created(...by, change.group, newcomers));
}
