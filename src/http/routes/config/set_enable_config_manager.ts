/** Protocol: rest-core.md 10; docs/run-time-settings.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/config/set_enable_config_manager',
  summary: 'Has what was set while the server ran hold, or not; it is kept either way; only for admins',
  access: 'admin',
  example: { enable: true },
  strictBind: true,
  request: Wire.object({ enable: Wire.bool() }),
  handle: (call, { enable }, { runTimeSettings }) => runTimeSettings.enable(call, enable),
});
