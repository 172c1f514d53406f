/** Not of the protocol: docs/several-nodes.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/nodes/list',
  summary: 'Lists the nodes of the cluster that live; only for admins',
  description: 'As of the last heartbeat of the node that answers. A process that is alone lists itself.',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({
    nodes: Wire.list(
      Wire.object(
        {
          nodeID: Wire.string({ description: 'another one after each start' }),
          roles: Wire.list(Wire.string()),
          version: Wire.string(),
          host: Wire.string(),
          pid: Wire.int64(),
          startedAt: Wire.int64({ description: 'Unix milliseconds' }),
          connections: Wire.int64({ description: 'sockets that it holds' }),
          lagMs: Wire.int64({ description: 'how late its event loop was at worst since it last told' }),
          clockAheadMs: Wire.int64({
            description: "by how much its host's clock is ahead of that of Redis, by which nodes judge",
          }),
          metricsAddress: Wire.string({ description: 'where its metrics are scraped, if it knows' }),
          heartbeatAgeMs: Wire.int64({
            description: 'how long ago it last said that it lives, as far as is known here',
          }),
        },
        { title: 'Node' },
      ),
    ),
  }),
  handle: async (call, _body, { cluster }) => ({
    nodes: cluster.list(call).map((node) => ({ ...node, roles: [...node.roles] })),
  }),
});
