/** What a group says of itself, and how long that may be. */
import { requireWithin } from '../kernel/text-bounds.ts';
import type { GroupLimits } from './group-limits.ts';

/** null is not set. */
export interface GroupTextChanges {
  readonly name: string | null;
  readonly notification: string | null;
  readonly introduction: string | null;
  readonly faceURL: string | null;
  readonly ex: string | null;
}

/** What a member has of its own in a group; what is absent or null is not set. @throws 1001 */
export function requireMemberTexts(
  { nickname = null, faceURL = null, ex = null }: { readonly [Text in 'nickname' | 'faceURL' | 'ex']?: string | null },
  { maxNicknameBytes, maxFaceUrlBytes, maxExBytes }: Pick<GroupLimits, MemberLimit>,
): void {
  requireWithin('nickname', nickname, maxNicknameBytes);
  requireWithin('faceURL', faceURL, maxFaceUrlBytes);
  requireWithin('ex', ex, maxExBytes);
}

export type MemberLimit = 'maxNicknameBytes' | 'maxFaceUrlBytes' | 'maxExBytes';

/** @throws 1001 */
export function requireGroupTexts(texts: GroupTextChanges, limits: GroupLimits): void {
  requireWithin('groupName', texts.name, limits.maxNicknameBytes);
  requireWithin('notification', texts.notification, limits.maxGroupTextBytes);
  requireWithin('introduction', texts.introduction, limits.maxGroupTextBytes);
  requireWithin('faceURL', texts.faceURL, limits.maxFaceUrlBytes);
  requireWithin('ex', texts.ex, limits.maxExBytes);
}
