/** Protocol: rest-core.md 7.7. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/user/get_all_users_uid',
  summary: 'Gives a page of the IDs of all users; only for admins',
  access: 'admin',
  required: ['pagination'],
  example: { pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ pagination: wirePagination }),
  response: Wire.object({ total: Wire.int32(), userIDs: Wire.list(Wire.id()) }),
  handle: (call, { pagination }, { userDirectory }) => userDirectory.ids(call, pagination),
});
