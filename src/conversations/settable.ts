/** What may be set of a conversation (conversations-messages chapter, 7.3). */
import { requireWithin } from '../kernel/text-bounds.ts';
import { errors } from '../protocol/errors.ts';
import type { ConversationChanges } from './conversation.ts';

/** null leaves a value as it is. */
export type AskedChanges = {
  readonly [Key in keyof ConversationChanges]-?: NonNullable<ConversationChanges[Key]> | null;
};

/** @param maxTextBytes of each of `ex` and `attachedInfo`, in UTF-8. @throws 1001 */
export function requireSettable(asked: Partial<AskedChanges>, maxTextBytes: number): void {
  const { recvMsgOpt, groupAtType, burnDurationSeconds, msgDestructSeconds, ex = null, attachedInfo = null } = asked;
  if (!isWithin(recvMsgOpt, 2)) throw errors.args('recvMsgOpt is none of 0, 1 and 2');
  if (!isWithin(groupAtType, 4)) throw errors.args('groupAtType is not 0 to 4');
  if (!isWithin(burnDurationSeconds, Number.MAX_SAFE_INTEGER)) throw errors.args('burnDuration is below 0');
  if (!isWithin(msgDestructSeconds, maxDestructSeconds)) throw errors.args('msgDestructTime is out of range');
  requireWithin('ex', ex, maxTextBytes);
  requireWithin('attachedInfo', attachedInfo, maxTextBytes);
}

function isWithin(value: number | null | undefined, most: number): boolean {
  return value === null || value === undefined || (value >= 0 && value <= most);
}

/** A thousand years: what is reckoned with it in ms stays exact. */
const maxDestructSeconds = 31_536_000_000;
