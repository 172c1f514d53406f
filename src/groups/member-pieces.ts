/** Lists of members in notices, in pieces that every client takes: the Go core never gets past a frame of more than 1 MiB. */
import type { GroupMemberInfo } from '../protocol/relation-objects.ts';
import { type GroupMember, toMemberInfo } from './group.ts';

export type MemberPiece = readonly [GroupMemberInfo, ...GroupMemberInfo[]];

/** All of `members`, in order, as notices show them. */
export function memberPieces(members: readonly GroupMember[]): readonly MemberPiece[] {
  const pieces: [GroupMemberInfo, ...GroupMemberInfo[]][] = [];
  let bytes = 0;
  for (const member of members.map(toMemberInfo)) {
    // As it is written: JSON in JSON.
    const ownBytes = Buffer.byteLength(JSON.stringify(JSON.stringify(member)));
    bytes += ownBytes;
    const piece = pieces.at(-1);
    if (piece !== undefined && piece.length < maxMembers && bytes <= maxBytes) {
      piece.push(member);
    } else {
      pieces.push([member]);
      bytes = ownBytes;
    }
  }
  return pieces;
}

const maxMembers = 50;
/** Leaves room for the texts of the group. */
const maxBytes = 128 * 1024;
