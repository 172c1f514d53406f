/** Protocol: rest-core.md 10; docs/run-time-settings.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/config/reset_config',
  summary: 'Forgets what was set while the server ran; only for admins',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  handle: (call, _body, { runTimeSettings }) => runTimeSettings.reset(call),
});
