/** Letting users into a group, whichever way they come: all of them, with the notices that tell of it. */
import type { MemberVersion } from '../notices/catalogue/group-event.ts';
import type { Notice } from '../notices/notice.ts';
import type { GroupChange, Newcomer } from './group-change.ts';
import { type MemberPiece, memberPieces } from './member-pieces.ts';

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
