/** Protocol: relations-groups.md 7 and 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_groups_info',
  summary: 'Gives groups',
  description: 'Groups that do not exist are left out. This server keeps no groups yet.',
  access: 'anyone',
  required: ['groupIDs'],
  example: { groupIDs: ['team'] },
  request: Wire.object({ groupIDs: Wire.list(Wire.id()) }),
  response: Wire.object({ groupInfos: Wire.list(Wire.any()) }),
  handle: async (_call, { groupIDs }, { emptyRelations }) => {
    await emptyRelations.groupsAmong(groupIDs);
    return { groupInfos: null };
  },
});
