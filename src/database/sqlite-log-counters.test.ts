import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogCounters } from './sqlite-log-counters.ts';
import type { StatementCache } from './statement-cache.ts';

test('counters are read once, and all forgotten after a commit that has made them too many', () => {
  const asked: string[] = [];
  const connection = {
    prepare: () => ({
      get: (logID: string) => {
        asked.push(logID);
      },
    }),
  } as unknown as StatementCache;
  const counters = new LogCounters(2);
  const use = (...logIDs: string[]) => {
    for (const logID of logIDs) counters.of(connection, logID).maxSeq += 1;
    return asked.splice(0);
  };
  assert.deepEqual(use('a', 'b', 'a'), ['a', 'b']);
  counters.over(true);
  assert.deepEqual(use('b', 'c'), ['c']);
  assert.deepEqual(use('a', 'b', 'c'), [], 'not in the midst of a transaction, which may have raised them');
  counters.over(true);
  assert.deepEqual(use('b'), ['b']);
});
