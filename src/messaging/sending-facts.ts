/**
 * The read model of sending: all that decides whether a message is accepted, in one lookup. What later domains have to
 * say (friends, blacks, members, mutes) adds columns to it and no queries.
 */

/** What decides whether a single-chat message is accepted; undefined where there is no such record. */
export interface SingleChatFacts {
  readonly senderLevel: number | undefined;
  readonly receiverGlobalOption: number | undefined;
  /** The receiver's recvMsgOpt for this conversation. */
  readonly receiverOption: number | undefined;
  readonly senderHasRow: boolean;
}

export interface SendingFacts {
  singleChat(sendID: string, recvID: string, conversationID: string): Promise<SingleChatFacts>;
}
