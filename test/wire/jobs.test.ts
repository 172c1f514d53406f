/** What runs by the clock, as admins see it (docs/jobs.md). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import list from '../../src/http/routes/jobs/list.ts';
import run from '../../src/http/routes/jobs/run.ts';
import { as } from './group-scenes.ts';
import { testEndpoint } from './scenario.ts';

interface ListedJob {
  readonly name: string;
  readonly schedule: string;
  readonly heldBack: string;
  readonly nextAt: number;
}

testEndpoint(list, [
  {
    name: 'each job has its schedule, what holds it back, and when it is to run next',
    body: {},
    expect: {
      errCode: 0,
      data: ({ jobs }: { jobs: readonly ListedJob[] }) => {
        const byName = new Map(jobs.map((job) => [job.name, job]));
        const metrics = readFileSync(new URL('../../src/app/metric-series.ts', import.meta.url), 'utf8');
        for (const { name } of jobs) assert.ok(metrics.includes(`'${name}'`), `${name} has its series from the start`);
        const page = readFileSync(new URL('../../docs/jobs.md', import.meta.url), 'utf8');
        for (const { name } of jobs) assert.ok(page.includes(`| \`${name}\` |`), `${name} is in the table of jobs`);
        assert.equal(byName.get('retention')?.heldBack, 'retainMessages is 0');
        assert.equal(byName.get('timed-destruction')?.schedule, '* * * * *');
        assert.ok((byName.get('timed-destruction')?.nextAt ?? 0) > 0);
      },
    },
  },
  { name: 'a user is 1002', token: as('alice'), body: {}, expect: { errCode: 1002 } },
]);

testEndpoint(run, [
  { name: 'a job is asked for', body: { name: 'timed-destruction' }, expect: { errCode: 0 } },
  { name: 'a job that is off is 1001', body: { name: 'retention' }, expect: { errCode: 1001 } },
  { name: 'a job that is not there is 1004', body: { name: 'nothing' }, expect: { errCode: 1004 } },
  { name: 'a user is 1002', token: as('alice'), body: { name: 'timed-destruction' }, expect: { errCode: 1002 } },
]);
