/** Protocol: rest-core.md 10; docs/run-time-settings.md. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/config/list_changes',
  summary: 'Lists who has set what while the server ran, the newest first; only for admins',
  description: 'The newest thousand.',
  access: 'admin',
  example: {},
  request: Wire.object({}),
  response: Wire.object({
    changes: Wire.list(
      Wire.object(
        {
          version: Wire.int64({ description: 'that it made' }),
          key: Wire.string({ description: 'empty: whether what was set holds at all' }),
          before: Wire.string({ description: 'JSON; empty: it was not set' }),
          after: Wire.string({ description: 'JSON; empty: it is not set any more' }),
          at: Wire.int64({ description: 'Unix ms' }),
          userID: Wire.id(),
          operationID: Wire.id(),
        },
        { title: 'SettingChange' },
      ),
    ),
  }),
  handle: async (call, _body, { runTimeSettings }) => ({ changes: await runTimeSettings.changes(call) }),
});
