/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { friendRequest, requestsPage } from '../../objects/friend.ts';

export default endpoint({
  path: '/friend/get_friend_apply_list',
  summary: 'Gives a page of the friend requests that a user has received',
  description: 'The newest first. The list has a capital F here, and only here.',
  access: self('userID'),
  required: ['userID', 'pagination'],
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 }, handleResults: [0] },
  request: requestsPage,
  response: Wire.object({ FriendRequests: Wire.list(friendRequest), total: Wire.int32() }),
  handle: async (call, body, { friendRequestQueries }) => {
    const { requests, total } = await friendRequestQueries.list(call, 'received', body);
    return { FriendRequests: requests, total };
  },
});
