/** RFC 7662: whether a token is accepted now, and whose it is. */

import { ProtocolError } from '../../protocol/errors.ts';
import { platformName } from '../../protocol/numbers/platforms.ts';
import type { Session } from '../../tokens/session.ts';
import { oauthEndpoint } from './oauth-endpoint.ts';

export default oauthEndpoint({
  path: '/oauth2/introspect',
  summary: 'Says whether a token is accepted now, and whose it is (RFC 7662)',
  description:
    'For API gateways and other back ends. `active` is `false` and alone for whatever is no accepted token, for whichever reason. A store that does not answer is 503: that says nothing about the token.',
  response: {
    type: 'object',
    required: ['active'],
    properties: {
      active: { type: 'boolean' },
      sub: { type: 'string', description: "The user's userID." },
      exp: { type: 'integer', description: 'Unix seconds until which the token is accepted as things stand.' },
      iat: { type: 'integer', description: 'Unix seconds.' },
      jti: { type: 'string' },
      token_type: { const: 'Bearer' },
      platform_id: { type: 'integer' },
      platform: { type: 'string', description: "The platform's name, such as `IOS`." },
    },
  },
  handle: async ({ token }, { authority }) => {
    try {
      return describe(await authority.verify(token));
    } catch (error) {
      if (isAboutToken(error)) return { active: false };
      throw error;
    }
  },
});

function describe({ userID, platformID, jti, issuedAt, endsAt }: Session): object {
  return {
    active: true,
    sub: userID,
    exp: Math.floor(endsAt / 1000),
    iat: Math.floor(issuedAt / 1000),
    jti,
    token_type: 'Bearer',
    platform_id: platformID,
    platform: platformName(platformID),
  };
}

/** 1501 to 1507, which are only ever facts about the token (T5). */
function isAboutToken(error: unknown): boolean {
  return error instanceof ProtocolError && error.code >= 1501 && error.code <= 1507;
}
