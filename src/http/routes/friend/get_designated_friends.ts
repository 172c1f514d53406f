/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { friendInfo, toFriendInfo } from '../../objects/friend.ts';

export default endpoint({
  path: '/friend/get_designated_friends',
  summary: 'Gives the friends among some users',
  description: 'Users who are not friends are left out, and who is named twice is given once.',
  access: self('ownerUserID'),
  required: ['ownerUserID', 'friendUserIDs'],
  example: { ownerUserID: 'alice', friendUserIDs: ['bob'] },
  request: Wire.object({
    ownerUserID: Wire.id(),
    friendUserIDs: Wire.list(Wire.id()),
  }),
  response: Wire.object({ friendsInfo: Wire.list(friendInfo) }),
  handle: async (call, body, { friendQueries }) => {
    const friends = await friendQueries.find(call, body.ownerUserID, body.friendUserIDs);
    return { friendsInfo: friends.map(toFriendInfo) };
  },
});
