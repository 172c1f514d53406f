/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { groupRequestList } from '../../objects/group.ts';

export default endpoint({
  path: '/group/get_group_users_req_application_list',
  summary: 'Gives the requests of some users to join a group',
  description: 'In the order asked; who has made none is left out.',
  access: inGroup('groupID', 'manager'),
  required: ['groupID', 'userIDs'],
  example: { groupID: 'team', userIDs: ['bob'] },
  request: Wire.object({ groupID: Wire.id(), userIDs: Wire.list(Wire.id(), { description: 'at most 1000' }) }),
  response: Wire.object({ total: Wire.int64(), ...groupRequestList }),
  handle: async (call, { groupID, userIDs }, { groupRequestQueries }) => {
    const { total, requests } = await groupRequestQueries.ofUsers(call, groupID, userIDs);
    return { total, groupRequests: requests };
  },
});
