/** Protocol: relations-groups.md 5.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/add_friend_response',
  summary: 'Agrees to be friends, or refuses',
  description: 'Both sides are told: notification 1201, which is also shown in their chat, or 1202.',
  access: self('toUserID'),
  required: ['fromUserID', 'toUserID'],
  example: { fromUserID: 'bob', toUserID: 'alice', handleResult: 1, handleMsg: 'Sure' },
  request: Wire.object({
    fromUserID: Wire.id({ description: 'who has asked' }),
    toUserID: Wire.id({ description: 'who answers' }),
    handleResult: Wire.int32({ description: '1 agrees, -1 refuses' }),
    handleMsg: Wire.string(),
  }),
  handle: (call, body, { friendRequests }) => friendRequests.respond(call, body),
});
