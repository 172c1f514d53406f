/** Not of the protocol: docs/webhooks.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/webhooks/replay',
  summary: 'Has what was given up told again, marked as replayed; only for admins',
  description: 'IDs that are not parked are passed over.',
  access: 'admin',
  example: { ids: [17] },
  request: Wire.object({
    ids: Wire.list(Wire.int64(), { description: 'at most 1000; without any: all that are parked' }),
  }),
  response: Wire.object({ count: Wire.int64({ description: 'how many they were' }) }),
  handle: async (call, { ids }, { webhookDeliveries }) => ({ count: await webhookDeliveries.replay(call, ids) }),
});
