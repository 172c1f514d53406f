/** Notifications about messages (notifications-sync chapter, 2.6: 2001, 2101, 2102 and 2200). */
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
  const kind = receipt.readerID === peerUserID ? ownReadPosition : readReceipt;
  return inPieces(seqs).map((piece) => ({
    kind,
    sendID: receipt.readerID,
    recvID: peerUserID,
    tips: readTips(receipt, piece),
  }));
}

/** 2200 to a group. @param seqs messages that were read */
export function readInGroupNotices(
  receipt: ReadReceipt,
  groupID: string,
  seqs: readonly number[],
): readonly Notice<ReadTips>[] {
  return inPieces(seqs).map((piece) => ({
    kind: readReceipt,
    sendID: receipt.readerID,
    groupID,
    tips: readTips(receipt, piece),
  }));
}

/** 2200 to the reader's own devices. @param seqs the Go core looks at the position of a single chat only if there are any */
export function readBySelfNotice(receipt: ReadReceipt, seqs: readonly number[] = []): Notice<ReadTips> {
  const { readerID } = receipt;
  return {
    kind: ownReadPosition,
    sendID: readerID,
    recvID: readerID,
    tips: readTips(receipt, seqs.slice(-maxSeqsPerNotice)),
  };
}

/** In pieces that every client takes: the Go core never gets past a frame of more than 1 MiB. */
function inPieces(seqs: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: Math.max(1, Math.ceil(seqs.length / maxSeqsPerNotice)) }, (_, index) =>
    seqs.slice(index * maxSeqsPerNotice, (index + 1) * maxSeqsPerNotice),
  );
}

const maxSeqsPerNotice = 5000;

function readTips({ readerID, conversationID, hasReadSeq }: ReadReceipt, seqs: readonly number[]): ReadTips {
  return { markAsReadUserID: readerID, conversationID, seqs, hasReadSeq };
}

/** A message that was taken back, and by whom. */
export interface RevokedTips {
  readonly revokerUserID: string;
  readonly clientMsgID: string;
  /** Unix ms. */
  readonly revokeTime: number;
  /** Spelt as clients read it. */
  readonly sesstionType: number;
  readonly seq: number;
  readonly conversationID: string;
  readonly isAdminRevoke: boolean;
}

const messageRevoked = noticeKind<RevokedTips>({ type: notificationTypes.messageRevoked, isStored: true });

/** 2101 to a group, or to both sides of a single chat. */
export function revokedNotice(sendID: string, receiver: Receiver, tips: RevokedTips): Notice<RevokedTips> {
  return { kind: messageRevoked, sendID, ...receiver, tips };
}

interface DeletedTips {
  readonly userID: string;
  readonly conversationID: string;
  readonly seqs: readonly number[];
}

const messagesDeleted = noticeKind<DeletedTips>({ type: notificationTypes.messagesDeleted, isStored: true });

/** 2102 to the own devices, or to those for whom the user has erased messages. */
export function deletedNotices(
  userID: string,
  receiver: Receiver,
  conversationID: string,
  seqs: readonly number[],
): readonly Notice<DeletedTips>[] {
  return seqs.length === 0
    ? []
    : inPieces(seqs).map((piece) => ({
        kind: messagesDeleted,
        sendID: userID,
        ...receiver,
        tips: { userID, conversationID, seqs: piece },
      }));
}

/** Whom a notice is for: a user, with who sends it, or a group. */
export type Receiver = { readonly recvID: string } | { readonly groupID: string };

interface BusinessTips {
  readonly key: string;
  readonly data: string;
}

const pushedBusiness = noticeKind<BusinessTips>({ type: notificationTypes.business, isStored: false });
const storedBusiness = noticeKind<BusinessTips>({ type: notificationTypes.business, isStored: true });

/** 2001 in the words of a back end. */
export function businessNotice(
  sendID: string,
  receiver: Receiver,
  tips: BusinessTips,
  isStored: boolean,
): Notice<BusinessTips> {
  return { kind: isStored ? storedBusiness : pushedBusiness, sendID, ...receiver, tips };
}

/** 2001 of what OpenIM has no notification for, stored: SDKs hand it to their applications (beyond-openim chapter). */
export function additionNotice(
  sendID: string,
  receiver: Receiver,
  key: `tessera.${string}`,
  data: object,
): Notice<BusinessTips> {
  return businessNotice(sendID, receiver, { key, data: JSON.stringify(data) }, true);
}
