/** Protocol: relations-groups.md 5.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { blackInfo, toBareBlackInfo } from '../../objects/friend.ts';

export default endpoint({
  path: '/friend/get_specified_blacks',
  summary: 'Gives the blocked among some users',
  description: 'In the order asked. `createTime` is milliseconds here.',
  access: self('ownerUserID'),
  required: ['userIDList'],
  example: { ownerUserID: 'alice', userIDList: ['bob'] },
  request: Wire.object({
    ownerUserID: Wire.id(),
    userIDList: Wire.list(Wire.id(), { description: 'each once' }),
  }),
  response: Wire.object({ blacks: Wire.list(blackInfo), total: Wire.int32() }),
  handle: async (call, body, { blackList }) => {
    const blacks = await blackList.find(call, body.ownerUserID, body.userIDList);
    return {
      blacks: blacks.map((black) => ({ ...toBareBlackInfo(black), blackUserInfo: black.profile })),
      total: blacks.length,
    };
  },
});
