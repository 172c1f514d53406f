/** No endpoint is forgotten: every route file is served under its own name and has scenarios. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { oauthEndpoints } from '../../src/http/oauth/index.ts';
import type { OauthEndpoint } from '../../src/http/oauth/oauth-endpoint.ts';
import { endpoints } from '../../src/http/routes/index.ts';
import { compileRequestDecoder } from '../../src/protocol/wire/wire-json.ts';
import type { WireSchema } from '../../src/protocol/wire/wire-schema.ts';

const routes = join(import.meta.dirname, '../../src/http/routes');
const oauth = join(import.meta.dirname, '../../src/http/oauth');

test('every file of a routes folder is an endpoint, named for its path and listed in its index.ts', async () => {
  const found: Endpoint[] = [];
  for (const file of globSync('**/*.ts', { cwd: routes, exclude: ['index.ts', '*/index.ts'] })) {
    const { default: endpoint } = (await import(join(routes, file))) as { default?: Endpoint };
    assert.ok(endpoint !== undefined, `${file} is no endpoint: what endpoints share is in http/objects`);
    found.push(endpoint);
    assert.equal(`${endpoint.path.slice(1)}.ts`, file);
    assert.ok(endpoints.includes(endpoint), `${file} is not in the index.ts of its area`);
  }
  assert.equal(endpoints.length, found.length);
});

test('every endpoint has scenarios', () => {
  const tests = globSync('*.test.ts', { cwd: import.meta.dirname })
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
    .filter((text) => text.includes('testEndpoint('));
  const untested = endpoints
    .map(({ path }) => path)
    .filter((path) => !tests.some((text) => text.includes(`/src/http/routes${path}.ts'`)));
  assert.deepEqual(untested, []);
});

test('every example binds, and has the field that says who may call', () => {
  for (const { path, request, checkBinding, example, access } of endpoints) {
    const body = compileRequestDecoder(request)(example);
    checkBinding?.(body);
    if (typeof access !== 'object') continue;
    // The name of an object begins with its user's ID.
    if ('self' in access) assert.match(`${named(example, access.self)}`, /^alice(?:\/|$)/, path);
    else assert.equal(named(example, access.group), 'team', path);
  }
});

/** What the example has there; of a list, in its first element. */
function named(example: unknown, field: string): unknown {
  const first = (value: unknown) => (Array.isArray(value) ? value[0] : value);
  return field.split('.').reduce((value, key) => first(Object(value)[key]), example);
}

test('every field of a request that names something is bounded like an ID', () => {
  const unbounded = endpoints.flatMap(({ path, request }) => unboundedIDs(request).map((field) => `${path} ${field}`));
  assert.deepEqual(unbounded, []);
});

/** Fields with the name of an ID, or of several, that are plain strings. */
function unboundedIDs(schema: WireSchema, name = ''): string[] {
  const kind = schema['~wire'];
  switch (kind.kind) {
    case 'scalar':
    case 'wrapper':
      return kind.scalar === 'string' && /(?:ID|IDs|IDList|jti|uuid|keys?|cursor)$/.test(name) ? [name] : [];
    case 'object':
      return Object.entries(kind.fields).flatMap(([field, of]) => unboundedIDs(of, field));
    case 'any':
      return [];
    default:
      return unboundedIDs(kind.of, name);
  }
}

test('every OAuth endpoint is named for its path, listed in oauth/index.ts and has tests', async () => {
  const tests = readFileSync(join(import.meta.dirname, 'oauth.test.ts'), 'utf8');
  const found: OauthEndpoint[] = [];
  for (const file of globSync('*.ts', { cwd: oauth })) {
    const { default: endpoint } = (await import(join(oauth, file))) as { default?: OauthEndpoint };
    if (endpoint === undefined) continue;
    found.push(endpoint);
    assert.equal(`${endpoint.path.replace('/oauth2/', '')}.ts`, file);
    assert.ok(oauthEndpoints.includes(endpoint), `${file} is not in oauth/index.ts`);
    assert.ok(tests.includes(`/src/http/oauth/${file}'`), `${file} has no tests`);
  }
  assert.equal(oauthEndpoints.length, found.length);
});
