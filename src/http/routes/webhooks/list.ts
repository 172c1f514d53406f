/** Not of the protocol: docs/webhooks.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/webhooks/list',
  summary: 'Lists the hooks that are on, and how much is still to be told; only for admins',
  description: 'Of all nodes together; the hooks are those of the node that answers.',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({
    hooks: Wire.list(
      Wire.object(
        {
          name: Wire.string(),
          command: Wire.string(),
          timeoutMs: Wire.int64(),
          failedContinue: Wire.bool(),
        },
        { title: 'Webhook' },
      ),
    ),
    waiting: Wire.int64({ description: 'still to be told' }),
    parked: Wire.int64({ description: 'given up, until somebody has them told again' }),
    oldestAt: Wire.int64({ description: 'of the one that has waited longest, Unix ms; 0: none waits' }),
  }),
  handle: async (call, _body, { webhookDeliveries }) => {
    const { hooks, ...counts } = await webhookDeliveries.state(call);
    return { hooks: [...hooks], ...counts };
  },
});
