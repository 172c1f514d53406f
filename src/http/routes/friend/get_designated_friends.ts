import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/get_designated_friends',
  summary: 'Read the friends among some users',
  description: 'Users who are not friends are left out. This server keeps no friends yet.',
  access: self('ownerUserID'),
  required: ['ownerUserID', 'friendUserIDs'],
  example: { ownerUserID: 'alice', friendUserIDs: ['bob'] },
  request: Wire.object({ ownerUserID: Wire.id(), friendUserIDs: Wire.list(Wire.id()) }),
  response: Wire.object({ friendsInfo: Wire.list(Wire.any()) }),
  handle: async (call, body, { emptyRelations }) => {
    await emptyRelations.friendsAmong(call, body.ownerUserID, body.friendUserIDs);
    return { friendsInfo: [] };
  },
});
