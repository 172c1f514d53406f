/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { toUserInfo } from '../../../users/user.ts';
import { endpoint, self } from '../../endpoint.ts';
import { blackInfo, friendInfo, toBareBlackInfo, toBareFriendInfo } from '../../objects/friend.ts';
import { userInfo } from '../../objects/user.ts';

export default endpoint({
  path: '/friend/get_specified_friends_info',
  summary: 'Gives some users with what a user keeps of them',
  description:
    'In the order asked; users who are not registered are left out. Times are milliseconds, and `friendUser` and `blackUserInfo` are null: the profile is in `userInfo`.',
  access: self('ownerUserID'),
  required: ['ownerUserID', 'userIDList'],
  example: { ownerUserID: 'alice', userIDList: ['bob'] },
  request: Wire.object({
    ownerUserID: Wire.id(),
    userIDList: Wire.list(Wire.id(), { description: 'up to 1000, each once' }),
  }),
  response: Wire.object({
    infos: Wire.list(
      Wire.object({ userInfo, friendInfo: Wire.nullable(friendInfo), blackInfo: Wire.nullable(blackInfo) }),
    ),
  }),
  handle: async (call, body, { friendQueries }) => {
    const relations = await friendQueries.relations(call, body.ownerUserID, body.userIDList);
    return {
      infos: relations.map(({ user, friend, black }) => ({
        userInfo: toUserInfo(user),
        friendInfo: friend === undefined ? null : toBareFriendInfo(friend),
        blackInfo: black === undefined ? null : toBareBlackInfo(black),
      })),
    };
  },
});
