/** `tessera doctor` on PostgreSQL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { checkDatabase } from '../../src/cli/doctor/check-database.ts';
import { emptyPostgresUrlForSuite } from '../support/test-services.ts';

test('PostgreSQL: version, writes and durability are judged, with the remedy', async (t) => {
  const url = await emptyPostgresUrlForSuite(t);
  if (url === undefined) return;
  const use = { isNode: true, processes: 2, connections: 16 };
  const severities = async () =>
    (await checkDatabase(url, use)).map(({ subject, severity }) => [subject.replace('PostgreSQL: ', ''), severity]);
  assert.deepEqual(await severities(), [
    ['version', 'ok'],
    ['writes', 'ok'],
    ['durability', 'ok'],
    ['replication', 'advice'],
    ['connections', 'ok'],
    ['latency', 'ok'],
  ]);
  const [, , , , connections] = await checkDatabase(url, { ...use, processes: 400 });
  assert.equal(connections?.severity, 'advice');

  const administrator = new pg.Client({ connectionString: url });
  await administrator.connect();
  const name = new URL(url).pathname.slice(1);
  await administrator.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  await administrator.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await administrator.end();
  assert.deepEqual((await severities()).slice(1, 4), [
    ['writes', 'problem'],
    ['durability', 'problem'],
    ['replication', 'advice'],
  ]);
  const [, , durability] = await checkDatabase(url, use);
  assert.match(durability?.text ?? '', /^synchronous_commit = off: a crash loses messages/);
});

test('a PostgreSQL that does not answer is a finding, and names no password', async () => {
  const [finding, ...others] = await checkDatabase('postgres://user:hidden@127.0.0.1:9/tessera', {
    isNode: false,
    processes: 1,
    connections: 16,
  });
  assert.deepEqual([finding?.severity, others], ['problem', []]);
  assert.match(finding?.text ?? '', /cannot be examined: .*ECONNREFUSED/);
  assert.doesNotMatch(JSON.stringify(finding), /hidden/);
});
