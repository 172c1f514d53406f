/** Protocol: beyond-openim.md 1. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/get_reaction_users',
  summary: 'Who has put what to a message',
  description: 'All of them, in order of time.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID'],
  example: { conversationID: 'si_alice_bob', seq: 1, userID: 'alice' },
  request: Wire.object({ conversationID: Wire.id(), seq: Wire.int64(), userID: Wire.id() }),
  response: Wire.object({
    reactions: Wire.list(
      Wire.object({ reaction: Wire.string(), userID: Wire.string(), time: Wire.int64({ description: 'Unix ms' }) }),
    ),
  }),
  handle: async (call, body, { reactions }) => {
    const found = await reactions.list(call, body);
    return { reactions: found.map(({ reaction, userID, reactedAt }) => ({ reaction, userID, time: reactedAt })) };
  },
});
