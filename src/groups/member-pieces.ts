/** Lists of members in notices, in pieces that every client takes: the Go core never gets past a frame of more than 1 MiB. */
import type { GroupMemberInfo } from '../protocol/relation-objects.ts';
import { type GroupMember, toMemberInfo } from './group.ts';

export type MemberPiece = readonly [GroupMemberInfo, ...GroupMemberInfo[]];

/** All of `members`, in order, as notices show them; each piece is made when it is asked for. */
export function* memberPieces(members: readonly GroupMember[]): Generator<MemberPiece> {
  let piece: [GroupMemberInfo, ...GroupMemberInfo[]] | undefined;
  let bytes = 0;
  for (const row of members) {
    const member = toMemberInfo(row);
    // As it is written: JSON in JSON.
    const ownBytes = Buffer.byteLength(JSON.stringify(JSON.stringify(member)));
    bytes += ownBytes;
    if (piece !== undefined && piece.length < maxMembers && bytes <= maxBytes) {
      piece.push(member);
    } else {
      if (piece !== undefined) yield piece;
      piece = [member];
      bytes = ownBytes;
    }
  }
  if (piece !== undefined) yield piece;
}

const maxMembers = 50;
/** Leaves room for the texts of the group. */
const maxBytes = 128 * 1024;
