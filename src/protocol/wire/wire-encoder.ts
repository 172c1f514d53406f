/**
 * Compiles a wire schema into a function that writes a handler's result as JSON text. Protocol: rest-core.md 2.2.
 */
import { encodeBase64 } from './base64.ts';
import type { WireFields, WireKind, WireResponse, WireScalar, WireSchema } from './wire-schema.ts';

/** Writes JSON text. Throws TypeError for a value that the schema's type forbids: a bug of the handler. */
export type ResponseEncoder<S extends WireSchema> = (value: WireResponse<S>) => string;

/** Compile once per endpoint. Only declared fields are written, in the schema's order. */
export function compileResponseEncoder<S extends WireSchema>(schema: S): ResponseEncoder<S> {
  const encode = compile(schema);
  return (value) => encode(value) ?? 'null';
}

/**
 * The same text in pieces, for a response whose lists or maps are so long that writing them takes long: one for each
 * element.
 * Undefined for any other.
 */
export function compileResponsePieces<S extends WireSchema>(
  schema: S,
): (value: WireResponse<S>) => Iterable<string> | undefined {
  const kind: WireKind = schema['~wire'];
  if (kind.kind !== 'object') return () => undefined;
  const entries = Object.entries(kind.fields).map(([name, field]) => ({
    name,
    key: `${JSON.stringify(name)}:`,
    encode: compile(field),
    long: compileLong(field['~wire']),
  }));

  return (value) => {
    const source = asRecord(value);
    return entries.some(({ name, long }) => long?.isLong(source[name]) === true) ? pieces(source) : undefined;
  };

  function* pieces(source: Readonly<Record<string, unknown>>): Generator<string> {
    let before = '{';
    for (const { name, key, encode, long } of entries) {
      const field = source[name];
      if (long?.isLong(field) === true) {
        before += `${key}${long.opening}`;
        for (const element of field as Iterable<unknown>) {
          yield `${before}${long.encodeElement(element)}`;
          before = ',';
        }
        before = `${long.closing},`;
        continue;
      }
      const encoded = encode(field);
      if (encoded === undefined) continue;
      yield `${before}${key}${encoded}`;
      before = ',';
    }
    yield before.length > 1 ? `${before.slice(0, -1)}}` : '}';
  }
}

/** How a list or a map is written element by element; undefined for any other kind. */
function compileLong(kind: WireKind): Long | undefined {
  if (kind.kind !== 'list' && kind.kind !== 'map') return undefined;
  const encode = compile(kind.of);
  return kind.kind === 'list'
    ? {
        isLong: (field) => Array.isArray(field) && field.length > longList,
        opening: '[',
        closing: ']',
        encodeElement: (element) => encode(element) ?? 'null',
      }
    : {
        isLong: (field) => field instanceof Map && field.size > longList,
        opening: '{',
        closing: '}',
        encodeElement: (entry) => encodeEntry(entry as [unknown, unknown], encode),
      };
}

interface Long {
  readonly isLong: (field: unknown) => boolean;
  readonly opening: string;
  readonly closing: string;
  readonly encodeElement: (element: unknown) => string;
}

/** Elements that are written at once. */
const longList = 1000;

/** JSON text, or undefined where the key is left out altogether (an empty map). */
type Encode = (value: unknown) => string | undefined;

function compile(schema: WireSchema): Encode {
  const kind: WireKind = schema['~wire'];
  switch (kind.kind) {
    case 'scalar':
      return compileUnsettable(scalarEncoders[kind.scalar], zeroValues[kind.scalar]);
    case 'wrapper':
      return compileUnsettable(scalarEncoders[kind.scalar], 'null');
    case 'object':
      return compileObject(kind.fields);
    case 'nullable':
      return compileUnsettable(compile(kind.of), 'null');
    case 'list':
      return compileList(kind.of);
    case 'map':
      return compileMap(kind.of, kind.isKeptEmpty ? '{}' : undefined);
    case 'any':
      return (value) => JSON.stringify(value) ?? 'null';
  }
}

function compileUnsettable(encode: Encode, unset: string): Encode {
  return (value) => (isUnset(value) ? unset : encode(value));
}

function compileObject(fields: WireFields): Encode {
  const entries = Object.entries(fields).map(([name, schema]) => ({
    name,
    prefix: `${JSON.stringify(name)}:`,
    encode: compile(schema),
  }));
  return (value) => {
    const source = asRecord(value);
    let text = '';
    for (const { name, prefix, encode } of entries) {
      const encoded = encode(source[name]);
      if (encoded !== undefined) text += text === '' ? prefix + encoded : `,${prefix}${encoded}`;
    }
    return `{${text}}`;
  };
}

function compileList(of: WireSchema): Encode {
  const encode = compile(of);
  return (value) => {
    if (isUnset(value)) return 'null';
    if (!Array.isArray(value)) throw new TypeError('response: a list was expected');
    if (value.length === 0) return 'null';
    let text = '';
    for (const element of value) text += `${text === '' ? '[' : ','}${encode(element) ?? 'null'}`;
    return `${text}]`;
  };
}

/** @param empty what is written for a map without keys; undefined if its own key is left out */
function compileMap(of: WireSchema, empty: string | undefined): Encode {
  const encode = compile(of);
  return (value) => {
    if (isUnset(value)) return empty;
    if (!(value instanceof Map)) throw new TypeError('response: a Map was expected');
    if (value.size === 0) return empty;
    let text = '';
    for (const entry of value) text += `${text === '' ? '{' : ','}${encodeEntry(entry, encode)}`;
    return `${text}}`;
  };
}

function encodeEntry([key, element]: readonly [unknown, unknown], encode: Encode): string {
  return `${JSON.stringify(String(key))}:${encode(element) ?? 'null'}`;
}

const zeroValues: Readonly<Record<WireScalar, string>> = {
  string: '""',
  id: '""',
  int32: '0',
  uint32: '0',
  int64: '0',
  uint64: '0',
  hash64: '0',
  float: '0',
  bool: 'false',
  bytes: 'null',
};

function encodeString(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('response: a string was expected');
  return JSON.stringify(value);
}

const scalarEncoders: Readonly<Record<WireScalar, Encode>> = {
  string: encodeString,
  id: encodeString,
  int32: integerEncoder(-(2 ** 31), 2 ** 31 - 1),
  uint32: integerEncoder(0, 2 ** 32 - 1),
  // A safe integer of the database may be any int64: the lowest time that OpenIM stores is negative.
  int64: integerEncoder(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  uint64: integerEncoder(0, Number.MAX_SAFE_INTEGER),
  hash64: (value) => {
    if (typeof value !== 'bigint') throw new TypeError('response: a bigint was expected');
    return value.toString();
  },
  float: (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('response: a number was expected');
    return String(value);
  },
  bool: (value) => {
    if (typeof value !== 'boolean') throw new TypeError('response: a boolean was expected');
    return value ? 'true' : 'false';
  },
  bytes: (value) => {
    if (!(value instanceof Uint8Array)) throw new TypeError('response: bytes were expected');
    return `"${encodeBase64(value)}"`;
  },
};

function integerEncoder(minimum: number, maximum: number): Encode {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
      throw new TypeError(`response: an integer from ${minimum} to ${maximum} was expected`);
    }
    return String(value);
  };
}

function isUnset(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError('response: an object was expected');
  return value as Readonly<Record<string, unknown>>;
}
