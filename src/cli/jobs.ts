/** `tessera jobs`: what a running server does by the clock, looked at and run by hand. */
import { setTimeout as delay } from 'node:timers/promises';
import { type ApiAction, apiAction, apiAddress } from './api-action.ts';
import { type ApiClient, connectApi } from './api-client.ts';
import { type Action, commandWithActions, UsageError } from './command.ts';
import { formatInstant, textTable } from './text-table.ts';

export const jobs = commandWithActions({
  name: 'jobs',
  summary: 'list what runs by the clock, and run it now',
  help: () => `Usage: tessera jobs list | run NAME [flags]

  list   every job with its schedule, its last run, how that went, and the next one
  run    has one run now, waits for its end and says how it went

They ask the running server, with the admin secret of this configuration. docs/jobs.md says what each job does.
tessera jobs <action> --help explains an action.
`,
  actions: () => [apiAction(listJobs), runJob],
});

const listJobs: ApiAction = {
  name: 'list',
  flags: {},
  help: `Usage: tessera jobs list [flags]

Lists what runs by the clock, on whichever node. Times are UTC; DONE counts what the last run has dealt with so far.

`,
  run: async (config, values) => {
    const found = await readJobs(await connectApi(config, apiAddress(values)));
    return { data: found, text: jobTable(found) };
  },
};

/** The name stands before the flags. */
const runJob: Action = {
  ...apiAction(runNamed('')),
  run: async ([name, ...args]) => {
    if (name === undefined || name.startsWith('-')) throw new UsageError('run needs the name of a job first');
    return apiAction(runNamed(name)).run(args);
  },
};

function runNamed(name: string): ApiAction {
  return {
    name: 'run',
    flags: {},
    help: `Usage: tessera jobs run NAME [flags]

Has the job run beside its schedule, on one node, waits for its end and prints how it went. The exit code is 1 if it
failed. Ctrl-C ends the waiting, not the job.

`,
    run: async (config, values) => {
      const api = await connectApi(config, apiAddress(values));
      const before = (await readJobs(api)).find((job) => job.name === name);
      await api.post('/jobs/run', { name });
      const ended = await endOf(api, name, before?.startedAt ?? 0);
      return { data: ended, text: jobTable([ended]), exitCode: ended.outcome === 'done' ? 0 : 1 };
    },
  };
}

/** As /jobs/list gives it. */
interface ListedJob {
  readonly name: string;
  readonly schedule: string;
  readonly heldBack: string;
  readonly outcome: string;
  readonly failure: string;
  readonly done: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly nextAt: number;
}

async function readJobs(api: ApiClient): Promise<readonly ListedJob[]> {
  const { jobs: found } = await api.post('/jobs/list', {});
  return (found as readonly ListedJob[] | null) ?? [];
}

/** Of the first run that began after that one. */
async function endOf(api: ApiClient, name: string, startedBefore: number): Promise<ListedJob> {
  for (;;) {
    const job = (await readJobs(api)).find((each) => each.name === name);
    if (job === undefined) throw new UsageError(`no such job: ${name}`);
    if (job.startedAt !== startedBefore && job.endedAt > 0) return job;
    await delay(pollEveryMs);
  }
}

const pollEveryMs = 250;

function jobTable(listed: readonly ListedJob[]): string {
  const rows = listed.map((job) => [
    job.name,
    job.schedule,
    formatInstant(job.startedAt),
    [job.heldBack === '' ? job.outcome : `off: ${job.heldBack}`, job.failure].filter((text) => text !== '').join(' '),
    job.endedAt === 0 ? '-' : `${job.endedAt - job.startedAt} ms`,
    String(job.done),
    job.heldBack === '' ? formatInstant(job.nextAt) : '-',
  ]);
  return textTable([['JOB', 'SCHEDULE', 'LAST RUN', 'RESULT', 'TOOK', 'DONE', 'NEXT RUN'], ...rows]);
}
