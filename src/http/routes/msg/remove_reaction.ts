/** Protocol: beyond-openim.md 1. */
import { endpoint, self } from '../../endpoint.ts';
import { reactionRequest } from '../../objects/reaction.ts';

export default endpoint({
  path: '/msg/remove_reaction',
  summary: 'Take a reaction of one’s own back',
  description:
    'The others are told by a business notification (2001) with the key `tessera.reaction`. One that is not there changes nothing.',
  access: self('userID'),
  required: ['conversationID', 'seq', 'userID', 'reaction'],
  example: { conversationID: 'si_alice_bob', seq: 1, userID: 'alice', reaction: '👍' },
  request: reactionRequest,
  handle: (call, body, { reactions }) => reactions.remove(call, body),
});
