/** Whose phones a message has reached online, on whichever node they are connected. Protocol: objects-push-webhooks.md 2.1. */
import type { PushedChat } from './push-recipient-store.ts';

/** A message, and whom it is for. */
export interface SentMessage extends Pick<PushedChat, 'logID' | 'recvID' | 'groupID'> {
  /** `serverMsgID` */
  readonly id: string;
  /** 0 of what is not stored. */
  readonly seq: number;
}

export interface PhoneReach {
  /**
   * Users whose phones took it. Who does not say so within the time was not reached.
   * @param withinMs 0: what is known already
   * @returns undefined if it is not known of this process: it has been started since, or has forgotten
   * @throws if nobody can know now
   */
  reachedBy(message: SentMessage, withinMs: number): Promise<ReadonlySet<string> | undefined>;
}
