/** Protocol: beyond-openim.md 1. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/get_reactions',
  summary: 'How many users have put what to messages',
  description: 'Messages without reactions, and those that the user may not read, are left out.',
  access: self('userID'),
  required: ['conversationID', 'userID', 'seqs'],
  example: { conversationID: 'si_alice_bob', userID: 'alice', seqs: [1] },
  request: Wire.object({ conversationID: Wire.id(), userID: Wire.id(), seqs: Wire.list(Wire.int64()) }),
  response: Wire.object({
    messages: Wire.list(
      Wire.object({
        seq: Wire.int64(),
        reactions: Wire.list(
          Wire.object({
            reaction: Wire.string(),
            count: Wire.int32(),
            isOwn: Wire.bool({ description: 'the user is among them' }),
          }),
        ),
      }),
    ),
  }),
  handle: async (call, body, { reactions }) => {
    const found = await reactions.counts(call, body);
    return {
      messages: [...found].map(([seq, counts]) => ({
        seq,
        reactions: counts.map(({ reaction, count, isOwn }) => ({ reaction, count, isOwn })),
      })),
    };
  },
});
