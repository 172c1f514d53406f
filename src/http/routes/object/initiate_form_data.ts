/** Protocol: objects-push-webhooks.md 1.15. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/object/initiate_form_data',
  summary: 'How to send a file as a form',
  description:
    'POST multipart/form-data to `url`: every pair of `formData`, then the file in the field `file`. The form may be sent for ten minutes, or as many `millisecond` as an admin asks. `absolute` has no effect: where the content is kept is not for clients to choose.',
  access: self('name'),
  required: ['name', 'size'],
  example: { name: 'alice/form.txt', size: 11, contentType: 'text/plain', group: 'forms' },
  request: Wire.object({
    name: Wire.string(),
    size: Wire.int64(),
    contentType: Wire.id(),
    group: Wire.id(),
    millisecond: Wire.int64(),
    absolute: Wire.bool(),
  }),
  response: Wire.object({
    id: Wire.string(),
    url: Wire.string(),
    file: Wire.string(),
    header: Wire.list(Wire.object({ key: Wire.string(), values: Wire.list(Wire.string()) })),
    formData: Wire.keptMap(Wire.string()),
    expires: Wire.int64({ description: 'Unix ms' }),
    successCodes: Wire.list(Wire.int32()),
  }),
  handle: async (call, { millisecond, absolute: _ignored, ...request }, { formUploads }, { apiUrl }) => {
    const form = await formUploads.initiate(call, { ...request, validForMs: millisecond }, apiUrl);
    const { id, url, fields: formData, expiresAt: expires, successCodes } = form;
    return { id, url, file: 'file', header: null, formData, expires, successCodes };
  },
});
