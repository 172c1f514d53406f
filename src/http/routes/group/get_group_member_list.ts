/** Protocol: relations-groups.md 8.12. */
import { toMemberInfo } from '../../../groups/group.ts';
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { groupMember } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_group_member_list',
  summary: 'Gives a page of the members of a group',
  description: 'By role from above, then as they came. `total` counts those that match.',
  access: inGroup('groupID', 'member'),
  required: ['groupID', 'pagination'],
  example: { groupID: 'team', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    groupID: Wire.id(),
    pagination: wirePagination,
    filter: Wire.int32({
      description: '0 all, 1 owner, 2 admins, 3 ordinary members, 4 admins and ordinary members, 5 owner and admins',
      enum: [0, 1, 2, 3, 4, 5],
    }),
    keyword: Wire.string({ description: 'only those whose name in the group, or else of the profile, holds it' }),
  }),
  response: Wire.object({ total: Wire.uint32(), members: Wire.list(groupMember) }),
  handle: async (call, body, { groupQueries }) => {
    const { total, members } = await groupQueries.memberPage(call, body);
    return { total, members: members.map(toMemberInfo) };
  },
});
