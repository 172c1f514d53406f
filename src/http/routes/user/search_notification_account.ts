/** Protocol: rest-core.md 7.12. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { notificationAccount, toNotificationAccount } from '../../objects/notification-account.ts';

export default endpoint({
  path: '/user/search_notification_account',
  summary: 'Gives a page of the accounts that speak for the system; only for admins',
  access: 'admin',
  required: ['pagination'],
  example: { keyword: '', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    keyword: Wire.string({ description: 'an ID, or else a nickname; empty: all' }),
    appManagerLevel: Wire.int32Value({ description: 'only those of exactly this level' }),
    pagination: wirePagination,
  }),
  response: Wire.object({ total: Wire.int64(), notificationAccounts: Wire.list(notificationAccount) }),
  handle: async (call, { keyword, appManagerLevel, pagination }, services) => {
    const { total, accounts } = await services.notificationAccounts.search(call, keyword, appManagerLevel, pagination);
    return { total, notificationAccounts: accounts.map(toNotificationAccount) };
  },
});
