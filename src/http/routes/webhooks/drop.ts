/** Not of the protocol: docs/webhooks.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/webhooks/drop',
  summary: 'Forgets what was given up, which is told never; only for admins',
  description: 'IDs that are not parked are passed over.',
  access: 'admin',
  example: { ids: [17] },
  request: Wire.object({
    ids: Wire.list(Wire.int64(), { description: 'at most 1000; without any: all that are parked' }),
  }),
  response: Wire.object({ count: Wire.int64({ description: 'how many they were' }) }),
  handle: async (call, { ids }, { webhookDeliveries }) => ({ count: await webhookDeliveries.drop(call, ids) }),
});
