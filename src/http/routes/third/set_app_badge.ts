/** Protocol: rest-core.md 8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/third/set_app_badge',
  summary: "Tells which number is on an application's icon",
  description:
    "An offline push whose message asks for a badge (`iOSBadgeCount`) has the user's true number of unread messages; one whose message does not keeps this number.",
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice', appUnreadCount: 3 },
  request: Wire.object({ userID: Wire.id(), appUnreadCount: Wire.int32() }),
  handle: (call, { userID, appUnreadCount }, { pushTokens }) => pushTokens.setBadge(call, userID, appUnreadCount),
});
