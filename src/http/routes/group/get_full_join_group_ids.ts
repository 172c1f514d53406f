/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_full_join_group_ids',
  summary: 'Gives the IDs of all joined groups of a user',
  description: 'This server keeps no groups yet.',
  access: 'token',
  request: Wire.object({ userID: Wire.string(), idHash: Wire.hash64() }),
  response: Wire.object({
    version: Wire.uint64(),
    versionID: Wire.string(),
    equal: Wire.bool(),
    groupIDs: Wire.list(Wire.string()),
  }),
  handle: async (call, body, { emptyRelations }) => {
    const { isEqual, ...head } = await emptyRelations.fullIDs(call, 'joined_groups', body.userID, body.idHash);
    return { ...head, equal: isEqual, groupIDs: null };
  },
});
