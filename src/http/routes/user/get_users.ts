/** Protocol: rest-core.md 7.9. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { toUserInfo } from '../../../users/user.ts';
import { endpoint } from '../../endpoint.ts';
import { userInfo } from '../../objects/user.ts';

export default endpoint({
  path: '/user/get_users',
  summary: 'Gives a page of the ordinary users whose ID or nickname holds what is asked for; only for admins',
  description: 'Ordered by ID. Notification accounts and app admins are not among them.',
  access: 'admin',
  required: ['pagination'],
  example: { pagination: { pageNumber: 1, showNumber: 20 }, nickName: 'ali' },
  request: Wire.object({
    pagination: wirePagination,
    userID: Wire.id({ description: 'part of an ID; empty: any' }),
    nickName: Wire.string({ description: 'part of a nickname, in upper or lower case; empty: any' }),
  }),
  response: Wire.object({ total: Wire.int32(), users: Wire.list(userInfo) }),
  handle: async (call, { pagination, userID, nickName }, { userDirectory }) => {
    const { total, users } = await userDirectory.search(call, { userID, nickname: nickName }, pagination);
    return { total, users: users.map(toUserInfo) };
  },
});
