/** Protocol: relations-groups.md 8.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';

export default endpoint({
  path: '/group/mute_group_member',
  summary: 'Keeps a member of a group from speaking for a while',
  description:
    'Admins of the group mute ordinary members, the owner also admins, IM admins everybody: others are refused with 1002, or 1004 if they are not in the group. Notification 1512 tells all members.',
  access: inGroup('groupID', 'manager'),
  required: ['groupID', 'userID', 'mutedSeconds'],
  example: { groupID: 'team', userID: 'bob', mutedSeconds: 600 },
  request: Wire.object({ groupID: Wire.id(), userID: Wire.id(), mutedSeconds: Wire.uint32() }),
  handle: async (call, { groupID, userID, mutedSeconds }, { memberSettings }) => {
    await memberSettings.mute(call, groupID, userID, mutedSeconds);
  },
});
