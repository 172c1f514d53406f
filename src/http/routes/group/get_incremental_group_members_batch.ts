/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { memberChanges, toMemberChanges } from '../../objects/group-sync.ts';
import { sinceHead } from '../../objects/sync.ts';

export default endpoint({
  path: '/group/get_incremental_group_members_batch',
  summary: 'Gives what changed of the members of several groups since a version of each',
  description:
    'Groups that do not exist, are dismissed, or are not those of the caller are left out. So are those behind the point at which the answer is full, some 500 changes: to be asked for again.',
  access: 'anyone',
  example: { userID: 'alice', reqList: [{ groupID: 'team', version: 0, versionID: '' }] },
  request: Wire.object({
    userID: Wire.id({ description: 'ignored: the caller is meant' }),
    reqList: Wire.list(Wire.object({ groupID: Wire.id(), ...sinceHead })),
  }),
  // The pure-JS SDK throws without the key.
  response: Wire.object({ respList: Wire.keptMap(memberChanges, { description: 'answers by group ID' }) }),
  handle: async (call, { reqList }, { groupSync }) => {
    const told = await groupSync.membersOfManySince(call, reqList);
    return { respList: new Map([...told].map(([groupID, changes]) => [groupID, toMemberChanges(changes)])) };
  },
});
