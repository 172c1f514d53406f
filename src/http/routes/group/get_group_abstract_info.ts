/** Protocol: relations-groups.md 8.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_group_abstract_info',
  summary: 'Gives a fingerprint of the members of groups',
  description:
    'For groups with, together, no more members than one may have: more are refused with 1001. The hash is that of all members, by ID, as `get_group_members_info` gives them.',
  access: inGroup('groupIDs', 'member'),
  required: ['groupIDs'],
  example: { groupIDs: ['team'] },
  request: Wire.object({ groupIDs: Wire.list(Wire.id(), { description: 'at most 1000' }) }),
  response: Wire.object({
    groupAbstractInfos: Wire.list(
      Wire.object({ groupID: Wire.id(), groupMemberNumber: Wire.uint32(), groupMemberListHash: Wire.hash64() }),
    ),
  }),
  handle: async (call, { groupIDs }, { groupAbstracts }) => ({
    groupAbstractInfos: (await groupAbstracts.of(call, groupIDs)).map(({ groupID, memberCount, listHash }) => ({
      groupID,
      groupMemberNumber: memberCount,
      groupMemberListHash: listHash,
    })),
  }),
});
