/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { idsHead, knownIDs } from '../../objects/sync.ts';

export default endpoint({
  path: '/friend/get_full_friend_user_ids',
  summary: 'Gives the IDs of all friends of a user',
  description: 'In the order of the list; none if the client has them all.',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', idHash: 0 },
  request: knownIDs,
  response: Wire.object({ ...idsHead, userIDs: Wire.list(Wire.id()) }),
  handle: async (call, body, { friendQueries }) => {
    const { version, versionID, isEqual, ids } = await friendQueries.idsUnless(call, body.userID, body.idHash);
    return { version, versionID, equal: isEqual, userIDs: ids };
  },
});
