/** Protocol: objects-push-webhooks.md 1.4. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/object/part_limit',
  summary: 'Bounds of the parts of a file',
  description: 'In bytes. Clients reckon the size of parts from it as part_size does.',
  access: 'anyone',
  example: {},
  request: Wire.object({}),
  response: Wire.object({ minPartSize: Wire.int64(), maxPartSize: Wire.int64(), maxNumSize: Wire.int32() }),
  handle: async (_call, _body, { uploads }) => {
    const { minPartSize, maxPartSize, maxParts } = uploads.partLimits;
    return { minPartSize, maxPartSize, maxNumSize: maxParts };
  },
});
