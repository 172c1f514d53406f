/** Scenarios that hold for every endpoint, made from its schema: headers, tokens, bodies that do not bind (O1, T5). */
import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/http/endpoint.ts';
import type { WireFields, WireScalar, WireSchema } from '../../src/protocol/wire/wire-schema.ts';
import { envelopeOf, type RawReply } from './raw-http.ts';
import type { Expectation } from './scenario.ts';
import type { TokenKind, World } from './world.ts';

export interface GenericScenario {
  readonly name: string;
  readonly send: (world: World) => Promise<RawReply>;
  readonly expect: (world: World) => Expectation | Promise<Expectation>;
}

export function* malformed(endpoint: Endpoint): Generator<GenericScenario> {
  yield* badHeaders(endpoint);
  if (endpoint.access !== 'public') yield* badTokens(endpoint);
  yield* badBodies(endpoint);
  if (endpoint.protobuf !== undefined) yield badContentType(endpoint);
  yield nullIsEmpty(endpoint);
  for (const token of ['user', 'admin'] as const) yield quotesNothing(endpoint, token);
}

function* badHeaders({ path, access }: Endpoint): Generator<GenericScenario> {
  yield {
    name: 'no operationID is 1001',
    send: (world) => world.send({ path, headers: { token: world.token('admin') }, body: '{}' }),
    expect: () => ({ errCode: 1001, errDlt: 'header must have operationID' }),
  };
  if (access === 'public') return;
  yield {
    name: 'no token is 1001',
    send: (world) => world.post(path, {}, ''),
    expect: () => ({ errCode: 1001, errDlt: 'header must have token' }),
  };
}

const badTokenCodes: Readonly<Partial<Record<TokenKind, number>>> = {
  expired: 1501,
  broken: 1503,
  forged: 1505,
  kicked: 1506,
  unknown: 1507,
};

function* badTokens({ path }: Endpoint): Generator<GenericScenario> {
  for (const [kind, errCode] of Object.entries(badTokenCodes)) {
    yield {
      name: `a token that is ${kind} is ${errCode}, whatever the body`,
      send: (world) => world.post(path, '{', world.token(kind as TokenKind)),
      expect: () => ({ errCode }),
    };
  }
}

function* badBodies(endpoint: Endpoint): Generator<GenericScenario> {
  const httpStatus = endpoint.strictBind === true ? 400 : 200;
  const refuse = (name: string, body: string, errDlt: RegExp): GenericScenario => ({
    name: `O1 ${name} is 1001${httpStatus === 400 ? ' with HTTP 400' : ''}`,
    send: (world) => world.post(endpoint.path, body, world.token('admin')),
    expect: () => ({ httpStatus, errCode: 1001, errDlt }),
  });

  yield refuse('no body', '', /^body is empty$/);
  yield refuse('broken JSON', '{"a":', /^body is not valid JSON$/);
  yield refuse('deep nesting', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, /^body is nested too deeply$/);
  for (const root of ['[]', '"text"', '1', 'true']) {
    yield refuse(`the body ${root}`, root, /^body must be an object$/);
  }
  for (const { json, field } of wrongValues(endpoint.request)) {
    yield refuse(
      json.length > 80 ? `${json.slice(0, 40)}... of ${json.length} bytes` : json,
      json,
      new RegExp(`\\b${field}\\b`),
    );
  }
}

function badContentType({ path }: Endpoint): GenericScenario {
  return {
    name: 'a content type that is neither JSON nor protobuf is 1001',
    send: (world) =>
      world.send({
        path,
        headers: { operationID: 'op', token: world.token('admin'), 'Content-Type': 'text/plain' },
        body: '{}',
      }),
    expect: () => ({ errCode: 1001, errDlt: 'unsupported content type' }),
  };
}

/** With a token of its own each time: the first call may have used it up. */
function nullIsEmpty({ path }: Endpoint): GenericScenario {
  const post = async (world: World, body: string) => world.post(path, body, await world.issue('alice', 3));
  return {
    name: 'the body null is answered like {}',
    send: (world) => post(world, 'null'),
    expect: async (world) => {
      const empty = await post(world, '{}');
      const { errCode, errDlt, ...rest } = envelopeOf(empty);
      return { httpStatus: empty.status, errCode, errDlt, ...('data' in rest ? { data: () => {} } : {}) };
    },
  };
}

/** Of no length, since a text that is quoted is also a text that is worked on. */
function quotesNothing({ path, request, strictBind }: Endpoint, token: TokenKind): GenericScenario {
  return {
    name: `O1, T6: a detail for ${token === 'admin' ? 'an admin' : 'a user'} holds nothing of the request`,
    send: (world) => world.post(path, filled(request), world.token(token)),
    expect: () => ({
      httpStatus: strictBind === true ? /^[24]00$/ : 200,
      errCode: /^\d+$/,
      errDlt: (detail) => assert.ok(!detail.includes(marker), detail),
      data: () => {},
    }),
  };
}

const marker = 'qzmarkerzq';

/** A value that binds, with the marker in every text. */
function filled(schema: WireSchema): unknown {
  const kind = schema['~wire'];
  switch (kind.kind) {
    case 'scalar':
    case 'wrapper':
      return kind.scalar === 'string' || kind.scalar === 'id' ? marker : kind.scalar === 'bool' ? true : undefined;
    case 'nullable':
      return filled(kind.of);
    case 'object':
      return Object.fromEntries(Object.entries(kind.fields).map(([name, field]) => [name, filled(field)]));
    case 'list':
      return [filled(kind.of)];
    case 'map':
      return { [marker]: filled(kind.of) };
    case 'any':
      return { [marker]: marker };
  }
}

interface WrongValue {
  readonly json: string;
  /** The innermost named key that is wrong, which the error must name; '' at the top. */
  readonly field: string;
}

/** JSON texts that a schema must refuse, one wrong place each. */
function* wrongValues(schema: WireSchema): Generator<WrongValue> {
  const kind = schema['~wire'];
  switch (kind.kind) {
    case 'scalar':
      yield* anonymous(wrongScalars[kind.scalar]);
      break;
    case 'wrapper':
      yield* anonymous(kind.scalar === 'bool' ? ['2', '"true"'] : wrongScalars[kind.scalar]);
      break;
    case 'nullable':
      yield* anonymous(kind.of['~wire'].kind === 'list' ? ['5'] : ['5', '[]']);
      yield* wrongValues(kind.of);
      break;
    case 'object':
      yield* wrongFields(kind.fields);
      break;
    case 'list':
      yield* anonymous(['{}', '"text"']);
      for (const { json, field } of wrongValues(kind.of)) yield { json: `[${json}]`, field };
      break;
    case 'map':
      yield* anonymous(['[]', '5', `{"${'x'.repeat(257)}":null}`]);
      for (const { json, field } of wrongValues(kind.of)) yield { json: `{"k":${json}}`, field };
      break;
    case 'any':
      if (kind.objectOnly) yield* anonymous(['5', '[]', '"text"']);
  }
}

function* wrongFields(fields: WireFields): Generator<WrongValue> {
  for (const [name, schema] of Object.entries(fields)) {
    for (const { json, field } of wrongValues(schema)) {
      yield { json: `{"${name}":${json}}`, field: field === '' ? name : field };
    }
  }
}

function* anonymous(texts: readonly string[]): Generator<WrongValue> {
  for (const json of texts) yield { json, field: '' };
}

const wrongScalars: Readonly<Record<WireScalar, readonly string[]>> = {
  string: ['5', '{}', 'true'],
  id: ['5', '{}', 'true', `"${'x'.repeat(257)}"`, `"${'ä'.repeat(129)}"`],
  int32: ['"5"', '1.5', 'true', '2147483648', '-2147483649'],
  uint32: ['"5"', '1.5', '-1', '4294967296'],
  int64: ['"5"', '1.5', '[]', '9007199254740993', '-9223372036854775809'],
  uint64: ['"5"', '1.5', '-1', '18446744073709551616'],
  hash64: ['"5"', '1.5', '-1', '18446744073709551616'],
  float: ['"5"', 'true'],
  bool: ['1', '"true"'],
  bytes: ['5', '"*"'],
};
