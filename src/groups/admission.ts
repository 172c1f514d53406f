/** Letting users into a group, whichever way they come: asking first, and then all of them, with the notices that tell of it. */
import type { CallContext } from '../kernel/caller.ts';
import type { MemberVersion } from '../notices/catalogue/group-event.ts';
import type { Notice } from '../notices/notice.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles } from '../protocol/numbers/groups.ts';
import type { Group, GroupMemberChanges } from './group.ts';
import type { GroupChange, Newcomer } from './group-change.ts';
import type { GroupChanger } from './group-changer.ts';
import type { ChatSettings } from './group-hooks.ts';
import type { GroupLimits } from './group-limits.ts';
import { requireMemberTexts } from './group-texts.ts';
import { type MemberPiece, memberPieces } from './member-pieces.ts';

/** What the operator's receiver sets of those who join. */
export interface Given {
  readonly members: ReadonlyMap<string, GroupMemberChanges>;
  readonly chat: ChatSettings;
}

export interface AdmissionOptions {
  readonly changer: Pick<GroupChanger, 'hooks'>;
  readonly limits: GroupLimits;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Asks the operator's receiver, if there is one, before users join. Holds no transaction.
   * @returns what it sets of them; undefined if nobody is asked
   * @throws its refusal, 1001 if what it sets cannot be
   */
  async ask(
    call: CallContext,
    group: Pick<Group, 'groupID' | 'ex'>,
    newcomers: readonly Newcomer[],
  ): Promise<Given | undefined> {
    const { changer, limits } = this.#options;
    if (changer.hooks === undefined) return undefined;
    const members = await changer.hooks.beforeMembersJoin(call, group, newcomers);
    for (const { userID, role } of newcomers) {
      const changes = members.get(userID);
      if (changes === undefined) continue;
      requireMemberTexts(changes, limits);
      if (changes.role !== undefined && !mayBecome(role, changes.role)) throw errors.args('roleLevel must be 20 or 60');
    }
    return { members, chat: await changer.hooks.beforeOpenChat(call, group.groupID) };
  }
}

/** A group has its owner, and no other one. */
function mayBecome(role: number, given: number): boolean {
  if (role === groupRoles.owner || given === groupRoles.owner) return role === given;
  return given === groupRoles.admin || given === groupRoles.member;
}

/** @returns the newcomers as the operator's receiver sets them */
export function asGiven(
  change: GroupChange,
  newcomers: readonly Newcomer[],
  given: Given | undefined,
): readonly Newcomer[] {
  if (given === undefined) return newcomers;
  change.setChat(given.chat);
  return newcomers.map((one) => ({ ...one, ...given.members.get(one.userID) }));
}

/**
 * Adds those who are not members yet. Each notice has a step of the version log to itself, so that clients which apply
 * one after the other miss nobody.
 * @param noticeOf of some of those who are new
 * @returns how many are new
 * @throws 1001 if they are too many
 */
export async function admit(
  change: GroupChange,
  newcomers: readonly Newcomer[],
  noticeOf: (members: MemberPiece, head: MemberVersion) => Notice<object>,
): Promise<number> {
  const added = await change.add(newcomers);
  for (const piece of memberPieces(added)) {
    const head = await change.step('insert', idsOf(piece));
    change.tell(noticeOf(piece, head));
  }
  return added.length;
}

export function idsOf(members: readonly { readonly userID: string }[]): readonly string[] {
  return members.map(({ userID }) => userID);
}
