/** What an append writes into a message's body on either engine. */
import type { NewMessage } from '../log/message-store.ts';
import { withSendTime, withSeq } from '../protocol/message-bytes.ts';

/** The body with its seq, and with its send time where that could not stay the message's own. */
export function stamped({ bodyWithoutSeq, sentAt: ownSentAt }: NewMessage, seq: number, sentAt: number): Buffer {
  return withSeq(sentAt === ownSentAt ? bodyWithoutSeq : withSendTime(bodyWithoutSeq, sentAt), seq);
}
