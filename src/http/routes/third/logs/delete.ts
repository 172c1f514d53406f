/** Protocol: rest-core.md 8. */
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../../endpoint.ts';

export default endpoint({
  path: '/third/logs/delete',
  summary: "Forgets where clients' logs are; only for admins",
  description: 'All of them or none. The files stay where they are.',
  access: 'admin',
  required: ['logIDs'],
  example: { logIDs: ['1234567890'] },
  request: Wire.object({ logIDs: Wire.list(Wire.id()) }),
  handle: (call, { logIDs }, { clientLogs }) => clientLogs.remove(call, logIDs),
});
