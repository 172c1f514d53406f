import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClusterSlots, parseRedirection, slotOf } from './cluster-slots.ts';

test('a key is in the slot of its hash tag, as the Cluster specification has it', () => {
  const slots = {
    123456789: 0x31c3,
    foo: 12_182,
    '{foo}.bar': 12_182,
    'bar{foo}{zap}': 12_182,
    '': 0,
    'tessera:{alice}:tokens': slotOf('alice'),
    'tessera:{ä€😀}:tokens': slotOf('ä€😀'),
    // No tag: an empty one, one that is not closed, one that is closed before it opens.
    'foo{}{bar}': slotOf('foo{}{bar}'),
  };
  for (const [key, slot] of Object.entries(slots)) assert.equal(slotOf(key), slot, key);
  assert.notEqual(slotOf('foo{}{bar}'), slotOf('bar'));
  assert.equal(slotOf('a{{bar}}'), slotOf('{bar'));
  assert.notEqual(slotOf('a{bar'), slotOf('bar'));
  assert.notEqual(slotOf('}bar{'), slotOf('bar'));
});

test('CLUSTER SLOTS becomes a table of owners; a server that does not know its own name has the one it was asked by', () => {
  const { owners, masters } = parseClusterSlots(
    [
      [0, 9, ['10.0.0.1', 7000, 'id', []], ['10.0.0.9', 7009, 'replica']],
      [20, 20, [null, 7001, 'id']],
      [21, 16_383, ['::2', 7002, 'id']],
    ],
    'asked',
  );
  assert.deepEqual(
    [0, 9, 10, 19, 20, 21, 16_383].map((slot) => owners[slot]),
    ['10.0.0.1:7000', '10.0.0.1:7000', undefined, undefined, 'asked:7001', '[::2]:7002', '[::2]:7002'],
  );
  assert.deepEqual([...masters.keys()], ['10.0.0.1:7000', 'asked:7001', '[::2]:7002']);
});

test('a server that has left the Cluster is not believed', () => {
  assert.throws(() => parseClusterSlots([], 'asked'), /knows no Cluster/);
});

test('redirections are read, other errors are none', () => {
  const read = (message: unknown) =>
    parseRedirection(message === undefined ? 'x' : new Error(String(message)), 'asked');
  const to = { host: '10.0.0.1', port: 7000 };
  assert.deepEqual(read('MOVED 3999 10.0.0.1:7000'), { kind: 'MOVED', to });
  assert.deepEqual(read('ASK 3999 10.0.0.1:7000'), { kind: 'ASK', to });
  assert.deepEqual(read('MOVED 1 ::1:7000'), { kind: 'MOVED', to: { host: '::1', port: 7000 } });
  assert.deepEqual(read('MOVED 1 :7000'), { kind: 'MOVED', to: { host: 'asked', port: 7000 } });
  assert.deepEqual(read('TRYAGAIN Multiple keys request during rehashing of slot'), {
    kind: 'TRYAGAIN',
    to: undefined,
  });
  for (const other of ['MOVED', 'ERR MOVED 1 a:1', 'CLUSTERDOWN The cluster is down', undefined]) {
    assert.equal(read(other), undefined);
  }
});
