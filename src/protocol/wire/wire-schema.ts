/**
 * The vocabulary in which endpoints declare their requests and responses. Each word makes a JSON Schema (so that
 * the API reference can show it) which also knows its wire semantics: zero values, null lists, wrappers. Decoders and
 * encoders are compiled from it by wire-json.ts. Protocol: rest-core.md 2.
 */
import { widestBounds } from '../bounds.ts';

/** A schema with wire semantics. `Request` is what a handler receives, `Response` what it returns. */
export interface WireSchema<Request = unknown, Response = unknown> {
  readonly '~wire': WireKind;
  /** These two are only for the type checker and never set. */
  readonly '~request'?: Request;
  readonly '~response'?: Response;
}

/** What a handler receives for a schema: complete, with zero values for everything that was absent. */
export type WireRequest<S extends WireSchema> = S extends WireSchema<infer Request> ? Request : never;

/** What a handler returns for a schema. */
export type WireResponse<S extends WireSchema> = S extends WireSchema<unknown, infer Response> ? Response : never;

/** How a value is written on the wire; read by the compilers. */
export type WireKind =
  | { readonly kind: 'scalar'; readonly scalar: WireScalar }
  | { readonly kind: 'wrapper'; readonly scalar: Exclude<WireScalar, 'id'> }
  | { readonly kind: 'object'; readonly fields: WireFields }
  | { readonly kind: 'nullable'; readonly of: WireSchema }
  | { readonly kind: 'list'; readonly of: WireSchema }
  | { readonly kind: 'map'; readonly of: WireSchema; readonly isKeptEmpty: boolean }
  | { readonly kind: 'any'; readonly objectOnly: boolean };

export type WireScalar =
  | 'string'
  | 'id'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'hash64'
  | 'float'
  | 'bool'
  | 'bytes';

export type WireFields = Readonly<Record<string, WireSchema>>;

/** What the API reference says about a value; no effect on the wire. */
export interface WireOptions {
  /** Names the schema in the API reference, where it is then written once. */
  readonly title?: string;
  /** The values that have a meaning. */
  readonly enum?: readonly (number | string)[];
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly deprecated?: boolean;
}

type RequestObject<F extends WireFields> = { [K in keyof F]: WireRequest<F[K]> };

type OptionalKeys<F extends WireFields> = { [K in keyof F]: undefined extends WireResponse<F[K]> ? K : never }[keyof F];

type ResponseObject<F extends WireFields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: WireResponse<F[K]>;
} & {
  readonly [K in OptionalKeys<F>]?: WireResponse<F[K]>;
};

/** A JSON object as it was received; its numbers beyond 2^53 are raw JSON, so that they survive JSON.stringify. */
export type JsonObject = { readonly [key: string]: unknown };

type Unset = null | undefined;

/** A declared object; request keys match case-insensitively, unknown ones are ignored, null is all zero values. */
function object<const F extends WireFields>(
  fields: F,
  options: WireOptions = {},
): WireSchema<RequestObject<F>, ResponseObject<F>> {
  return wire({ type: 'object', properties: fields, ...options }, { kind: 'object', fields });
}

/** A nested message that may be unset: null in both directions. */
function nullable<Req, Res>(of: WireSchema<Req, Res>, options: WireOptions = {}): WireSchema<Req | null, Res | Unset> {
  return wire({ anyOf: [of, { type: 'null' }], ...options }, { kind: 'nullable', of });
}

/** A list. Absent and null are []; an empty one is written as null. */
function list<Req, Res>(of: WireSchema<Req, Res>, options: WireOptions = {}): WireSchema<Req[], readonly Res[] | null> {
  return wire({ type: ['array', 'null'], items: of, ...options }, { kind: 'list', of });
}

/** A map with string keys. Absent and null are empty; an empty one is not written at all, not even its key. */
function map<Req, Res>(
  of: WireSchema<Req, Res>,
  options: WireOptions = {},
): WireSchema<Map<string, Req>, ReadonlyMap<string, Res> | Unset> {
  return wire(
    { type: ['object', 'null'], additionalProperties: of, ...options },
    { kind: 'map', of, isKeptEmpty: false },
  );
}

/** A map that is written as {} when empty, for a client that fails without its key. */
function keptMap<Req, Res>(
  of: WireSchema<Req, Res>,
  options: WireOptions = {},
): WireSchema<Map<string, Req>, ReadonlyMap<string, Res>> {
  return wire({ type: 'object', additionalProperties: of, ...options }, { kind: 'map', of, isKeptEmpty: true });
}

/** An opaque JSON object, handed over as received; null when absent. */
function any(options: WireOptions = {}): WireSchema<JsonObject | null, JsonObject | Unset> {
  return wire({ type: ['object', 'null'], ...options }, { kind: 'any', objectOnly: true });
}

/** Any JSON value, handed over as received; null when absent. */
function json(options: WireOptions = {}): WireSchema<unknown, unknown> {
  return wire({ ...options }, { kind: 'any', objectOnly: false });
}

const int32Range = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
const uint32Range = { minimum: 0, maximum: 2 ** 32 - 1 };
const int64Range = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
const uint64Range = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** The words. Import this and read `Wire.object({ userID: Wire.string() })`. */
export const Wire = {
  object,
  nullable,
  list,
  map,
  keptMap,
  any,
  json,

  string: scalar<string>('string', { type: 'string' }),
  /** Whatever names something (a user, a record, a token, a key), and so fits into an index: bounded in bytes. */
  id: scalar<string>('id', { type: 'string', maxLength: widestBounds.maxIdBytes }),
  int32: scalar<number>('int32', { type: 'integer', format: 'int32', ...int32Range }),
  uint32: scalar<number>('uint32', { type: 'integer', format: 'uint32', ...uint32Range }),
  /** A number: values beyond 2^53 are refused, for they could not be held exactly. */
  int64: scalar<number>('int64', { type: 'integer', format: 'int64', ...int64Range }),
  /** A number: values beyond 2^53 are refused; for hashes use `hash64`. */
  uint64: scalar<number>('uint64', { type: 'integer', format: 'uint64', ...uint64Range }),
  /** A uint64 that uses all its bits (idHash): a bigint, exact in both directions. */
  hash64: scalar<bigint>('hash64', { type: 'integer', format: 'uint64', minimum: 0 }),
  float: scalar<number>('float', { type: 'number' }),
  bool: scalar<boolean>('bool', { type: 'boolean' }),
  /** Bytes, in JSON as base64. Empty when absent. A response may say null: nil bytes. */
  bytes: scalar<Buffer, Uint8Array | null>('bytes', { type: 'string', contentEncoding: 'base64' }),

  stringValue: wrapper<string>('string', { type: ['string', 'null'] }),
  int32Value: wrapper<number>('int32', { type: ['integer', 'null'], format: 'int32', ...int32Range }),
  uint32Value: wrapper<number>('uint32', { type: ['integer', 'null'], format: 'uint32', ...uint32Range }),
  int64Value: wrapper<number>('int64', { type: ['integer', 'null'], format: 'int64', ...int64Range }),
  uint64Value: wrapper<number>('uint64', { type: ['integer', 'null'], format: 'uint64', ...uint64Range }),
  floatValue: wrapper<number>('float', { type: ['number', 'null'] }),
  /** Also accepts the numbers 1 and 0. */
  boolValue: wrapper<boolean>('bool', { type: ['boolean', 'null'] }),
  bytesValue: wrapper<Buffer, Uint8Array>('bytes', { type: ['string', 'null'], contentEncoding: 'base64' }),
} as const;

function scalar<Req, Res = Req>(name: WireScalar, jsonSchema: object) {
  return (options: WireOptions = {}): WireSchema<Req, Res> =>
    wire({ ...jsonSchema, ...options }, { kind: 'scalar', scalar: name });
}

/** A scalar that may be unset: null in a request means "leave unchanged". */
function wrapper<Req, Res = Req>(name: Exclude<WireScalar, 'id'>, jsonSchema: object) {
  return (options: WireOptions = {}): WireSchema<Req | null, Res | Unset> =>
    wire({ ...jsonSchema, ...options }, { kind: 'wrapper', scalar: name });
}

/**
 * The schema as plain JSON Schema. The kind is not enumerable, so
 * that whoever copies or prints the schema sees JSON Schema only.
 */
function wire<Req, Res>(jsonSchema: object, kind: WireKind): WireSchema<Req, Res> {
  return Object.defineProperty(jsonSchema, '~wire', { value: kind }) as WireSchema<Req, Res>;
}
