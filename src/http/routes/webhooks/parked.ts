/** Not of the protocol: docs/webhooks.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/webhooks/parked',
  summary: 'Gives a page of what could not be told and was given up; only for admins',
  description: 'In the order of their IDs. Bodies are not shown.',
  access: 'admin',
  example: { after: 0, limit: 100 },
  request: Wire.object({
    after: Wire.int64({ description: 'the last ID of the page before; 0 for the first' }),
    limit: Wire.int32({ description: 'at most 1000, which 0 means too' }),
  }),
  response: Wire.object({
    parked: Wire.list(
      Wire.object(
        {
          id: Wire.int64(),
          command: Wire.string(),
          key: Wire.string({ description: 'the conversation or user in whose order it stood' }),
          deliveryID: Wire.string({ description: 'the `webhook-id` by which the receiver knows it' }),
          failure: Wire.string({ description: 'of the last try' }),
          attempts: Wire.int32(),
          createdAt: Wire.int64({ description: 'Unix ms' }),
          parkedAt: Wire.int64({ description: 'Unix ms' }),
        },
        { title: 'ParkedWebhook' },
      ),
    ),
  }),
  handle: async (call, { after, limit }, { webhookDeliveries }) => ({
    parked: [...(await webhookDeliveries.parked(call, after, limit))],
  }),
});
