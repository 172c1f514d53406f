/** Protocol: rest-core.md 7.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { statusList } from '../../objects/online-status.ts';

export default endpoint({
  path: '/user/subscribe_users_status',
  summary: 'Checks its arguments and does nothing',
  description: 'Subscriptions belong to a socket: clients use its request 2005.',
  access: 'anyone',
  required: ['userID', 'userIDs', 'genre'],
  example: { userID: 'alice', userIDs: ['bob'], genre: 1 },
  request: Wire.object({
    userID: Wire.id(),
    userIDs: Wire.list(Wire.id()),
    genre: Wire.int32({ description: '1 subscribe, 2 unsubscribe' }),
  }),
  response: statusList,
  handle: async (_call, { userID, userIDs, genre }, { onlineStatus }) => {
    await onlineStatus.subscribeOverRest(userID, userIDs, genre);
    return { statusList: null };
  },
});
