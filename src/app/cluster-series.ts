/** What a node tells the metrics of the cluster, as it has it. Part of the composition root; see app.ts. */
import { roles } from '../config/node-settings.ts';
import { type SharedSettings, settingsThatDiffer, sharedSubjects } from '../config/shared-settings.ts';
import type { Metrics } from '../telemetry/metrics.ts';

type ClusterMetrics = Pick<
  Metrics,
  | 'clusterNodes'
  | 'clusterPeers'
  | 'clusterVersions'
  | 'clusterSettingsDiffer'
  | 'clusterConnections'
  | 'presenceUsers'
  | 'nodeSilent'
>;

export interface ClusterView {
  /** Of all that live, this one included. */
  readonly nodes: readonly {
    readonly roles: readonly string[];
    readonly version: string;
    readonly connections: number;
    readonly settings: SharedSettings;
  }[];
  /** Online here. */
  readonly users: number;
  /** How many of the others say nothing. */
  readonly silent: number;
}

/** How often the metrics are told. */
export const tellClusterEveryMs = 3000;

export function tellCluster(metrics: ClusterMetrics, { nodes, users, silent }: ClusterView): void {
  for (const role of roles) {
    metrics.clusterNodes.set({ role }, nodes.filter((node) => node.roles.includes(role)).length);
  }
  metrics.clusterPeers.set(Math.max(0, nodes.length - 1));
  metrics.clusterVersions.set(new Set(nodes.map(({ version }) => version)).size);
  const differing = settingsThatDiffer(nodes);
  for (const subject of sharedSubjects) {
    metrics.clusterSettingsDiffer.set({ subject }, differing.get(subject)?.length ?? 0);
  }
  metrics.clusterConnections.set(nodes.reduce((sum, { connections }) => sum + connections, 0));
  metrics.presenceUsers.set(users);
  metrics.nodeSilent.set(silent);
}
