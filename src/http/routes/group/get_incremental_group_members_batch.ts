/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/group/get_incremental_group_members_batch',
  summary: 'Gives what changed of the members of several groups since a version of each',
  description: 'Groups that do not exist are left out. This server keeps no groups yet.',
  access: 'anyone',
  example: { userID: 'alice', reqList: [{ groupID: 'team', version: 0, versionID: '' }] },
  request: Wire.object({
    userID: Wire.id({ description: 'ignored: the caller is meant' }),
    reqList: Wire.list(Wire.object({ groupID: Wire.id(), version: Wire.uint64(), versionID: Wire.id() })),
  }),
  // Not a Wire.map: that leaves its key out when empty, which makes the pure-JS SDK throw.
  response: Wire.object({ respList: Wire.any({ description: 'answers by group ID' }) }),
  handle: async () => ({ respList: {} }),
});
