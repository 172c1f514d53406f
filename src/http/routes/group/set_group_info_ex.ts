/** Protocol: relations-groups.md 8.2. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { groupSettings, toSettingChanges } from '../../objects/group.ts';

export default endpoint({
  path: '/group/set_group_info_ex',
  summary: 'Changes what is set of a group',
  description:
    "For the group's owner and admins, and for IM admins: ordinary members are refused with 1002, others with 1004. Notification 1519 tells all members of the announcement, 1520 of the name, 1502 of the rest.",
  access: inGroup('groupID', 'manager'),
  required: ['groupID'],
  example: { groupID: 'team', groupName: 'The team', notification: 'We meet at nine' },
  request: Wire.object({ groupID: Wire.id(), ...groupSettings }),
  handle: async (call, { groupID, notification, ...asked }, { groupSettings: settings }) => {
    const changes = toSettingChanges({ ...asked, notification: notification?.trim() ?? null });
    await settings.set(call, { groupID, ...changes });
  },
});
