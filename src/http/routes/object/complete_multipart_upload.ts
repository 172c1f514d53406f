/** Protocol: objects-push-webhooks.md 1.8. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/object/complete_multipart_upload',
  summary: 'Makes an object of what was sent',
  description:
    '`parts` are the MD5s of all parts, in order. The object keeps the name, type and cause that are given here; where the user has other content under that name, it gets one of its own, which `url` has.',
  access: self('name'),
  example: { uploadID: 'an-upload', parts: ['5d41402abc4b2a76b9719d911017c592'], name: 'alice/hello.txt' },
  request: Wire.object({
    uploadID: Wire.id(),
    parts: Wire.list(Wire.id()),
    name: Wire.string(),
    contentType: Wire.id(),
    cause: Wire.id(),
  }),
  response: Wire.object({ url: Wire.string() }),
  handle: async (call, { uploadID, parts, name, contentType, cause }, { uploads }, { apiUrl }) => ({
    url: await uploads.complete(call, uploadID, parts, { name, contentType, group: cause }, apiUrl),
  }),
});
