/** Protocol: relations-groups.md 8.11. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';
import { keptIfNull } from '../../objects/kept-if-null.ts';

const ownIfEmpty = { description: 'empty: that of the profile shows; null or absent: left as it is' };

export default endpoint({
  path: '/group/set_group_member_info',
  summary: "Changes members' roles, and their names, faces and ex in the group",
  description:
    'The owner and IM admins change everybody, admins of the group ordinary members and themselves, others themselves; nobody raises its own role, and the owner keeps it: others are refused with 1002. All are changed or none. Notification 1517 tells all members of a new admin, 1518 of an ordinary member, 1516 of the rest.',
  access: inGroup('members.groupID', 'member'),
  required: ['members'],
  example: { members: [{ groupID: 'team', userID: 'alice', nickname: 'Alice the first' }] },
  request: Wire.object({
    members: Wire.list(
      Wire.object({
        groupID: Wire.id(),
        userID: Wire.id(),
        nickname: Wire.stringValue(ownIfEmpty),
        faceURL: Wire.stringValue(ownIfEmpty),
        roleLevel: Wire.int32Value({ description: '20 member, 60 admin; null or absent: left as it is' }),
        ex: Wire.stringValue(keptIfNull),
      }),
      { description: 'at most 1000' },
    ),
  }),
  handle: async (call, { members }, { memberSettings }) => {
    await memberSettings.set(
      call,
      members.map(({ roleLevel: role, ...rest }) => ({ ...rest, role })),
    );
  },
});
