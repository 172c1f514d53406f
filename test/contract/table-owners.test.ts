/** A table is written by its owner's adapter only: what else depends on a row finds the rule in one place. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const stores = join(import.meta.dirname, '../../src/store');

/** Files that are one adapter: appending differs per engine, and only nodes claim what is in the outbox. */
const adapters: Readonly<Record<string, string>> = {
  'postgres-append.ts': 'sql-message-store.ts',
  'sqlite-append.ts': 'sql-message-store.ts',
  'postgres-outbox-claims.ts': 'sql-outbox-store.ts',
};

const writing = /(?:(?:insertInto|updateTable|deleteFrom)\('|(?:INSERT INTO|UPDATE|DELETE FROM) )(\w+)/g;

test('every table is written by one adapter', () => {
  const writers = new Map<string, Set<string>>();
  for (const file of readdirSync(stores)) {
    for (const [, table = ''] of readFileSync(join(stores, file), 'utf8').matchAll(writing)) {
      if (table === 'SET') continue; // ON CONFLICT DO UPDATE SET: the table stands before
      writers.set(table, (writers.get(table) ?? new Set()).add(adapters[file] ?? file));
    }
  }
  assert.ok(writers.size > 10, 'the pattern has found the tables');
  assert.deepEqual(
    [...writers].filter(([, files]) => files.size > 1).map(([table, files]) => [table, ...files]),
    [],
  );
});
