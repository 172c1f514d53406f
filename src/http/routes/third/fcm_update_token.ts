/** Protocol: rest-core.md 8. */

import { pushProviderNames } from '../../../protocol/numbers/push-providers.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { apnsEnvironments } from '../../../push/push-token.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/third/fcm_update_token',
  summary: 'Registers where the device of a platform is woken while its application is not connected',
  description:
    'In the place of the one that the user had on the platform. It goes when the login by which it was registered logs out (socket request 2003), is kicked or revoked, and when the push service no longer knows it. `provider`, `topic` and `environment` are additions of Tessera.',
  access: self('account'),
  required: ['account', 'platformID', 'fcmToken'],
  example: { platformID: 2, fcmToken: 'as-the-push-service-gave-it', account: 'alice', expireTime: 0 },
  request: Wire.object({
    platformID: Wire.int32(),
    fcmToken: Wire.string({ description: 'As the push service gave it to the application' }),
    account: Wire.id({ description: 'userID' }),
    expireTime: Wire.int64({ description: 'Seconds for which it is kept; 0 and less: for good' }),
    provider: Wire.string({
      enum: ['', ...pushProviderNames],
      description: 'Whose token it is; empty: that of the platform (`pushByPlatform`), or else fcm',
    }),
    topic: Wire.id({ description: 'apns: the bundle ID of the application; empty: `apnsTopic`' }),
    environment: Wire.string({
      enum: apnsEnvironments,
      description: 'apns: which of the two services the token is of; empty: `apnsEnvironment`',
    }),
  }),
  handle: (call, { fcmToken, ...body }, { pushTokens }) => pushTokens.register(call, { ...body, token: fcmToken }),
});
