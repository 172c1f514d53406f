/** Protocol: rest-core.md 7.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { statusList } from '../../objects/online-status.ts';

export default endpoint({
  path: '/user/get_subscribe_users_status',
  summary: 'Gives an empty list',
  description: 'Subscriptions belong to a socket: there are none over REST.',
  access: 'anyone',
  required: ['userID'],
  example: { userID: 'alice' },
  request: Wire.object({ userID: Wire.id() }),
  response: statusList,
  handle: async (_call, { userID }, { onlineStatus }) => {
    await onlineStatus.subscriptionsOverRest(userID);
    return { statusList: null };
  },
});
