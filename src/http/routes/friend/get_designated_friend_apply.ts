/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { friendRequest } from '../../objects/friend.ts';

export default endpoint({
  path: '/friend/get_designated_friend_apply',
  summary: 'Gives what two users have asked each other',
  description: 'Of both directions, the latest change first. Only for the two, and for admins.',
  access: 'anyone',
  required: ['fromUserID', 'toUserID'],
  example: { fromUserID: 'alice', toUserID: 'bob' },
  request: Wire.object({ fromUserID: Wire.id(), toUserID: Wire.id() }),
  response: Wire.object({ friendRequests: Wire.list(friendRequest) }),
  handle: async (call, body, { friendRequestQueries }) => ({
    friendRequests: await friendRequestQueries.between(call, body.fromUserID, body.toUserID),
  }),
});
