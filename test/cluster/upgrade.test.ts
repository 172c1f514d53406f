/**
 * Three nodes of N become N+1 behind nginx, one after another, and go back again, under traffic that never stops. N+1 is
 * this program, N the oldest one that may serve beside it: see test/support/cluster/oldest-program.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { crossGroups } from '../support/cluster/group-crossings.ts';
import { type ClusterNode, NodeCluster } from '../support/cluster/node-cluster.ts';
import { oldestProgram } from '../support/cluster/oldest-program.ts';
import { crossTokens } from '../support/cluster/token-crossings.ts';
import { Traffic } from '../support/cluster/traffic.ts';
import { program as today } from '../support/program.ts';
import { startPostgres } from '../support/services/postgres.ts';
import { startRedis } from '../support/services/redis.ts';

/**
 * What N does alone, too, and N+1 does not (3ef4f76): a JS SDK that is pushed something while it synchronises counts itself
 * back, and ends one message short until it connects again. To be removed when N has that.
 */
const isOfN = (fault: string) => /^the SDK of \S+ never got /.test(fault);

test('M1 to M4, T1 to T5: N becomes N+1 under traffic, node by node, and goes back', async (t) => {
  await using owned = new AsyncDisposableStack();
  const { program: before, commit } = owned.use(await oldestProgram());
  t.diagnostic(`N is ${commit}`);
  const [postgres, redis] = [owned.use(await startPostgres()), owned.use(await startRedis())];
  const stores = { databaseUrl: postgres.url, redisUrl: redis.url };
  const cluster = owned.use(await NodeCluster.open({ nodes: 3, ...stores, isDirect: true, programOf: () => before }));
  const [first, second, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  const become = async ({ process }: ClusterNode, program: readonly string[]) => {
    await process.stop();
    process.program = program;
    await process.start();
  };
  const traffic = await Traffic.start({ cluster, databaseUrl: () => postgres.url, name: 'upgrade' });

  const steps: readonly (readonly [string, () => Promise<void>])[] = [
    ['all are N', async () => {}],
    ['node 1 becomes N+1, and brings the schema up to date', () => become(first, today)],
    ['node 2 becomes N+1', () => become(second, today)],
    [
      'node 3 is killed, and starts again as N on what N+1 has made of the stores',
      async () => {
        await third.process.kill();
        traffic.oneLeaves();
        await third.process.start();
      },
    ],
    ['node 3 becomes N+1, as all have', () => become(third, today)],
    ['node 1 goes back to N', () => become(first, before)],
    ['node 2 goes back to N', () => become(second, before)],
    ['node 3 goes back to N, as all have', () => become(third, before)],
  ];
  for (const [index, [title, step]] of steps.entries()) {
    await t.test(title, async (s) => {
      await step();
      const faults = [
        ...(await traffic.look()),
        ...(await crossTokens(cluster, `tokens${index}x`)),
        ...(await crossGroups(cluster, `groups${index}x`)),
      ];
      for (const [node, count] of (await cluster.unreadable()).entries()) {
        if (count > 0) faults.push(`node ${node + 1} could not read ${count} of the things that others said to it`);
      }
      s.diagnostic(`repaired by each: ${await cluster.repairs()}`);
      assert.deepEqual(faults, []);
    });
  }

  await t.test('over all of it nothing was lost, and nobody refused', async (s) => {
    const { faults, ...figures } = await traffic.finish();
    s.diagnostic(JSON.stringify({ ...figures, ofN: faults.filter(isOfN).length }));
    assert.deepEqual(
      faults.filter((fault) => !isOfN(fault)),
      [],
    );
  });

  await t.test('N refuses to start on a schema that names a later program as the oldest', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(`INSERT INTO kysely_migration VALUES ('997-next', '2100-01-01')`);
    await client.query(`UPDATE schema_version SET program = '9.8.7', oldest = 997`);
    await client.end();
    await first.process.stop();
    await assert.rejects(first.process.start(), /made by Tessera 9\.8\.7, which only programs that know schema 997/);
  });
});
