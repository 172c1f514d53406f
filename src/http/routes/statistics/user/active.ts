/** Protocol: rest-core.md 9. */
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { toUserInfo } from '../../../../users/user.ts';
import { endpoint } from '../../../endpoint.ts';
import { activityCounts, activityRequest, toActivityCounts, toActivityQuery } from '../../../objects/statistics.ts';
import { userInfo } from '../../../objects/user.ts';

export default endpoint({
  path: '/statistics/user/active',
  summary: 'Counts messages by their senders and by day, the most active users first; only for admins',
  description: 'What is told in a chat, as of new members, counts as a message of who caused it.',
  access: 'admin',
  required: ['start', 'end', 'pagination'],
  example: { start: 1_700_000_000_000, end: 1_800_000_000_000, pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object({
    ...activityRequest,
    group: Wire.bool({ description: 'messages in groups count too, not only those of single chats' }),
  }),
  response: Wire.object({
    ...activityCounts,
    userCount: Wire.int64({ description: 'those who have sent any' }),
    users: Wire.list(Wire.object({ user: userInfo, count: Wire.int64() })),
  }),
  handle: async (call, { group, ...asked }, { activity }) => {
    const report = await activity.users(call, toActivityQuery(asked), group);
    return {
      ...toActivityCounts(report),
      userCount: report.total,
      users: report.page.map(({ id, item, count }) => ({
        user: item === undefined ? unknownUser(id) : toUserInfo(item),
        count,
      })),
    };
  },
});

function unknownUser(userID: string) {
  const texts = { nickname: userID, faceURL: '', ex: '' };
  return { userID, ...texts, createTime: 0, appMangerLevel: 0, globalRecvMsgOpt: 0 };
}
