/** Protocol: relations-groups.md 5.7. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { friendInfo, toFriendInfo } from '../../objects/friend.ts';

export default endpoint({
  path: '/friend/get_friend_list',
  summary: 'Gives a page of the friends of a user',
  description: 'The pinned first, then as they came.',
  access: self('userID'),
  required: ['userID', 'pagination'],
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ userID: Wire.id(), pagination: wirePagination }),
  response: Wire.object({ friendsInfo: Wire.list(friendInfo), total: Wire.int32() }),
  handle: async (call, body, { friendQueries }) => {
    const { friends, total } = await friendQueries.page(call, body.userID, body.pagination);
    return { friendsInfo: friends.map(toFriendInfo), total };
  },
});
