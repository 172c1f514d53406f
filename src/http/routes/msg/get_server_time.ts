import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/get_server_time',
  summary: "The server's clock",
  access: 'anyone',
  example: {},
  request: Wire.object({}),
  response: Wire.object({ serverTime: Wire.int64({ description: 'Unix ms' }) }),
  handle: async (_call, _body, { messenger }) => ({ serverTime: messenger.time() }),
});
