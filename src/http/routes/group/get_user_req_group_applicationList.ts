/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { groupRequestList, groupRequestsPage } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_user_req_group_applicationList',
  summary: 'Gives a page of the requests of a user to join groups',
  description: 'The newest first; also those with which others have proposed the user.',
  access: self('userID'),
  required: ['userID', 'pagination'],
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object(groupRequestsPage),
  response: Wire.object({ total: Wire.uint32(), ...groupRequestList }),
  handle: async (call, body, { groupRequestQueries }) => {
    const { total, requests } = await groupRequestQueries.sent(call, body);
    return { total, groupRequests: requests };
  },
});
