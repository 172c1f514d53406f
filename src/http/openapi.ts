/** The API reference for programs: an OpenAPI 3.1 document made from the endpoints' own schemas. */
import { errorTable } from '../protocol/errors.ts';
import type { Endpoint } from './endpoint.ts';
import type { OauthEndpoint } from './oauth/oauth-endpoint.ts';
import { oauthOperation, oauthSecuritySchemes, oauthTag } from './oauth/oauth-openapi.ts';

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(
  endpoints: readonly Endpoint[],
  version: string,
  oauthEndpoints: readonly OauthEndpoint[] = [],
): Json {
  const tags = new Set([...endpoints.map(tagOf), ...(oauthEndpoints.length > 0 ? [oauthTag] : [])]);
  return {
    openapi: '3.1.0',
    info: { title: 'Tessera', version, description: introduction },
    paths: Object.fromEntries([
      ...endpoints.map((endpoint) => [endpoint.path, { post: operation(endpoint) }]),
      ...oauthEndpoints.map((endpoint) => [endpoint.path, { post: oauthOperation(endpoint) }]),
    ]),
    tags: [...tags].map((name) => ({ name })),
    components: {
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'token', description: 'The raw JWT, without `Bearer`.' },
        ...oauthSecuritySchemes,
      },
      parameters: { operationID },
      headers: {
        'X-HTTP-ID': {
          description: 'A UUID of this request; the log has it as `reference` when the request failed with 500.',
          schema: { type: 'string', format: 'uuid' },
        },
      },
      schemas: { Failure: failure },
    },
  };
}

function operation(endpoint: Endpoint): Json {
  const tag = tagOf(endpoint);
  return {
    operationId: endpoint.path.slice(1).replaceAll('/', '_'),
    tags: [tag],
    summary: endpoint.summary,
    ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
    security: endpoint.access === 'public' ? [] : [{ token: [] }],
    parameters: [{ $ref: '#/components/parameters/operationID' }],
    requestBody: { required: true, content: requestContent(endpoint) },
    responses: {
      200: response('The envelope of a success or of a failure.', {
        anyOf: [success(endpoint), { $ref: '#/components/schemas/Failure' }],
      }),
      ...(endpoint.strictBind === true
        ? { 400: response('The body did not bind.', { $ref: '#/components/schemas/Failure' }) }
        : {}),
    },
  };
}

function tagOf({ path }: Endpoint): string {
  return path.split('/')[1] ?? '';
}

function requestContent({ request, protobuf }: Endpoint): Json {
  return {
    'application/json': { schema: request },
    ...(protobuf === undefined ? {} : { 'application/x-protobuf': { schema: { type: 'string', format: 'binary' } } }),
  };
}

function response(description: string, schema: Json): Json {
  return {
    description,
    headers: { 'X-HTTP-ID': { $ref: '#/components/headers/X-HTTP-ID' } },
    content: { 'application/json': { schema } },
  };
}

function success({ response: data, protobuf }: Endpoint): Json {
  const dataSchema = protobuf === undefined ? data : { anyOf: [data, { type: 'string', contentEncoding: 'base64' }] };
  return {
    type: 'object',
    title: 'Success',
    required: ['errCode', 'errMsg', 'errDlt', ...(data === undefined ? [] : ['data'])],
    properties: {
      errCode: { const: 0 },
      errMsg: { const: '' },
      errDlt: { const: '' },
      ...(data === undefined ? {} : { data: dataSchema }),
    },
  };
}

const introduction = [
  'Every call is a `POST` with a JSON body. Success and failure are both HTTP 200 with one envelope; look only at',
  '`errCode`, which is 0 for success; only `/oauth2` is different. Keys of a request match in any case, unknown keys are ignored, and what is absent',
  'or `null` has its zero value. An empty list is answered as `null`; an empty map is left out.',
].join(' ');

const operationID = {
  name: 'operationID',
  in: 'header',
  required: true,
  description: 'Names the call in logs; any text.',
  schema: { type: 'string', minLength: 1 },
};

const failure = {
  type: 'object',
  required: ['errCode', 'errMsg', 'errDlt'],
  properties: {
    errCode: {
      type: 'integer',
      description: Object.values(errorTable)
        .map(({ code, errMsg, retryable }) => `- \`${code}\` ${errMsg}${retryable ? ' (may be tried again)' : ''}`)
        .join('\n'),
      enum: Object.values(errorTable).map(({ code }) => code),
    },
    errMsg: { type: 'string', description: 'The fixed name of the code.' },
    errDlt: { type: 'string', description: 'What was wrong, for people.' },
  },
};
