/** Protocol: rest-core.md 6. */
import { errors } from '../../../protocol/errors.ts';
import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../endpoint.ts';
import { platformID } from '../../objects/platform.ts';

export default endpoint({
  path: '/auth/parse_token',
  summary: 'Says whose token it is, if it is accepted now',
  access: 'public',
  required: ['token'],
  example: { token: 'a token' },
  request: Wire.object({ token: Wire.string() }),
  response: Wire.object({
    userID: Wire.id(),
    platformID,
    expireTimeSeconds: Wire.int64({ description: 'When the token ends, in Unix seconds: an instant, not a duration.' }),
  }),
  handle: async (_call, { token }, { authority }) => {
    // OpenIM names the wrong field; clients may compare the text.
    if (token === '') throw errors.args('userID is empty');
    const { userID, platformID, expiresAt } = await authority.verify(token);
    return { userID, platformID, expireTimeSeconds: Math.floor(expiresAt / 1000) };
  },
});
