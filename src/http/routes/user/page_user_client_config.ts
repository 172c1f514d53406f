/** Protocol: rest-core.md 7.13. */
import { wirePagination } from '../../../protocol/pagination.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/user/page_user_client_config',
  summary: 'Lists settings for clients; only for admins',
  description: 'Ordered by key, then user.',
  access: 'admin',
  example: { userID: 'alice', pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    userID: Wire.id({ description: "empty: of all users and everybody's" }),
    key: Wire.id({ description: 'empty: all keys' }),
    globalOnly: Wire.bool({ description: "only everybody's; OpenIM has no way to ask for these" }),
    pagination: wirePagination,
  }),
  response: Wire.object({
    total: Wire.int64(),
    configs: Wire.list(Wire.object({ key: Wire.id(), userID: Wire.id(), value: Wire.string() })),
  }),
  handle: async (call, { userID, key, globalOnly, pagination }, { clientConfigs }) => {
    const { total, entries } = await clientConfigs.page(call, { userID, key, isGlobal: globalOnly }, pagination);
    return { total, configs: entries };
  },
});
