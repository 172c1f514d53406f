/** Whether what runs by the clock does, as the database has it. */
import { advice, type Finding, ok, problem } from './finding.ts';

/** Of `jobColumns` of the table job_runs. */
export interface JobRow {
  readonly name: string;
  readonly failure: string;
  readonly failures: number | bigint | string;
  readonly ended_at: number | bigint | string;
}

/** Both engines understand it. */
export const selectJobs = 'SELECT name, failure, failures, ended_at FROM job_runs WHERE started_at > 0 ORDER BY name';

export function checkJobs(rows: readonly JobRow[]): Finding[] {
  const failing = rows.filter(({ failures }) => Number(failures) > 0);
  if (failing.length === 0)
    return rows.length === 0 ? [] : [ok('jobs', `the last runs of all ${rows.length} went well`)];
  const remedy = 'the log of the server has the cause; tessera jobs run NAME tries again';
  return failing.map(({ name, failure, failures, ended_at }) => {
    const text = `has failed ${failures} times in a row, last at ${new Date(Number(ended_at)).toISOString()}: ${failure}`;
    return (Number(failures) > 1 ? problem : advice)(`job ${name}`, text, remedy);
  });
}
