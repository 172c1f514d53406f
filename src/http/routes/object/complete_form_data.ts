/** Protocol: objects-push-webhooks.md 1.15. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/object/complete_form_data',
  summary: 'Makes an object of a form that was sent',
  access: 'anyone',
  required: ['id'],
  example: { id: 'a-form' },
  request: Wire.object({ id: Wire.id() }),
  response: Wire.object({ url: Wire.string() }),
  handle: async (call, { id }, { formUploads }, { apiUrl }) => ({ url: await formUploads.complete(call, id, apiUrl) }),
});
