/** `tessera nodes`: the nodes of a running cluster. */
import { type ApiAction, apiAction, apiAddress } from './api-action.ts';
import { connectApi } from './api-client.ts';
import { commandWithActions } from './command.ts';
import { formatInstant, textTable } from './text-table.ts';

export const nodes = commandWithActions({
  name: 'nodes',
  summary: 'list the nodes of the cluster',
  help: () => `Usage: tessera nodes list [flags]

  list   every node that lives, with its roles, version, host, connections and last heartbeat

It asks the running server, with the admin secret of this configuration. See docs/several-nodes.md.
tessera nodes <action> --help explains an action.
`,
  actions: () => [apiAction(listNodes)],
});

const listNodes: ApiAction = {
  name: 'list',
  flags: {},
  help: `Usage: tessera nodes list [flags]

Lists the nodes that live, oldest first. Times are UTC; HEARTBEAT is how long ago a node last said that it lives, LAG how
late its event loop was at worst since it last told, CLOCK by how much its host's clock is ahead of that of Redis.

`,
  run: async (config, values) => {
    const api = await connectApi(config, apiAddress(values));
    const { nodes: found } = await api.post('/nodes/list', {});
    const listed = (found as readonly ListedNode[] | null) ?? [];
    return { data: listed, text: nodeTable(listed) };
  },
};

/** As /nodes/list gives it. */
interface ListedNode {
  readonly nodeID: string;
  readonly roles: readonly string[] | null;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly connections: number;
  readonly lagMs: number;
  readonly clockAheadMs: number;
  readonly heartbeatAgeMs: number;
}

function nodeTable(listed: readonly ListedNode[]): string {
  const rows = listed.map((node) => [
    node.nodeID,
    (node.roles ?? []).join(','),
    node.version,
    `${node.host}:${node.pid}`,
    formatInstant(node.startedAt),
    String(node.connections),
    `${node.heartbeatAgeMs} ms`,
    `${node.lagMs} ms`,
    `${node.clockAheadMs} ms`,
  ]);
  return textTable([
    ['NODE', 'ROLES', 'VERSION', 'HOST:PID', 'SINCE', 'SOCKETS', 'HEARTBEAT', 'LAG', 'CLOCK'],
    ...rows,
  ]);
}
