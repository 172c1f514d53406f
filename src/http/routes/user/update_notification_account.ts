/** Protocol: rest-core.md 7.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/user/update_notification_account',
  summary: 'Changes the name and face of an account; only for admins',
  description: 'What is empty stays. Nobody is told.',
  access: 'admin',
  required: ['userID'],
  example: { userID: 'alice', nickName: 'Alice', faceURL: '' },
  request: Wire.object({ userID: Wire.id(), faceURL: Wire.string(), nickName: Wire.string() }),
  handle: (call, { userID, nickName, faceURL }, { notificationAccounts }) =>
    notificationAccounts.update(call, { userID, nickname: nickName, faceURL }),
});
