/**
 * CPU costs of a cluster's parts, found in the runs of bench/cluster: each part's CPU is a sum over what it did, so the
 * costs are the non-negative least squares of that, every run counting by its relative error.
 */
import type { ClusterRun } from './cluster-result.ts';

export type Part = 'node' | 'postgres' | 'redis' | 'load';

/** Of one run, or of one second of a planned cluster. */
export interface Work {
  readonly messages: number;
  readonly deliveries: number;
  /** What sockets are written at once: all that one commit has for one of them. */
  readonly writes: number;
  readonly publications: number;
  readonly commits: number;
  /** Of the nodes of an audience, one for each message if there is another node. */
  readonly lookups: number;
  readonly logins: number;
  /** Each node tells each other one a second. */
  readonly pulses: number;
  /** Of all nodes, whatever they do: heartbeats, timers, looking for work. */
  readonly nodeSeconds: number;
}

export const nothing: Work = {
  messages: 0,
  deliveries: 0,
  writes: 0,
  publications: 0,
  commits: 0,
  lookups: 0,
  logins: 0,
  pulses: 0,
  nodeSeconds: 0,
};

type Kind = keyof Work;

/** µs of CPU for each piece of work. */
export type Costs = Readonly<Record<Part, Readonly<Partial<Record<Kind, number>>>>>;

/** What a part's CPU goes into. */
const kinds: Readonly<Record<Part, readonly Kind[]>> = {
  node: ['messages', 'deliveries', 'writes', 'commits', 'lookups', 'publications', 'logins', 'pulses', 'nodeSeconds'],
  postgres: ['messages', 'commits', 'logins', 'nodeSeconds'],
  redis: ['lookups', 'publications', 'logins', 'pulses', 'nodeSeconds'],
  load: ['messages', 'deliveries'],
};

/** Of nodes: on two of them there are more commits, too, and a fit cannot tell which of the two it is that costs. */
const alwaysAssumed: readonly Kind[] = ['publications', 'pulses'];

export const parts = Object.keys(kinds) as Part[];

export function workOf(run: ClusterRun): Work {
  const { nodes, seconds, messages, deliveries, publications, commits, logins, online } = run;
  return {
    ...{ messages, deliveries, publications, commits, logins },
    writes: online === undefined ? deliveries : Math.min(deliveries, commits * online),
    lookups: nodes > 1 ? messages : 0,
    pulses: nodes * (nodes - 1) * seconds,
    nodeSeconds: nodes * seconds,
  };
}

/** In seconds. */
export function cpuOf(run: ClusterRun, part: Part): number {
  const { nodes, ...others } = run.cpuSeconds;
  return part === 'node' ? nodes.reduce((sum, each) => sum + each, 0) : others[part];
}

/** @param assumed for work that was in no run, or whose cost is lost in the others' */
export function fitCosts(runs: readonly ClusterRun[], assumed: Costs): Costs {
  const fitted = parts.map((part) => {
    const isFitted = (kind: Kind) => !(part === 'node' && alwaysAssumed.includes(kind));
    const seen = kinds[part].filter((kind) => isFitted(kind) && runs.some((run) => workOf(run)[kind] > 0));
    const measured = runs.filter((run) => cpuOf(run, part) > 0);
    const rows = measured.map((run) => seen.map((kind) => (workOf(run)[kind] / cpuOf(run, part)) * 1e-6));
    const left = measured.map((run) => {
      const taken = alwaysAssumed.map((kind) => (isFitted(kind) ? 0 : workOf(run)[kind] * (assumed[part][kind] ?? 0)));
      return 1 - (taken.reduce((sum, each) => sum + each, 0) * 1e-6) / cpuOf(run, part);
    });
    const found = leastSquares(rows, left, seen.length);
    const costs = seen.map((kind, i) => [kind, found[i] || (assumed[part][kind] ?? 0)] as const);
    return [part, { ...assumed[part], ...Object.fromEntries(costs) }] as const;
  });
  return Object.fromEntries(fitted) as Record<Part, Partial<Record<Kind, number>>>;
}

/** Seconds of CPU that the work takes. */
export function cpuFor(work: Work, costs: Costs, part: Part): number {
  return kinds[part].reduce((sum, kind) => sum + work[kind] * (costs[part][kind] ?? 0) * 1e-6, 0);
}

/** Non-negative x for which each row's product with it is as near to its aim as can be; one coordinate after the other. */
function leastSquares(rows: readonly (readonly number[])[], aims: readonly number[], columns: number): number[] {
  const x = Array.from({ length: columns }, () => 0);
  const rest = [...aims];
  const norms = x.map((_, j) => rows.reduce((sum, row) => sum + (row[j] ?? 0) ** 2, 0));
  for (let round = 0; round < 20_000; round += 1) {
    for (let j = 0; j < columns; j += 1) {
      const gradient = rows.reduce((sum, row, i) => sum + (row[j] ?? 0) * (rest[i] ?? 0), 0);
      const before = x[j] ?? 0;
      const after = norms[j] === 0 ? 0 : Math.max(0, before + gradient / (norms[j] ?? 1));
      x[j] = after;
      for (const [i, row] of rows.entries()) rest[i] = (rest[i] ?? 0) - (row[j] ?? 0) * (after - before);
    }
  }
  return x;
}
