/** Notifications about messages (notifications-sync chapter, 2.6: 2200). */
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import { type Notice, noticeKind } from '../notice.ts';

/** What a reader has read of a conversation. */
export interface ReadReceipt {
  readonly readerID: string;
  readonly conversationID: string;
  readonly hasReadSeq: number;
}

interface ReadTips {
  readonly markAsReadUserID: string;
  readonly conversationID: string;
  readonly seqs: readonly number[];
  readonly hasReadSeq: number;
}

const readReceipt = noticeKind<ReadTips>({ type: notificationTypes.hasRead, isStored: true });
const ownReadPosition = noticeKind<ReadTips>({ type: notificationTypes.hasRead, isStored: false });

/** 2200 to the peer of a single chat and to the reader's other devices. @param seqs the peer's messages that were read */
export function readByPeerNotices(
  receipt: ReadReceipt,
  peerUserID: string,
  seqs: readonly number[],
): readonly Notice<ReadTips>[] {
  // In pieces that every client takes: the Go core never gets past a frame of more than 1 MiB.
  const pieces = Array.from({ length: Math.max(1, Math.ceil(seqs.length / maxSeqsPerReceipt)) }, (_, index) =>
    seqs.slice(index * maxSeqsPerReceipt, (index + 1) * maxSeqsPerReceipt),
  );
  const kind = receipt.readerID === peerUserID ? ownReadPosition : readReceipt;
  return pieces.map((piece) => ({
    kind,
    sendID: receipt.readerID,
    recvID: peerUserID,
    tips: readTips(receipt, piece),
  }));
}

/** 2200 to the reader's own devices. */
export function readBySelfNotice(receipt: ReadReceipt): Notice<ReadTips> {
  const { readerID } = receipt;
  return { kind: ownReadPosition, sendID: readerID, recvID: readerID, tips: readTips(receipt, []) };
}

const maxSeqsPerReceipt = 5000;

function readTips({ readerID, conversationID, hasReadSeq }: ReadReceipt, seqs: readonly number[]): ReadTips {
  return { markAsReadUserID: readerID, conversationID, seqs, hasReadSeq };
}
