/** What offline push needs to know of those whom a message is for. Suite: test/contract/push-recipient-store.test.ts. */

export interface PushRecipient {
  readonly userID: string;
  /** They want to be told, of this conversation and at all. */
  readonly wantsPushes: boolean;
  readonly readSeq: number;
}

/** Of a message. */
export interface PushedChat {
  readonly logID: string;
  readonly conversationID: string;
  readonly sendID: string;
  /** Empty for a group. */
  readonly recvID: string;
  readonly groupID: string;
}

export interface PushRecipientStore {
  /** Who gets it, without its sender, in order of their IDs; the next `limit` of them. */
  recipients(chat: PushedChat, afterUserID: string, limit: number): Promise<readonly PushRecipient[]>;
  /** Those of these users who still get it. */
  among(chat: PushedChat, userIDs: readonly string[]): Promise<readonly PushRecipient[]>;
  /** What each has not read, of all conversations that are not muted. By userID; who has none is not in it. */
  unread(userIDs: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
