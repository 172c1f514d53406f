/** A user's own view of a conversation: settings and readable window (conversations-messages chapter, 7.1). */
import type { Conversation as ProtocolConversation } from '../protocol/gen/openim.ts';

/** What names a conversation and its partners: enough to create a row. */
export interface NewConversation {
  readonly ownerUserID: string;
  readonly conversationID: string;
  /** See sessionTypes in protocol/constants.ts. */
  readonly conversationType: number;
  /** The peer, or the notification account; empty for groups. */
  readonly userID: string;
  readonly groupID: string;
}

export interface Conversation extends NewConversation {
  /** 0 receive, 1 do not receive, 2 receive without notification. */
  readonly recvMsgOpt: number;
  readonly isPinned: boolean;
  /** Burn after reading. */
  readonly isPrivateChat: boolean;
  readonly burnDurationSeconds: number;
  /** 0 none, 1 @me, 2 @all, 3 @all and @me, 4 group notice. */
  readonly groupAtType: number;
  readonly attachedInfo: string;
  readonly ex: string;
  /** The window of seqs that the owner may read; 0 is no limit. */
  readonly minSeq: number;
  /** See {@link readsNothing}. */
  readonly maxSeq: number;
  /** Retention for this owner, and whether it is on. */
  readonly msgDestructSeconds: number;
  readonly isMsgDestruct: boolean;
  /** The last retention run, Unix ms; 0 if none. */
  readonly lastMsgDestructAt: number;
}

/** What its owner may set; what is left out stays as it is. */
export type ConversationChanges = Partial<
  Pick<
    Conversation,
    | 'recvMsgOpt'
    | 'isPinned'
    | 'isPrivateChat'
    | 'burnDurationSeconds'
    | 'groupAtType'
    | 'attachedInfo'
    | 'ex'
    | 'msgDestructSeconds'
    | 'isMsgDestruct'
  >
>;

/** The upper end of the window of who has left a group before anything was said in it: the protocol has no such number. */
export const readsNothing = -1;

/** The conversation in the protocol's words. */
export function toProtocolConversation(conversation: Conversation): ProtocolConversation {
  return {
    ownerUserID: conversation.ownerUserID,
    conversationID: conversation.conversationID,
    recvMsgOpt: conversation.recvMsgOpt,
    conversationType: conversation.conversationType,
    userID: conversation.userID,
    groupID: conversation.groupID,
    isPinned: conversation.isPinned,
    attachedInfo: conversation.attachedInfo,
    isPrivateChat: conversation.isPrivateChat,
    groupAtType: conversation.groupAtType,
    ex: conversation.ex,
    burnDuration: conversation.burnDurationSeconds,
    minSeq: conversation.minSeq,
    maxSeq: Math.max(0, conversation.maxSeq),
    msgDestructTime: conversation.msgDestructSeconds,
    latestMsgDestructTime: conversation.lastMsgDestructAt,
    isMsgDestruct: conversation.isMsgDestruct,
  };
}
