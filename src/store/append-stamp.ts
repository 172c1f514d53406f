/** What an append writes into a message's body on either engine. */
import type { Appended, NewMessage } from '../log/message-store.ts';
import { withSendTime, withSeq } from '../protocol/message-bytes.ts';

/** The body with its seq, and with its send time where that could not stay the message's own. */
export function stamped({ bodyWithoutSeq, sentAt: ownSentAt }: NewMessage, seq: number, sentAt: number): Buffer {
  return withSeq(sentAt === ownSentAt ? bodyWithoutSeq : withSendTime(bodyWithoutSeq, sentAt), seq);
}

/** Of a message whose condition did not hold. */
export function refused({ serverMsgID, sentAt }: NewMessage): Appended {
  return { seq: 0, serverMsgID, sentAt, isDuplicate: false, isRefused: true, body: Buffer.alloc(0) };
}
