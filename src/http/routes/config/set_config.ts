/** Protocol: rest-core.md 10; docs/run-time-settings.md. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { configName, toSettings } from '../../objects/configuration.ts';

export default endpoint({
  path: '/config/set_config',
  summary: 'Sets what can be set while the server runs, on all nodes; only for admins',
  description:
    '`data` is the text of a JSON object as `/config/get_config` gives it, whole or in part, with its `$version`: 1001 if somebody has set something since. What is as it is already is no change; `null` has the other sources decide again. Everything or nothing is set.',
  access: 'admin',
  required: ['configName', 'data'],
  example: { configName, data: '{"$version":0,"friendVerify":false}' },
  strictBind: true,
  takesLargeBody: true,
  request: Wire.object({ configName: Wire.id(), data: Wire.string() }),
  handle: async (call, body, { runTimeSettings }) => {
    const { version, values } = toSettings(call, body);
    await runTimeSettings.set(call, version, values);
  },
});
