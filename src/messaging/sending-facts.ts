/**
 * The read model of sending: all that decides whether a message is accepted, of users, friends, black lists, groups and
 * conversations, in one lookup.
 */

/** What decides whether a single-chat message is accepted; undefined where there is no such record. */
export interface SingleChatFacts {
  readonly senderLevel: number | undefined;
  readonly receiverGlobalOption: number | undefined;
  /** The receiver's recvMsgOpt for this conversation. */
  readonly receiverOption: number | undefined;
  readonly senderHasRow: boolean;
  /** The sender is in the receiver's black list. */
  readonly isBlocked: boolean;
  /** The sender is in the receiver's list of friends. */
  readonly isFriend: boolean;
}

/** What decides whether a group message is accepted. */
export interface GroupChatFacts {
  /** undefined if there is no such group. */
  readonly groupStatus: number | undefined;
  /** The sender's roleLevel; undefined for who is no member. */
  readonly role: number | undefined;
  /** The sender may not speak up to then, Unix ms. */
  readonly mutedUntil: number;
}

export interface SendingFacts {
  /** At once where nothing has to be waited for. */
  singleChat(sendID: string, recvID: string, conversationID: string): SingleChatFacts | Promise<SingleChatFacts>;
  groupChat(sendID: string, groupID: string): Promise<GroupChatFacts>;
}
