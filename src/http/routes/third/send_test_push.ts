/** Of Tessera's own: see docs/push.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/third/send_test_push',
  summary: 'Wakes the devices of a user, and tells what the push services say; only for admins',
  description: 'At once and without a message, whether the user is online or not. Nothing is tried again.',
  access: 'admin',
  required: ['userID'],
  example: { userID: 'alice', title: 'A test', body: 'If you can read this, it works' },
  request: Wire.object({ userID: Wire.id(), title: Wire.id(), body: Wire.id({ description: 'empty: the title' }) }),
  response: Wire.object({
    results: Wire.list(
      Wire.object({
        provider: Wire.string(),
        platformID: Wire.int32({ description: '0: the service knows users, not devices' }),
        outcome: Wire.string({ enum: ['sent', 'dead', 'refused', 'later'] }),
        reason: Wire.string({ description: 'what the service said, where it did not take it' }),
      }),
    ),
  }),
  handle: async (call, body, { pushTest }) => {
    const results = await pushTest.send(call, body);
    return {
      results: results.map(({ outcome, ...rest }) => ({
        ...rest,
        outcome: outcome.kind,
        reason: 'reason' in outcome ? outcome.reason : '',
      })),
    };
  },
});
