/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { groupRequestList } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_specified_user_group_request_info',
  summary: 'Gives the request of a user to join a group, if there is one',
  description:
    "For the user, for owner and admins of the group, and for IM admins: others are refused with 1002. A group that does not exist is answered with 1004, also to the user; a dismissed one's request is still there.",
  access: 'anyone',
  example: { groupID: 'team', userID: 'alice' },
  request: Wire.object({ groupID: Wire.id(), userID: Wire.id() }),
  response: Wire.object({ total: Wire.uint32(), ...groupRequestList }),
  handle: async (call, { groupID, userID }, { groupRequestQueries }) => {
    const { total, requests } = await groupRequestQueries.ofUser(call, groupID, userID);
    return { total, groupRequests: requests };
  },
});
