/** Protocol: rest-core.md 8. */
import { wirePagination } from '../../../../protocol/pagination.ts';
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../../endpoint.ts';

export default endpoint({
  path: '/third/logs/search',
  summary: 'Lists the logs that clients have uploaded, the newest first; only for admins',
  access: 'admin',
  example: { keyword: 'ali', startTime: 0, endTime: 0, pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    keyword: Wire.id({ description: "a part of the user's ID; empty: of all" }),
    startTime: Wire.int64({ description: 'Unix ms' }),
    endTime: Wire.int64({ description: 'Unix ms; both 0: of all times' }),
    pagination: wirePagination,
  }),
  response: Wire.object({
    logsInfos: Wire.list(
      Wire.object(
        {
          userID: Wire.id(),
          platform: Wire.string({ description: 'its name' }),
          url: Wire.string(),
          createTime: Wire.int64({ description: 'Unix ms' }),
          nickname: Wire.string({ description: 'empty: there is no such user any more' }),
          logID: Wire.id(),
          filename: Wire.string(),
          systemType: Wire.string({ description: 'always empty, as nobody can set it' }),
          ex: Wire.string(),
          version: Wire.string(),
        },
        { title: 'ClientLog' },
      ),
    ),
    total: Wire.int64(),
  }),
  handle: async (call, { keyword, startTime, endTime, pagination }, { clientLogs }) => {
    const filter = { keyword, start: startTime, end: endTime };
    const { total, logs } = await clientLogs.search(call, filter, pagination);
    return {
      total,
      logsInfos: logs.map(({ createdAt, appFramework: _appFramework, ...log }) => ({
        ...log,
        createTime: createdAt,
        systemType: '',
      })),
    };
  },
});
