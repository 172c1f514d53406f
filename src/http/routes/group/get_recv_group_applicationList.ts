/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { groupRequestList, groupRequestsPage } from '../../objects/group.ts';

const { userID: fromUserID, ...page } = groupRequestsPage;

export default endpoint({
  path: '/group/get_recv_group_applicationList',
  summary: 'Gives a page of the requests to join the groups of an owner or admin',
  description:
    'The newest first. Without `groupIDs`: of all groups of which the user is owner or admin now; with them, the caller has to manage each: others are refused with 1002.',
  access: self('fromUserID'),
  required: ['fromUserID', 'pagination'],
  example: { fromUserID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({ fromUserID, ...page }),
  response: Wire.object({ total: Wire.uint32(), ...groupRequestList }),
  handle: async (call, { fromUserID: userID, ...asked }, { groupRequestQueries }) => {
    const { total, requests } = await groupRequestQueries.received(call, { userID, ...asked });
    return { total, groupRequests: requests };
  },
});
