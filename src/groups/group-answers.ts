/** How much an answer about groups may hold. */
import { AnswerBudget } from '../kernel/answer-budget.ts';
import { widestBounds } from '../protocol/bounds.ts';
import type { GroupLimits } from './group-limits.ts';

export type AnswerLimits = Pick<
  GroupLimits,
  'maxNicknameBytes' | 'maxFaceUrlBytes' | 'maxExBytes' | 'maxGroupTextBytes' | 'maxRequestMsgBytes' | 'maxAnswerBytes'
>;

/**
 * The texts of an answer that lists groups, members or requests. A hundred always fit: the Go core reads its lists in
 * pages of that many and would never get past one that is refused, whatever groups others have put the user into.
 */
export function newAnswerBudget(limits: AnswerLimits): AnswerBudget {
  return new AnswerBudget(Math.max(limits.maxAnswerBytes, sureRows * largestRow(limits)));
}

const sureRows = 100;

/** A request to join: with the group, with the user, and with what both sides have said. */
function largestRow(limits: AnswerLimits): number {
  const { maxNicknameBytes, maxFaceUrlBytes, maxExBytes, maxGroupTextBytes, maxRequestMsgBytes } = limits;
  const group = maxNicknameBytes + maxFaceUrlBytes + maxExBytes + 2 * maxGroupTextBytes;
  const user = maxNicknameBytes + maxFaceUrlBytes + maxExBytes;
  const request = maxExBytes + 2 * maxRequestMsgBytes;
  return group + user + request + idsPerRow * widestBounds.maxIdBytes;
}

const idsPerRow = 10;
