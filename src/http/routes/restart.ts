/** Protocol: rest-core.md 10; docs/run-time-settings.md. */
import { Wire } from '../../protocol/wire/wire-schema.ts';
import { endpoint } from '../endpoint.ts';

export default endpoint({
  path: '/restart',
  summary: 'Has every node drain, exit and be started again by its supervisor, one after another; only for admins',
  description: 'Answers at once. 1001 where nothing would start the server again (`TESSERA_SUPERVISED`).',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  handle: (call, _body, { restart: rolling }) => rolling.request(call),
});
