/** The API reference for programs: an OpenAPI 3.1 document made from the endpoints' own schemas. */
import { errorTable } from '../protocol/errors.ts';
import { accessText } from './access-text.ts';
import type { Endpoint } from './endpoint.ts';
import type { OauthEndpoint } from './oauth/oauth-endpoint.ts';
import { oauthOperation, oauthSecuritySchemes, oauthTag } from './oauth/oauth-openapi.ts';
import { ReferenceSchemas } from './reference-schemas.ts';

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(
  endpoints: readonly Endpoint[],
  version: string,
  oauthEndpoints: readonly OauthEndpoint[] = [],
): Json {
  const tags = new Set([...endpoints.map(tagOf), ...(oauthEndpoints.length > 0 ? [oauthTag] : [])]);
  const schemas = new ReferenceSchemas();
  const operations = endpoints.map((endpoint) => [endpoint.path, { post: operation(endpoint, schemas) }]);
  return {
    openapi: '3.1.0',
    info: { title: 'Tessera', version, description: introduction },
    servers: [{ url: '/', description: 'The server that this page came from.' }],
    paths: Object.fromEntries([
      ...operations,
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
        'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } },
      },
      schemas: { Failure: failure, ...schemas.named },
    },
  };
}

function operation(endpoint: Endpoint, schemas: ReferenceSchemas): Json {
  const tag = tagOf(endpoint);
  return {
    operationId: endpoint.path.slice(1).replaceAll('/', '_'),
    tags: [tag],
    summary: endpoint.summary,
    description: [endpoint.description, `May be called by ${accessText(endpoint.access)}.`]
      .filter(Boolean)
      .join('\n\n'),
    security: endpoint.access === 'public' ? [] : [{ token: [] }],
    parameters: [{ $ref: '#/components/parameters/operationID' }],
    requestBody: { required: true, content: requestContent(endpoint, schemas) },
    responses: {
      200: response(
        'The envelope of a success or of a failure. `errCode` 500 is one of the server itself: its log has the cause under the `X-HTTP-ID`.',
        { anyOf: [success(endpoint, schemas), failureRef] },
        { internal: { summary: 'A failure of the server', value: internalExample } },
      ),
      ...(endpoint.strictBind === true ? { 400: response('The body did not bind.', failureRef) } : {}),
      429: tooMany,
    },
  };
}

function tagOf({ path }: Endpoint): string {
  return path.split('/')[1] ?? '';
}

function requestContent({ request, required = [], protobuf, example }: Endpoint, schemas: ReferenceSchemas): Json {
  const schema = schemas.request(request);
  const whole = '$ref' in schema && required.length > 0 ? { allOf: [schema], required } : { ...schema, required };
  return {
    'application/json': { schema: required.length > 0 ? whole : schema, example },
    ...(protobuf === undefined ? {} : { 'application/x-protobuf': { schema: { type: 'string', format: 'binary' } } }),
  };
}

function response(description: string, schema: Json, examples?: Json): Json {
  return {
    description,
    headers: { 'X-HTTP-ID': { $ref: '#/components/headers/X-HTTP-ID' } },
    content: { 'application/json': { schema, ...(examples === undefined ? {} : { examples }) } },
  };
}

function success({ response: data, protobuf }: Endpoint, schemas: ReferenceSchemas): Json {
  const json = data === undefined ? undefined : schemas.response(data);
  const dataSchema = protobuf === undefined ? json : { anyOf: [json, { type: 'string', contentEncoding: 'base64' }] };
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
  description: 'Names the call in logs; any text of up to 256 bytes.',
  schema: { type: 'string', minLength: 1, maxLength: 256 },
  example: 'a-name-for-this-call',
};

const failureRef = { $ref: '#/components/schemas/Failure' };

const internalExample = {
  errCode: errorTable.internal.code,
  errMsg: errorTable.internal.errMsg,
  errDlt: 'reference 0b6f0e1c-1d5a-4f62-9c39-6f5d3f6a7c11',
};

const tooMany = {
  description: 'Too many requests, or too many wrong secrets from this address.',
  headers: {
    'X-HTTP-ID': { $ref: '#/components/headers/X-HTTP-ID' },
    'Retry-After': { $ref: '#/components/headers/Retry-After' },
  },
  content: { 'application/json': { schema: failureRef } },
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
