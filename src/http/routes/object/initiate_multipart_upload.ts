/** Protocol: objects-push-webhooks.md 1.6. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';
import { partSignatures } from '../../objects/part-signatures.ts';

export default endpoint({
  path: '/object/initiate_multipart_upload',
  summary: 'Begins the upload of a file',
  description:
    '`hash` is the MD5 of the MD5s of its parts, joined by commas. Content that is here already answers `url`, and nothing has to be sent; otherwise `upload` says how to PUT the parts. `maxParts` of them are signed at once, -1 all. Names begin with the userID of the caller and a slash; those of admins need not.',
  access: self('name'),
  example: {
    hash: '0e1b4f5c1f2d4c8f9a7b6c5d4e3f2a1b',
    size: 11,
    partSize: 5_242_880,
    maxParts: 1,
    cause: 'msg-file',
    name: 'alice/hello.txt',
    contentType: 'text/plain',
  },
  request: Wire.object({
    hash: Wire.id(),
    size: Wire.int64(),
    partSize: Wire.int64({ description: 'Ignored: the server reckons it.' }),
    maxParts: Wire.int32(),
    cause: Wire.id(),
    name: Wire.string(),
    contentType: Wire.id(),
  }),
  response: Wire.object({
    url: Wire.string(),
    upload: Wire.nullable(
      Wire.object({
        uploadID: Wire.string(),
        partSize: Wire.int64(),
        expireTime: Wire.int64({ description: 'Unix ms' }),
        sign: Wire.nullable(partSignatures),
      }),
    ),
  }),
  handle: async (call, { cause, ...request }, { uploads }, { apiUrl }) => {
    const { url, upload, sign } = {
      sign: undefined,
      ...(await uploads.initiate(call, { ...request, group: cause }, apiUrl)),
    };
    if (upload === undefined) return { url, upload: null };
    const { id, partSize, expiresAt } = upload;
    return { url: '', upload: { uploadID: id, partSize, expireTime: expiresAt, sign } };
  },
});
