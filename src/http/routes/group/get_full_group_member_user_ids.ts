/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { idsHead, knownHash } from '../../objects/sync.ts';

export default endpoint({
  path: '/group/get_full_group_member_user_ids',
  summary: 'Gives the IDs of all members of a group',
  description: 'In the order of the list; none if the client has them all.',
  access: inGroup('groupID', 'member'),
  required: ['groupID'],
  example: { groupID: 'team', idHash: 0 },
  request: Wire.object({ groupID: Wire.id(), idHash: knownHash }),
  response: Wire.object({ ...idsHead, userIDs: Wire.list(Wire.id()) }),
  handle: async (call, { groupID, idHash }, { groupSync }) => {
    const { version, versionID, isEqual, ids } = await groupSync.memberIDsUnless(call, groupID, idHash);
    return { version, versionID, equal: isEqual, userIDs: ids };
  },
});
