/** Protocol: rest-core.md 10; docs/run-time-settings.md. */

import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { configName } from '../../objects/configuration.ts';

export default endpoint({
  path: '/config/get_config_list',
  summary: 'Lists the configurations that there are: one; only for admins',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({
    environment: Wire.string({ description: '`kubernetes`, `docker` or `source`' }),
    version: Wire.string({ description: 'of Tessera' }),
    configNames: Wire.list(Wire.string()),
  }),
  handle: async (call, _body, { runTimeSettings }) => {
    const { environment, version } = runTimeSettings.place(call);
    return { environment, version, configNames: [configName] };
  },
});
