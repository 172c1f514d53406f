/** docs/openapi.json, which the check of generated files keeps equal to what the server gives out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformIDs } from '../../src/protocol/numbers/platforms.ts';
import { readPage } from './markdown.ts';

type Json = Record<string, unknown>;

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document is read like its text
const document: any = JSON.parse(readPage('docs/openapi.json'));
const posts: [path: string, operation: Json & { readonly responses: Json; readonly requestBody: Json }][] =
  Object.entries(document.paths).map(([path, item]) => [path, Object(item).post]);
const ours = posts.filter(([path]) => !path.startsWith('/oauth2/'));

test('every reference in it leads somewhere, and nothing in it is named and not used', () => {
  const used = new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, to]) => to));
  for (const to of used) {
    assert.ok(to?.split('/').reduce((value, key) => value?.[key], document.components) !== undefined, to);
  }
  for (const name of Object.keys(document.components.schemas)) assert.ok(used.has(`schemas/${name}`), name);
});

test('it can be called as it stands: a server, and a body for every operation', () => {
  assert.deepEqual(
    document.servers.map(({ url }: Json) => url),
    ['/'],
  );
  for (const [path, { requestBody }] of ours) {
    const { example, schema } = Object(requestBody).content['application/json'];
    const required: string[] = schema.required ?? [];
    assert.ok(example !== undefined, path);
    for (const field of required) assert.ok(field in example, `${path}: the example lacks ${field}`);
  }
});

test('every operation says who may call it, what its answer always has, and that it may be 429 or 500', () => {
  for (const [path, { description, responses }] of ours) {
    assert.match(String(description), /May be called by /, path);
    const { examples, schema } = Object(responses[200]).content['application/json'];
    assert.equal(examples.internal.value.errCode, 500);
    assert.ok(schema.anyOf[0].required.includes('errCode'), path);
    assert.ok('Retry-After' in Object(responses[429]).headers, path);
  }
});

test('platforms are one table, and objects that several endpoints have in common have a name', () => {
  const { schemas } = document.components;
  assert.deepEqual(schemas.PlatformID.enum, platformIDs);
  assert.ok(schemas.User.required.includes('userID'));
  assert.equal(schemas.UserInput.required, undefined);
  for (const name of ['Conversation', 'Message', 'PaginationInput']) assert.ok(name in schemas, name);
});
