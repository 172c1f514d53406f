/** Protocol: rest-core.md 9. */
import { type Group, toGroupInfo } from '../../../../groups/group.ts';
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../../endpoint.ts';
import { groupInfo } from '../../../objects/group.ts';
import { activityCounts, activityRequest, toActivityCounts, toActivityQuery } from '../../../objects/statistics.ts';

export default endpoint({
  path: '/statistics/group/active',
  summary: 'Counts messages by group and by day, the most active groups first; only for admins',
  description: 'What is told in the chat of a group, as of new members, counts as a message.',
  access: 'admin',
  required: ['start', 'end', 'pagination'],
  example: { start: 1_700_000_000_000, end: 1_800_000_000_000, pagination: { pageNumber: 1, showNumber: 20 } },
  request: Wire.object(activityRequest),
  response: Wire.object({
    ...activityCounts,
    groupCount: Wire.int64({ description: 'those that have any' }),
    groups: Wire.list(Wire.object({ group: groupInfo, count: Wire.int64() })),
  }),
  handle: async (call, asked, { activity }) => {
    const report = await activity.groups(call, toActivityQuery(asked));
    return {
      ...toActivityCounts(report),
      groupCount: report.total,
      groups: report.page.map(({ id, item, count }) => ({ group: toGroupInfo(item ?? unknownGroup(id)), count })),
    };
  },
});

/** Of a group that is in the log only. */
function unknownGroup(groupID: string): Group {
  const texts = { name: groupID, notification: '', introduction: '', faceURL: '', ex: '' };
  const people = { ownerUserID: '', creatorUserID: '', notificationUserID: '', memberCount: 0 };
  const settings = { groupType: 0, needVerification: 0, lookMemberInfo: 0, applyMemberFriend: 0 };
  return { groupID, ...texts, ...people, ...settings, status: 0, createdAt: 0, notificationUpdatedAt: 0 };
}
