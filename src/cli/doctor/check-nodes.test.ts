import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkNodes, type NodeFacts } from './check-nodes.ts';

const well: NodeFacts = {
  ...{ nodeID: 'a', host: 'one', version: '1.2.3', roles: ['api', 'gateway', 'jobs'] },
  ...{ lagMs: 20, clockAheadMs: -30, heartbeatAgeMs: 2900, settings: { push: 'a', tokens: 'b' } },
};

const verdicts = (...nodes: readonly NodeFacts[]) =>
  checkNodes(nodes).flatMap(({ severity, subject }) => (severity === 'ok' ? [] : [`${severity} ${subject}`]));

test('nodes that make a whole cluster and are well are no finding, nor is it that none runs', () => {
  assert.deepEqual(verdicts(), []);
  assert.deepEqual(verdicts(well, { ...well, nodeID: 'b' }), []);
  const parts = ['api', 'gateway', 'jobs'].map((role) => ({ ...well, roles: [role] }));
  assert.deepEqual(verdicts(...parts), []);
  assert.deepEqual(verdicts(...parts.slice(0, 2)), ['problem nodes']);
});

test('mixed versions, wrong clocks, late event loops and nodes that stand still are found', () => {
  const faulty = (facts: Partial<NodeFacts>) => verdicts(well, { ...well, nodeID: 'b', ...facts });
  assert.deepEqual(faulty({ version: '1.3.0' }), ['advice nodes: version']);
  assert.deepEqual(faulty({ clockAheadMs: -5000 }), ['advice node b on one: clock']);
  assert.deepEqual(faulty({ settings: { push: 'c', tokens: 'b' } }), ['problem nodes: settings']);
  assert.deepEqual(faulty({ lagMs: 900 }), ['advice node b on one: event loop']);
  assert.deepEqual(faulty({ heartbeatAgeMs: 9000 }), ['problem node b on one: heartbeat']);
});
