/** Protocol: relations-groups.md 8.1. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { groupInfo, sendMessage, toNewGroup } from '../../objects/group.ts';

export default endpoint({
  path: '/group/create_group',
  summary: 'Makes a group with its owner, admins and members',
  description:
    'Users make groups of which they are the owner, admins for everybody, without being in them. Of `groupInfo` its owner, member count, status and time are ignored; who made it is the caller, unless that is an admin. All are told by notification 1501, and by 1519 of an announcement.',
  access: self('ownerUserID'),
  required: ['groupInfo', 'ownerUserID'],
  example: { groupInfo: { groupName: 'Team', groupType: 2 }, ownerUserID: 'alice', memberUserIDs: ['bob'] },
  request: Wire.object({
    groupInfo: Wire.nullable(groupInfo),
    ownerUserID: Wire.id(),
    memberUserIDs: Wire.list(Wire.id(), { description: 'at most 1000' }),
    adminUserIDs: Wire.list(Wire.id()),
    sendMessage,
  }),
  response: Wire.object({ groupInfo }),
  handle: async (call, { groupInfo: asked, sendMessage: isSendMsg, ...members }, { groups }) => ({
    groupInfo: await groups.create(call, asked === null ? null : toNewGroup(asked), members, isSendMsg),
  }),
});
