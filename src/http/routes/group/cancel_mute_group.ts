/** Protocol: relations-groups.md 8.10. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';

export default endpoint({
  path: '/group/cancel_mute_group',
  summary: 'Lets all members of a group speak again',
  description:
    "For the group's owner and admins, and for IM admins: others are refused with 1002. Notification 1515 tells all members, also if it was so already.",
  access: inGroup('groupID', 'manager'),
  required: ['groupID'],
  example: { groupID: 'team' },
  request: Wire.object({ groupID: Wire.id() }),
  handle: async (call, { groupID }, { groupSettings }) => {
    await groupSettings.mute(call, groupID, false);
  },
});
