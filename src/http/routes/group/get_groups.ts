/** Protocol: relations-groups.md 8.12. */
import { toGroupInfo } from '../../../groups/group.ts';
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { groupInfo } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_groups',
  summary: 'Gives a page of all groups; only for admins',
  description:
    'Those whose name holds `groupName`, the newest first, without dismissed ones; or the group of a `groupID`.',
  access: 'admin',
  required: ['pagination'],
  example: { pagination: { pageNumber: 1, showNumber: 20 }, groupName: 'Team' },
  request: Wire.object({
    pagination: wirePagination,
    groupName: Wire.string({ description: 'letter by letter: nothing in it is a pattern; empty for all' }),
    groupID: Wire.id({ description: 'exactly, dismissed or not; `groupName` is ignored then' }),
  }),
  response: Wire.object({
    total: Wire.uint32(),
    groups: Wire.list(
      Wire.object({
        groupInfo,
        groupOwnerUserName: Wire.string({ description: 'in the group; empty without a name of its own' }),
        groupOwnerUserID: Wire.id(),
      }),
    ),
  }),
  handle: async (call, { pagination, ...asked }, { groupQueries }) => {
    const { total, groups } = await groupQueries.search(call, asked, pagination);
    return {
      total,
      groups: groups.map(({ group, owner }) => ({
        groupInfo: toGroupInfo(group),
        groupOwnerUserName: owner?.nickname ?? '',
        groupOwnerUserID: group.ownerUserID,
      })),
    };
  },
});
