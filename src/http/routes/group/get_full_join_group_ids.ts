/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { idsHead, knownIDs } from '../../objects/sync.ts';

export default endpoint({
  path: '/group/get_full_join_group_ids',
  summary: 'Gives the IDs of all groups that a user is in',
  description: 'In the order of the list; none if the client has them all.',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', idHash: 0 },
  request: knownIDs,
  response: Wire.object({ ...idsHead, groupIDs: Wire.list(Wire.id()) }),
  handle: async (call, body, { groupSync }) => {
    const { version, versionID, isEqual, ids } = await groupSync.joinedIDs(call, body.userID, body.idHash);
    return { version, versionID, equal: isEqual, groupIDs: ids };
  },
});
