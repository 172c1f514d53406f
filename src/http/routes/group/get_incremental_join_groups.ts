/** Protocol: relations-groups.md 10.5. */
import { toGroupInfo } from '../../../groups/group.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { groupInfo } from '../../objects/group.ts';
import { changesOf, sinceVersion, toChanges } from '../../objects/sync.ts';

export default endpoint({
  path: '/group/get_incremental_join_groups',
  summary: 'Gives what changed of the groups that a user is in since a version',
  description: 'Which groups they are, that is: what changes of a group is told with its members.',
  access: self('userID'),
  example: { userID: 'alice', version: 0, versionID: '' },
  request: sinceVersion,
  response: Wire.object({ ...changesOf(groupInfo), sortVersion: Wire.uint64({ description: '0' }) }),
  handle: async (call, body, { groupSync }) =>
    toChanges(await groupSync.joinedSince(call, body.userID, body), toGroupInfo),
});
