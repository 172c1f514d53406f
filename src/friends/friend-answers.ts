/** How much an answer about friends may hold. */
import { AnswerBudget } from '../kernel/answer-budget.ts';
import { widestBounds } from '../protocol/bounds.ts';
import type { FriendLimits } from './friend-limits.ts';

export type AnswerLimits = Pick<
  FriendLimits,
  'maxNicknameBytes' | 'maxFaceUrlBytes' | 'maxExBytes' | 'maxRequestMsgBytes' | 'maxAnswerBytes'
>;

/**
 * The texts of a list of friends, of the blocked or of requests. Two hundred always fit: the Go core reads friends in
 * pages of a hundred and the blocked of two, and would never get past one that is refused, whatever others have written
 * into their profiles.
 */
export function newListBudget(limits: AnswerLimits): AnswerBudget {
  return new AnswerBudget(Math.max(limits.maxAnswerBytes, sureRows * largestRow(limits)));
}

const sureRows = 200;

/** Of two users what everybody sees, of one in full, what one keeps of the other, and what both have said. */
function largestRow(limits: AnswerLimits): number {
  const { maxNicknameBytes, maxFaceUrlBytes, maxExBytes, maxRequestMsgBytes } = limits;
  const profiles = 2 * (maxNicknameBytes + maxFaceUrlBytes) + maxExBytes;
  const kept = maxNicknameBytes + 2 * maxExBytes;
  return profiles + kept + 2 * maxRequestMsgBytes + idsPerRow * widestBounds.maxIdBytes;
}

const idsPerRow = 8;
