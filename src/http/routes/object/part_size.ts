/** Protocol: objects-push-webhooks.md 1.5. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/object/part_size',
  summary: 'How large the parts of a file of a size are',
  access: 'anyone',
  example: { size: 12_000_000 },
  request: Wire.object({ size: Wire.int64() }),
  response: Wire.object({ size: Wire.int64() }),
  handle: async (_call, { size }, { uploads }) => ({ size: uploads.partSize(size) }),
});
