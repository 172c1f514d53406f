/** Not of the protocol: docs/jobs.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/jobs/run',
  summary: 'Has a job run beside its schedule; only for admins',
  description: 'Answers at once; `/jobs/list` tells how it goes. 1004: no such job. 1001: it is switched off.',
  access: 'admin',
  required: ['name'],
  example: { name: 'timed-destruction' },
  request: Wire.object({ name: Wire.id() }),
  handle: (call, { name }, { jobs }) => jobs.request(call, name),
});
