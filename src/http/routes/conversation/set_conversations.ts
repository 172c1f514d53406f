/** Protocol: conversations-messages.md 7.3. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { keptIfNull } from '../../objects/kept-if-null.ts';

export default endpoint({
  path: '/conversation/set_conversations',
  summary: 'Sets what users want of a conversation: pin, mute, burn after reading, texts, retention',
  description:
    'A conversation that a user does not have yet is created. The devices of whose conversation has changed are told by notification 1300; burn after reading (of single chats only) holds for both sides, and is told by 1701.',
  access: self('userIDs'),
  required: ['userIDs', 'conversation'],
  example: {
    userIDs: ['alice'],
    conversation: { conversationID: 'si_alice_bob', conversationType: 1, userID: 'bob', isPinned: true },
  },
  request: Wire.object({
    userIDs: Wire.list(Wire.id(), { description: 'up to 1000' }),
    conversation: Wire.nullable(
      Wire.object({
        conversationID: Wire.id({ description: 'that of each of userIDs with the partner named' }),
        conversationType: Wire.int32({ description: '1 single, 3 group, 4 notification account' }),
        userID: Wire.id({ description: 'the peer, or the notification account' }),
        groupID: Wire.id(),
        recvMsgOpt: Wire.int32Value({ description: '0 receive, 1 do not receive, 2 receive without notification' }),
        isPinned: Wire.boolValue(keptIfNull),
        attachedInfo: Wire.stringValue(keptIfNull),
        isPrivateChat: Wire.boolValue({ description: 'burn after reading, for both sides' }),
        ex: Wire.stringValue(keptIfNull),
        burnDuration: Wire.int32Value({ description: 'seconds' }),
        groupAtType: Wire.int32Value({ description: '0: it was seen' }),
        msgDestructTime: Wire.int64Value({ description: 'retention in seconds' }),
        isMsgDestruct: Wire.boolValue({ description: 'retention is on' }),
        minSeq: Wire.int64Value({ description: 'ignored' }),
        maxSeq: Wire.int64Value({ description: 'ignored' }),
      }),
    ),
  }),
  handle: async (call, { userIDs, conversation }, { conversationSettings }) => {
    await conversationSettings.set(call, userIDs, conversation, {
      recvMsgOpt: conversation?.recvMsgOpt ?? null,
      isPinned: conversation?.isPinned ?? null,
      isPrivateChat: conversation?.isPrivateChat ?? null,
      burnDurationSeconds: conversation?.burnDuration ?? null,
      groupAtType: conversation?.groupAtType ?? null,
      attachedInfo: conversation?.attachedInfo ?? null,
      ex: conversation?.ex ?? null,
      msgDestructSeconds: conversation?.msgDestructTime ?? null,
      isMsgDestruct: conversation?.isMsgDestruct ?? null,
    });
  },
});
