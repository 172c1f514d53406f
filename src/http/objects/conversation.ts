/** The conversation object, which several endpoints have in common (conversations-messages chapter, 7.1). */
import { Wire } from '../../protocol/wire/wire-schema.ts';

export const conversation = Wire.object(
  {
    ownerUserID: Wire.id(),
    conversationID: Wire.id(),
    recvMsgOpt: Wire.int32({ description: '0 receive, 1 do not receive, 2 receive without notification' }),
    conversationType: Wire.int32({ description: '1 single, 3 group, 4 notification account' }),
    userID: Wire.id({ description: 'the peer, or the notification account' }),
    groupID: Wire.id(),
    isPinned: Wire.bool(),
    attachedInfo: Wire.string(),
    isPrivateChat: Wire.bool({ description: 'burn after reading' }),
    groupAtType: Wire.int32({ description: '0 none, 1 @me, 2 @all, 3 both, 4 group notice' }),
    ex: Wire.string(),
    burnDuration: Wire.int32({ description: 'seconds' }),
    minSeq: Wire.int64({ description: 'first seq that the owner may read; 0: no limit' }),
    maxSeq: Wire.int64({ description: 'last seq that the owner may read; 0: no limit' }),
    msgDestructTime: Wire.int64({ description: 'retention in seconds' }),
    latestMsgDestructTime: Wire.int64({ description: 'last retention run, Unix ms' }),
    isMsgDestruct: Wire.bool({ description: 'retention is on' }),
  },
  { title: 'Conversation' },
);
