/** Protocol: relations-groups.md 8.12. */
import { toGroupInfo } from '../../../groups/group.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { groupInfo } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_groups_info',
  summary: 'Gives groups',
  description: 'In the order asked, dismissed ones too; groups that do not exist are left out.',
  access: 'anyone',
  required: ['groupIDs'],
  example: { groupIDs: ['team'] },
  request: Wire.object({ groupIDs: Wire.list(Wire.id()) }),
  response: Wire.object({ groupInfos: Wire.list(groupInfo) }),
  handle: async (_call, { groupIDs }, { groupQueries }) => ({
    groupInfos: (await groupQueries.find(groupIDs)).map(toGroupInfo),
  }),
});
