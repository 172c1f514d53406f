/** Protocol: rest-core.md 7.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { statusList, toStatus } from '../../objects/online-status.ts';

export default endpoint({
  path: '/user/get_users_status',
  summary: 'Says which users are online, and on which platforms',
  description: 'In the order asked. Users that do not exist are offline.',
  access: 'anyone',
  required: ['userIDs'],
  example: { userID: 'alice', userIDs: ['bob'] },
  request: Wire.object({ userID: Wire.id({ description: 'ignored' }), userIDs: Wire.list(Wire.id()) }),
  response: statusList,
  handle: async (_call, { userIDs }, { onlineStatus }) => {
    const statuses = await onlineStatus.statuses(userIDs);
    return {
      statusList: statuses.map(({ userID, platformIDs }) => ({ userID, status: toStatus(platformIDs), platformIDs })),
    };
  },
});
