/** The nodes of the cluster, as admins see them (docs/several-nodes.md). */
import assert from 'node:assert/strict';
import list from '../../src/http/routes/nodes/list.ts';
import { readVersion } from '../../src/version.ts';
import { as } from './group-scenes.ts';
import { testEndpoint } from './scenario.ts';

testEndpoint(list, [
  {
    name: 'a process that is alone lists itself',
    body: {},
    expect: {
      errCode: 0,
      data: ({ nodes }: { nodes: readonly Record<string, unknown>[] }) => {
        assert.equal(nodes.length, 1);
        const { version, roles, pid, connections, heartbeatAgeMs } = nodes[0] ?? {};
        assert.deepEqual(
          { version, roles, pid, connections, heartbeatAgeMs },
          {
            version: readVersion(),
            roles: ['api', 'gateway', 'jobs'],
            pid: process.pid,
            connections: 0,
            heartbeatAgeMs: 0,
          },
        );
      },
    },
  },
  { name: 'a user is 1002', token: as('alice'), body: {}, expect: { errCode: 1002 } },
]);
