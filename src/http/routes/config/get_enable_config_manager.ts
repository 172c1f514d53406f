/** Protocol: rest-core.md 10; docs/run-time-settings.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/config/get_enable_config_manager',
  summary: 'Says whether what was set while the server ran holds; only for admins',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({ enable: Wire.bool() }),
  handle: async (call, _body, { runTimeSettings }) => ({ enable: await runTimeSettings.isEnabled(call) }),
});
