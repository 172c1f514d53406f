/** What the operator's receiver has to say of pushes (objects-push-webhooks chapter, 3.5). */
import type { MsgData } from '../protocol/gen/openim.ts';
import type { PushRow } from './push-row.ts';

/** Who is woken, and with what. */
export interface WokenBy extends Pick<PushRow, 'content' | 'hasBadge'> {
  readonly userIDs: readonly string[];
}

export interface OfflinePushHooks {
  /**
   * Whom only it may reach, as was answered before it went to sockets; empty: nobody. Undefined: all whom it is for, or
   * nobody was asked here.
   */
  onlyTo(message: Pick<PushRow, 'logID' | 'seq' | 'id'>): Promise<readonly string[] | undefined>;
  /** What to ask with, kept with the row: it holds the text of the message. Undefined: nobody is asked. */
  bodyOf(message: MsgData, operationID: string): object | undefined;
  /** @returns undefined if nobody is to be woken @throws if nobody answered: it is tried again */
  beforeWaking(row: PushRow, userIDs: readonly string[]): Promise<WokenBy | undefined>;
}
