/** Protocol: relations-groups.md 8.12. */
import { toGroupInfo } from '../../../groups/group.ts';
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { groupInfo } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_joined_group_list',
  summary: 'Gives a page of the groups that a user is in',
  description: 'By name, then by age.',
  access: self('fromUserID'),
  required: ['fromUserID', 'pagination'],
  example: { fromUserID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ fromUserID: Wire.id(), pagination: wirePagination }),
  response: Wire.object({ total: Wire.uint32(), groups: Wire.list(groupInfo) }),
  handle: async (call, { fromUserID, pagination }, { groupQueries }) => {
    const { total, groups } = await groupQueries.joined(call, fromUserID, pagination);
    return { total, groups: groups.map(toGroupInfo) };
  },
});
