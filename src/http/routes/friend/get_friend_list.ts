/** Protocol: relations-groups.md 5. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/friend/get_friend_list',
  summary: 'Gives a page of the friends of a user',
  description: 'This server keeps no friends yet.',
  access: self('userID'),
  required: ['userID', 'pagination'],
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ userID: Wire.id(), pagination: wirePagination }),
  response: Wire.object({ friendsInfo: Wire.list(Wire.any()), total: Wire.int32() }),
  handle: async (call, body, { emptyRelations }) => {
    await emptyRelations.page(call, body.userID, body.pagination);
    return { friendsInfo: null, total: 0 };
  },
});
