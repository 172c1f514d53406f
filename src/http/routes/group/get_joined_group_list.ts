/** Protocol: relations-groups.md 7. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_joined_group_list',
  summary: 'Gives a page of the joined groups of a user',
  description: 'This server keeps no groups yet.',
  access: self('fromUserID'),
  required: ['fromUserID', 'pagination'],
  example: { fromUserID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ fromUserID: Wire.id(), pagination: wirePagination }),
  response: Wire.object({ total: Wire.uint32(), groups: Wire.list(Wire.any()) }),
  handle: async (call, body, { emptyRelations }) => {
    await emptyRelations.page(call, body.fromUserID, body.pagination);
    return { total: 0, groups: null };
  },
});
