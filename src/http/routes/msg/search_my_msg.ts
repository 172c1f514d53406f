/** Protocol: conversations-messages.md 9.11. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { msgData } from '../../objects/message.ts';

export default endpoint({
  path: '/msg/search_my_msg',
  summary: 'Looks for a text in messages that the user may read',
  description:
    'Conversations come by their last activity, the messages of one from the newest down. A page may have fewer messages than asked for, or none, although there are more: only an empty `nextCursor` is the end.',
  access: self('userID'),
  required: ['userID', 'keyword'],
  example: { userID: 'alice', keyword: 'lunch', count: 20 },
  request: Wire.object({
    userID: Wire.id(),
    keyword: Wire.string({ description: 'its words have to stand in the text in a row' }),
    conversationID: Wire.id({ description: 'only in this one; empty: in all' }),
    sendID: Wire.id({ description: 'only of this sender' }),
    startTime: Wire.int64({ description: 'Unix ms' }),
    endTime: Wire.int64({ description: 'Unix ms; not included; 0: no end' }),
    contentTypes: Wire.list(Wire.int32(), { description: 'only of these types; none: of all' }),
    count: Wire.int32({ description: 'at most so many, 1 to 100; 0: 20' }),
    cursor: Wire.id({ description: "an earlier answer's `nextCursor`" }),
  }),
  response: Wire.object({
    messages: Wire.list(
      Wire.object({ conversationID: Wire.id(), seq: Wire.int64(), message: msgData }, { title: 'FoundMessage' }),
    ),
    nextCursor: Wire.id({ description: 'empty: there is no more' }),
  }),
  handle: (call, query, { ownMessages }) => ownMessages.search(call, query),
});
