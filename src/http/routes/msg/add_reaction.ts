/** Protocol: beyond-openim.md 1. */
import { endpoint, self } from '../../endpoint.ts';
import { reactionRequest } from '../../objects/reaction.ts';

export default endpoint({
  path: '/msg/add_reaction',
  summary: 'Put a reaction to a message',
  description:
    'Who may write in the chat may. The others are told by a business notification (2001) with the key `tessera.reaction`. One that is there already changes nothing.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID', 'reaction'],
  example: { conversationID: 'si_alice_bob', seq: 1, userID: 'alice', reaction: '👍' },
  request: reactionRequest,
  handle: (call, body, { reactions }) => reactions.add(call, body),
});
