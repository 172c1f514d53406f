/** Protocol: rest-core.md 10; docs/run-time-settings.md. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { configName, requireConfigName, toConfigText } from '../../objects/configuration.ts';

export default endpoint({
  path: '/config/get_config',
  summary: 'Gives all settings as they hold now, secrets masked, as the text of a JSON object; only for admins',
  description: '`$version` in it is what `/config/set_config` asks for. A secret that is set is `***`.',
  access: 'admin',
  required: ['configName'],
  example: { configName },
  strictBind: true,
  request: Wire.object({ configName: Wire.id() }),
  response: Wire.string(),
  handle: async (call, body, { runTimeSettings }) => {
    const report = await runTimeSettings.report(call);
    requireConfigName(body.configName);
    return toConfigText(report);
  },
});
