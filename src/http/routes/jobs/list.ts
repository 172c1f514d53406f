/** Not of the protocol: docs/jobs.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/jobs/list',
  summary: 'Lists what runs by the clock, and how its last run went; only for admins',
  description: 'Times are Unix milliseconds; 0: never.',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({
    jobs: Wire.list(
      Wire.object(
        {
          name: Wire.string(),
          schedule: Wire.string({ description: 'cron expression in the time zone of jobTimeZone, or `off`' }),
          heldBack: Wire.string({ description: 'why it does not run at present; empty: nothing keeps it' }),
          outcome: Wire.string({ description: 'of the last run: `done`, `failed` or `running`; empty: it never ran' }),
          failure: Wire.string({ description: 'what kind of; the log of the node has the rest' }),
          failures: Wire.int32({ description: 'in a row' }),
          done: Wire.int64({ description: 'what the last run has dealt with so far, such as messages erased' }),
          startedAt: Wire.int64(),
          endedAt: Wire.int64({ description: '0 while it is under way' }),
          nextAt: Wire.int64({ description: 'when it is to run next' }),
          node: Wire.string({ description: 'which process had the last run' }),
        },
        { title: 'Job' },
      ),
    ),
  }),
  handle: async (call, _body, { jobs }) => ({
    jobs: (await jobs.list(call)).map(({ cron, holder, requestedAt: _requestedAt, ...job }) => ({
      ...job,
      schedule: cron,
      node: holder,
    })),
  }),
});
