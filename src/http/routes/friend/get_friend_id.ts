/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/get_friend_id',
  summary: 'Gives the IDs of all friends of a user',
  description: 'In the order of the list. Clients use `/friend/get_full_friend_user_ids`.',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice' },
  request: Wire.object({ userID: Wire.id() }),
  response: Wire.object({ friendIDs: Wire.list(Wire.id()) }),
  handle: async (call, body, { friendQueries }) => ({ friendIDs: await friendQueries.ids(call, body.userID) }),
});
