/** Protocol: objects-push-webhooks.md 1.12. */
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';

export default endpoint({
  path: '/object/access_url',
  summary: 'A URL under which a browser saves an object, or shows it as an image',
  access: 'anyone',
  example: { name: 'alice/hello.txt', query: { type: 'image', width: '640', height: '640' } },
  request: Wire.object({ name: Wire.string(), query: Wire.map(Wire.string()) }),
  response: Wire.object({ url: Wire.string(), expireTime: Wire.int64({ description: 'Unix ms' }) }),
  handle: async (call, { name, query }, { objects }, { apiUrl }) => {
    const { url, expiresAt } = await objects.url(call, name, query, apiUrl);
    return { url, expireTime: expiresAt };
  },
});
