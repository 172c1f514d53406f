/** Protocol: relations-groups.md 10.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { friendInfo, toFriendInfo } from '../../objects/friend.ts';
import { changesOf, sinceVersion, toChanges } from '../../objects/sync.ts';

export default endpoint({
  path: '/friend/get_incremental_friends',
  summary: "Gives what changed of a user's friends since a version",
  access: self('userID'),
  example: { userID: 'alice', version: 0, versionID: '' },
  request: sinceVersion,
  response: Wire.object({ ...changesOf(friendInfo), sortVersion: Wire.uint64() }),
  handle: async (call, body, { friendQueries }) =>
    toChanges(await friendQueries.changesSince(call, body.userID, body), toFriendInfo),
});
