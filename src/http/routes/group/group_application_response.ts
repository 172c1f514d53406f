/** Protocol: relations-groups.md 8.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, inGroup } from '../../endpoint.ts';

export default endpoint({
  path: '/group/group_application_response',
  summary: 'Answers a request to join a group',
  description:
    "For the group's owner and admins, and for IM admins: others are refused with 1002, or 1004 if they are not in the group. Notification 1505 or 1506 tells the user and all who might have answered, 1510 or 1509 the group of its new member.",
  access: inGroup('groupID', 'manager'),
  required: ['groupID', 'fromUserID', 'handleResult'],
  example: { groupID: 'team', fromUserID: 'carol', handleResult: 1, handledMsg: 'Welcome' },
  request: Wire.object({
    groupID: Wire.id(),
    fromUserID: Wire.id({ description: 'who wants to join' }),
    handledMsg: Wire.string(),
    handleResult: Wire.int32({ description: '1 agreed, -1 refused' }),
  }),
  handle: async (call, body, { groupRequests }) => {
    await groupRequests.answer(call, {
      groupID: body.groupID,
      userID: body.fromUserID,
      result: body.handleResult,
      handleMsg: body.handledMsg,
    });
  },
});
