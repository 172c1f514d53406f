/** Protocol: rest-core.md 7.12. */

import { endpoint } from '../../endpoint.ts';
import { notificationAccount, toNotificationAccount } from '../../objects/notification-account.ts';

export default endpoint({
  path: '/user/add_notification_account',
  summary: 'Makes an account that speaks for the system; only for admins',
  description: 'Without a userID one of ten digits is made up.',
  access: 'admin',
  required: ['nickName'],
  example: { userID: '', nickName: 'News', faceURL: '', appMangerLevel: 3 },
  request: notificationAccount,
  response: notificationAccount,
  handle: async (call, { userID, nickName, faceURL, appMangerLevel }, { notificationAccounts }) =>
    toNotificationAccount(
      await notificationAccounts.add(call, { userID, nickname: nickName, faceURL, appManagerLevel: appMangerLevel }),
    ),
});
