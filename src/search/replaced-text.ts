/** Keeps the index of texts in step with a message that is edited. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef } from '../log/message-store.ts';
import type { MsgData } from '../protocol/gen/openim.ts';
import { wordsOfMessage } from './message-words.ts';
import type { TextIndexStore } from './text-index-store.ts';

/** As part of the transaction that rewrites the message, after it did. */
export async function replaceText(
  store: Pick<TextIndexStore, 'cursors' | 'forget' | 'write'>,
  tx: Transaction,
  { logID, seq }: MessageRef,
  message: MsgData,
): Promise<void> {
  await store.forget(tx, logID, [seq]);
  const [cursor] = await store.cursors(tx, [logID]);
  // What the index has not come to is read as it is then.
  if (cursor === undefined || cursor.indexedSeq < seq) return;
  const words = wordsOfMessage(message);
  if (words.length > 0) await store.write(tx, [{ logNo: cursor.logNo, seq, words }], []);
}
