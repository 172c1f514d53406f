/** The OAuth endpoints in the API reference. */
import type { OauthEndpoint } from './oauth-endpoint.ts';

type Json = Readonly<Record<string, unknown>>;

/** The operation under the endpoint's path. */
export function oauthOperation({ path, summary, description, response }: OauthEndpoint): Json {
  return {
    operationId: path.slice(1).replaceAll('/', '_'),
    tags: [oauthTag],
    summary,
    description,
    security: [{ oauthClient: [] }],
    requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema: form } } },
    responses: {
      200: {
        description: response === undefined ? 'Done; no body.' : 'What is known of the token.',
        ...(response === undefined ? {} : { content: { 'application/json': { schema: response } } }),
      },
      400: failure('The request is wrong: `invalid_request`.'),
      401: failure('The client is unknown, or its secret is wrong: `invalid_client`, with `WWW-Authenticate`.'),
      429: failure('Too many wrong secrets from this address, with `Retry-After`.'),
      503: failure('The token store does not answer: `temporarily_unavailable`, with `Retry-After`.'),
    },
  };
}

export const oauthTag = 'oauth2';

/** For `components.securitySchemes`. */
export const oauthSecuritySchemes: Json = {
  oauthClient: {
    type: 'http',
    scheme: 'basic',
    description:
      'A client of `TESSERA_OAUTH_CLIENTS`: its ID and its secret; also as `client_id` and `client_secret` in the form.',
  },
};

const form = {
  type: 'object',
  required: ['token'],
  properties: {
    token: { type: 'string' },
    token_type_hint: { type: 'string', description: 'Not looked at: there is one type of token.' },
    client_id: { type: 'string' },
    client_secret: { type: 'string' },
  },
};

function failure(description: string): Json {
  const properties = { error: { type: 'string' }, error_description: { type: 'string' } };
  const schema = { type: 'object', required: ['error'], properties };
  return { description, content: { 'application/json': { schema } } };
}
