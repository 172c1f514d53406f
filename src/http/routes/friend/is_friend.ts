/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/is_friend',
  summary: 'Says which of two users has the other as a friend',
  description: 'Only for the two, and for admins.',
  access: 'anyone',
  required: ['userID1', 'userID2'],
  example: { userID1: 'alice', userID2: 'bob' },
  request: Wire.object({ userID1: Wire.id(), userID2: Wire.id() }),
  response: Wire.object({ inUser1Friends: Wire.bool(), inUser2Friends: Wire.bool() }),
  handle: (call, body, { friendQueries }) => friendQueries.areFriends(call, body.userID1, body.userID2),
});
