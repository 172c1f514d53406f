/** Protocol: objects-push-webhooks.md 1.7. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { partSignatures } from '../../objects/part-signatures.ts';

export default endpoint({
  path: '/object/auth_sign',
  summary: 'Signs parts of an upload again',
  description: 'Of uploads of the caller only.',
  access: 'anyone',
  example: { uploadID: 'an-upload', partNumbers: [1] },
  request: Wire.object({ uploadID: Wire.id(), partNumbers: Wire.list(Wire.int32()) }),
  response: partSignatures,
  handle: (call, { uploadID, partNumbers }, { uploads }, { apiUrl }) =>
    uploads.sign(call, uploadID, partNumbers, apiUrl),
});
