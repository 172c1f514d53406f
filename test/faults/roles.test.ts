/** Each role in a process of its own: what each pair of them does for its users (docs/several-nodes.md). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BackEnd } from '../support/back-end.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import { connect, dial } from '../support/socket-client.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';

test('api, gateway and jobs in processes of their own', async (t) => {
  const cluster = await openCluster(t);
  if (cluster === undefined) return;
  const { api, gateway, jobs, backEnd } = cluster;
  await backEnd.register('alice', 'bob');
  const token = await backEnd.userToken('bob');
  const bob = await connect({ port: gateway.wsPort, query: { sendID: 'bob', token } });
  await bob.roundTrip();
  await t.test('api and gateway: it is known who is online, and a message arrives', async () => {
    const [status] = await backEnd.call('/user/get_users_online_status', { userIDs: ['bob'] });
    assert.equal(status.status, 1);
    await backEnd.call('/msg/send_msg', {
      ...{ sendID: 'alice', recvID: 'bob', senderPlatformID: 1, sendTime: Date.now() - 86_400_000 },
      ...{ content: { content: 'of yesterday' }, contentType: 101, sessionType: 1 },
    });
    assert.equal((await bob.nextReply()).reqIdentifier, 2001);
  });

  await t.test(
    'api and jobs: a job that is asked for here runs there; jobs and gateway: what it does is pushed',
    async () => {
      await backEnd.call('/conversation/set_conversations', {
        userIDs: ['bob'],
        conversation: {
          ...{ conversationID: 'si_alice_bob', conversationType: 1, userID: 'alice' },
          ...{ isMsgDestruct: true, msgDestructTime: 1 },
        },
      });
      assert.equal((await bob.nextReply()).reqIdentifier, 2001, 'of the change of the settings');
      // Else it would be found by looking, 15 s later.
      await metricsAmongPeers(api, 2);
      await backEnd.call('/jobs/run', { name: 'timed-destruction' });
      assert.equal((await bob.nextReply()).reqIdentifier, 2001, 'of what the job has done');
      const ran = async () => {
        for (;;) {
          const { jobs: listed } = await backEnd.call('/jobs/list', {});
          const { outcome, node } = listed.find(({ name }: { name: string }) => name === 'timed-destruction');
          if (outcome === 'done' && node !== '') return;
        }
      };
      await within('the job to be done', ran());
    },
  );

  await t.test('what a process has no role for is 404, and its probes answer', async () => {
    for (const port of [portOf(api), portOf(jobs)]) {
      const answer = await dial({ port, path: '/msg_gateway', query: { sendID: 'bob', token } });
      assert.ok(!('ws' in answer) && answer.status === 404, 'no sockets');
    }
    for (const { apiUrl } of [gateway, jobs]) {
      const headers = { operationID: 'op', token };
      const answer = await fetch(`${apiUrl}/user/get_users_info`, { method: 'POST', headers, body: '{"userIDs":[]}' });
      assert.equal(answer.status, 404, 'no REST');
    }
    for (const node of [api, gateway, jobs]) {
      const ready = await fetch(`${node.apiUrl}/readyz`);
      assert.equal(ready.status, 200);
      assert.match(
        await ready.text(),
        /"warnings":\["PostgreSQL: the loss of its primary .*synchronous_standby_names is empty/,
      );
      const metrics = await metricsAmongPeers(node, 2);
      for (const series of ['nodes{role="gateway"} 1', 'nodes{role="jobs"} 1', 'versions 1']) {
        assert.ok(metrics.includes(`tessera_cluster_${series}\n`), series);
      }
      assert.match(metrics, /tessera_job_runs_total{name="timed-destruction"} /);
      assert.equal(/tessera_job_runs_total{name="timed-destruction"} [1-9]/.test(metrics), node === jobs);
    }
  });

  await t.test('api and gateway: a kick closes the socket', async () => {
    await backEnd.call('/auth/force_logout', { userID: 'bob', platformID: 5 });
    let last = await bob.nextReply();
    while (last.reqIdentifier === 2001) last = await bob.nextReply();
    assert.equal(last.reqIdentifier, 2002);
    await bob.closed;
  });

  await t.test('O3 each drains', async () => {
    assert.deepEqual(await Promise.all([api, gateway, jobs].map((node) => node.stop())), [0, 0, 0]);
  });
});

async function openCluster(t: TestContext) {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return undefined;
  const start = async (role: string) => {
    const node = await TesseraProcess.start({
      env: {
        TESSERA_DATABASE_URL: databaseUrl,
        TESSERA_REDIS_URL: redis.url,
        TESSERA_SIGNING_KEYS: 'one-key-for-all-nodes-of-the-test',
        TESSERA_ROLES: role,
      },
    });
    t.after(() => node.dispose());
    return node;
  };
  const [api, gateway, jobs] = await Promise.all([start('api'), start('gateway'), start('jobs')]);
  return { api, gateway, jobs, backEnd: new BackEnd(() => api.apiUrl) };
}

/** With the next heartbeats a node hears of those that were started with it. */
async function metricsAmongPeers({ apiUrl }: TesseraProcess, peers: number): Promise<string> {
  let metrics = '';
  await untilTrue('the nodes have heard of each other', async () => {
    metrics = await (await fetch(`${apiUrl}/metrics`)).text();
    return metrics.includes(`tessera_cluster_peers ${peers}\n`);
  });
  return metrics;
}

function portOf({ apiUrl }: TesseraProcess): number {
  return Number(new URL(apiUrl).port);
}
