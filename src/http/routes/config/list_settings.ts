/** Protocol: rest-core.md 10; docs/run-time-settings.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/config/list_settings',
  summary: 'Lists every setting with what holds now and where it comes from; only for admins',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({
    version: Wire.int64({ description: 'for `/config/set_config`' }),
    isEnabled: Wire.bool({ description: 'whether what was set at run time holds' }),
    settings: Wire.list(
      Wire.object(
        {
          key: Wire.string(),
          value: Wire.string({ description: 'JSON; of a secret that is set `"***"`' }),
          source: Wire.string({ description: '`default`, `file`, `environment`, `flag` or `run time`' }),
          isAtRunTime: Wire.bool({ description: 'whether it may be set while the server runs' }),
          isSecret: Wire.bool(),
        },
        { title: 'Setting' },
      ),
    ),
  }),
  handle: (call, _body, { runTimeSettings }) => runTimeSettings.report(call),
});
