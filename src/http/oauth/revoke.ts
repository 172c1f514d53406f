/** RFC 7009: ends a token. */
import { oauthEndpoint } from './oauth-endpoint.ts';

export default oauthEndpoint({
  path: '/oauth2/revoke',
  summary: 'Ends a token (RFC 7009)',
  description:
    'From then on it answers 1506, and its sockets are told so and closed. What is no token of this server, or has ended already, is a success too. After 503 the token has to be taken for alive.',
  handle: async ({ clientID, token, operationID }, { authority }) => {
    await authority.revokeForClient(clientID, token, operationID);
    return undefined;
  },
});
