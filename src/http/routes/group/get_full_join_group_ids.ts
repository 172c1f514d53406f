/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { idsHead, knownIDs } from '../../objects/sync.ts';

export default endpoint({
  path: '/group/get_full_join_group_ids',
  summary: 'Gives the IDs of all joined groups of a user',
  description: 'This server keeps no groups yet.',
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', idHash: 0 },
  request: knownIDs,
  response: Wire.object({ ...idsHead, groupIDs: Wire.list(Wire.id()) }),
  handle: async (call, body, { emptyRelations }) => {
    const { isEqual, ...head } = await emptyRelations.fullIDs(call, 'joined_groups', body.userID, body.idHash);
    return { ...head, equal: isEqual, groupIDs: null };
  },
});
