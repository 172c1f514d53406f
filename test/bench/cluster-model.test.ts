/** The model of larger clusters finds the costs that its figures were made of, and what ends first. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Costs, cpuFor, fitCosts, workOf } from '../../bench/support/cluster-costs.ts';
import {
  expectedPublications,
  needOf,
  planOf,
  predictRun,
  type Servers,
} from '../../bench/support/cluster-prediction.ts';
import { type ClusterRun, readClusterResult, writeClusterResult } from '../../bench/support/cluster-result.ts';

const costs: Costs = {
  node: { messages: 200, deliveries: 10, publications: 40 },
  postgres: { messages: 100, commits: 900 },
  redis: { lookups: 5, publications: 12 },
  load: { messages: 30, deliveries: 8 },
};
const cpus = 2;

/** As a machine of two cores would do it, all of which are busy. */
function run(scenario: 'chat' | 'group', nodes: number): ClusterRun {
  const online = scenario === 'group' ? 1000 : 1;
  const batch = 40 / nodes;
  const seconds = 5;
  const of = (messages: number): ClusterRun => ({
    ...{ scenario, nodes, seconds, sockets: 200, messages, logins: 0, repairs: 0 },
    ...(scenario === 'group' ? { online } : {}),
    deliveries: messages * (scenario === 'group' ? 999 : 2),
    publications: messages * expectedPublications(nodes, batch, online),
    commits: messages / batch,
    cpuSeconds: { nodes: [], postgres: 0, redis: 0, load: 0, others: 0 },
  });
  const cpu = (part: keyof Costs, messages: number) => cpuFor(workOf(of(messages)), costs, part);
  const perMessage = cpu('node', 1) + cpu('postgres', 1) + cpu('redis', 1) + cpu('load', 1);
  const messages = Math.min((cpus * seconds) / perMessage, (nodes * seconds) / cpu('node', 1));
  return {
    ...of(messages),
    cpuSeconds: {
      nodes: Array.from({ length: nodes }, () => cpu('node', messages) / nodes),
      postgres: cpu('postgres', messages),
      redis: cpu('redis', messages),
      load: cpu('load', messages),
      others: 0,
    },
  };
}

function coresOf({ cpuSeconds: { nodes, postgres, redis, load }, seconds: lasted }: ClusterRun): number {
  return (nodes.reduce((sum, each) => sum + each, 0) + postgres + redis + load) / lasted;
}

const known = [run('chat', 1), run('chat', 2), run('group', 1), run('group', 2)];
const nothingAssumed: Costs = { node: {}, postgres: {}, redis: {}, load: {} };

test('four nodes are predicted from runs on one and two', () => {
  const fitted = fitCosts(known, nothingAssumed);
  for (const scenario of ['chat', 'group'] as const) {
    const measured = run(scenario, 4);
    const ofScenario = known.filter((each) => each.scenario === scenario);
    const predicted = predictRun(ofScenario, 4, fitted, coresOf(measured)).messagesPerSecond;
    const error = predicted / (measured.messages / measured.seconds) - 1;
    assert.ok(Math.abs(error) < 0.05, `${scenario}: ${predicted} is ${error} off`);
  }
});

test('what was in no run has the cost that is assumed', () => {
  assert.equal(fitCosts(known, { ...nothingAssumed, redis: { logins: 60 } }).redis.logins, 60);
});

test('more sockets need more of everything, and pulses end a Redis before publications do', () => {
  const servers: Servers = {
    ...{ load: 0.6, socketsPerNode: 50_000, postgresCores: 32 },
    ...{ redisBytes: 1.25e9, messageBytes: 600, commitSeconds: 0.005 },
  };
  const habits = { secondsPerMessage: 1000, groupShare: 0, online: 2, sessionSeconds: 1800 };
  const withPulses: Costs = { ...costs, redis: { ...costs.redis, pulses: 5 } };
  const [few, many] = [1e5, 5e7].map((sockets) => needOf(sockets, habits, servers, withPulses));
  assert.deepEqual([few?.nodes, few?.postgres], [2, 1]);
  assert.ok(many !== undefined && many.nodes >= 1000 && many.pulses > 1 && many.pubsub < many.pulses);
  const { clusters, each } = planOf(1e8, habits, servers, withPulses);
  assert.ok(clusters >= 2 && each.nodes <= 1000, `${clusters} clusters of ${each.nodes} nodes`);
});

test('a result is read as it was written, and only in the form that is known', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-cluster-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'cluster.json');
  const result = { version: 1, at: '2026-01-01T00:00:00.000Z', machine: { cpus, model: 'any' }, runs: known } as const;
  writeClusterResult(path, result);
  assert.deepEqual(readClusterResult(path), result);
  await writeFile(path, JSON.stringify({ ...result, version: 2 }));
  assert.throws(() => readClusterResult(path), /version 2/);
});
