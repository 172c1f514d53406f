/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/get_self_unhandled_apply_count',
  summary: 'Counts the friend requests to a user that are pending',
  access: self('userID'),
  example: { userID: 'alice', time: 0 },
  request: Wire.object({
    userID: Wire.id(),
    time: Wire.int64({ description: 'only those made later, Unix ms; 0 for all' }),
  }),
  response: Wire.object({ count: Wire.int64() }),
  handle: async (call, body, { friendRequestQueries }) => ({
    count: await friendRequestQueries.pendingCount(call, body.userID, body.time),
  }),
});
