/** Protocol: relations-groups.md 5.7. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { blackInfo, toBlackInfo } from '../../objects/friend.ts';

export default endpoint({
  path: '/friend/get_black_list',
  summary: 'Gives a page of the users that a user has blocked',
  description: 'As they came.',
  access: self('userID'),
  required: ['userID', 'pagination'],
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ userID: Wire.id(), pagination: wirePagination }),
  response: Wire.object({ blacks: Wire.list(blackInfo), total: Wire.int32() }),
  handle: async (call, body, { blackList }) => {
    const { blacks, total } = await blackList.page(call, body.userID, body.pagination);
    return { blacks: blacks.map(toBlackInfo), total };
  },
});
