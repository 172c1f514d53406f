/** Protocol: relations-groups.md 8.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';

export default endpoint({
  path: '/group/cancel_mute_group_member',
  summary: 'Lets a member of a group speak again',
  description:
    'For those who may mute the member. Notification 1513 tells all members, also if the member was not muted.',
  access: inGroup('groupID', 'manager'),
  required: ['groupID', 'userID'],
  example: { groupID: 'team', userID: 'bob' },
  request: Wire.object({ groupID: Wire.id(), userID: Wire.id() }),
  handle: async (call, { groupID, userID }, { memberSettings }) => {
    await memberSettings.cancelMute(call, groupID, userID);
  },
});
