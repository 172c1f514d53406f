/**
 * Compiles a wire schema into a function that checks a parsed JSON request and fills in zero values.
 * Protocol: rest-core.md 2.1.
 */

import { exceedsBytes, type WireBounds, widestBounds } from '../bounds.ts';
import { errors } from '../errors.ts';
import { decodeBase64 } from './base64.ts';
import type { WireFields, WireKind, WireRequest, WireScalar, WireSchema } from './wire-schema.ts';

/** Checks a parsed body. Throws errors.args whose detail names the bad key, never its value. */
export type RequestDecoder<S extends WireSchema> = (value: unknown) => WireRequest<S>;

/** Compile once per endpoint; the decoder is pure and keeps no state between calls. */
export function compileRequestDecoder<S extends WireSchema>(
  schema: S,
  bounds: WireBounds = widestBounds,
): RequestDecoder<S> {
  const decode = compile(schema, bounds);
  return (value) => decode(value, []) as WireRequest<S>;
}

/** `path` leads to the value being decoded; it is kept current by push and pop, so that success allocates nothing. */
type Decode = (value: unknown, path: Path) => unknown;

type Path = string[];

function compile(schema: WireSchema, bounds: WireBounds): Decode {
  const kind: WireKind = schema['~wire'];
  switch (kind.kind) {
    case 'scalar':
      return kind.scalar === 'id' ? idDecoder(bounds) : scalarDecoders[kind.scalar];
    case 'wrapper':
      return compileUnsettable(kind.scalar === 'bool' ? decodeBoolOrBit : scalarDecoders[kind.scalar]);
    case 'object':
      return compileObject(kind.fields, bounds);
    case 'nullable':
      return compileUnsettable(compile(kind.of, bounds));
    case 'list':
      return compileList(kind.of, bounds);
    case 'map':
      return compileMap(kind.of, bounds);
    case 'any':
      return kind.objectOnly ? decodeAnyObject : decodeAny;
  }
}

function compileUnsettable(decode: Decode): Decode {
  return (value, path) => (isAbsent(value) ? null : decode(value, path));
}

interface Field {
  readonly name: string;
  readonly decode: Decode;
}

function compileObject(fields: WireFields, bounds: WireBounds): Decode {
  const entries: Field[] = Object.entries(fields).map(([name, schema]) => ({ name, decode: compile(schema, bounds) }));
  const positions = new Map(entries.map((field, index) => [field.name, index]));
  // From the last to the first: of names that differ in case alone, the first wins.
  const foldedPositions = new Map([...positions].reverse().map(([name, index]) => [name.toLowerCase(), index]));

  return (value, path) => {
    if (!isAbsent(value) && !isJsonObject(value)) throw invalid(path, 'an object');
    const received = isAbsent(value) ? [] : pickFields(value, keysOf(value, bounds, path), positions, foldedPositions);
    const result: Record<string, unknown> = {};
    let index = 0;
    for (const { name, decode } of entries) {
      path.push(name);
      result[name] = decode(received[index++], path);
      path.pop();
    }
    return result;
  };
}

/** The values of the declared fields by position. Keys match in any case; an exact match beats all others. */
function pickFields(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  positions: ReadonlyMap<string, number>,
  foldedPositions: ReadonlyMap<string, number>,
): unknown[] {
  const received: unknown[] = new Array(positions.size);
  const exact: number[] = [];
  for (const key of keys) {
    const position = positions.get(key);
    if (position !== undefined) {
      received[position] = value[key];
      exact[position] = 1;
      continue;
    }
    const folded = foldedPositions.get(key.toLowerCase());
    if (folded !== undefined && exact[folded] === undefined) received[folded] = value[key];
  }
  return received;
}

/** @throws 1001 if there are too many */
function keysOf(value: Record<string, unknown>, { maxListItems }: WireBounds, path: Path): string[] {
  const keys = Object.keys(value);
  if (keys.length > maxListItems) throw invalid(path, `an object of at most ${maxListItems} keys`);
  return keys;
}

function compileList(of: WireSchema, bounds: WireBounds): Decode {
  const { maxListItems } = bounds;
  const decode = compile(of, bounds);
  const refusesNull = of['~wire'].kind === 'object';
  return (value, path) => {
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) throw invalid(path, 'a list');
    if (value.length > maxListItems) throw invalid(path, `a list of at most ${maxListItems}`);
    return value.map((element: unknown, index) => {
      path.push(`[${index}]`);
      if (refusesNull && element === null) throw invalid(path, 'an object');
      const decoded = decode(element, path);
      path.pop();
      return decoded;
    });
  };
}

function compileMap(of: WireSchema, bounds: WireBounds): Decode {
  const decode = compile(of, bounds);
  return (value, path) => {
    const result = new Map<string, unknown>();
    if (isAbsent(value)) return result;
    if (!isJsonObject(value)) throw invalid(path, 'an object');
    // Keys are the client's own text and stay out of details.
    path.push('*');
    for (const key of keysOf(value, bounds, path)) {
      if (exceedsBytes(key, bounds.maxIdBytes)) throw tooLong(path, bounds.maxIdBytes);
      if (key.includes('\0')) throw invalid(path, 'named without NUL');
      result.set(key, decode(value[key], path));
    }
    path.pop();
    return result;
  };
}

const emptyBytes = Buffer.alloc(0);

function decodeString(value: unknown, path: Path): string {
  if (isAbsent(value)) return '';
  if (typeof value !== 'string') throw invalid(path, 'a string');
  // PostgreSQL cannot hold it, and no client has a use for it.
  if (value.includes('\0')) throw invalid(path, 'a string without NUL');
  return value;
}

function idDecoder({ maxIdBytes }: WireBounds): Decode {
  return (value, path) => {
    const id = decodeString(value, path);
    if (exceedsBytes(id, maxIdBytes)) throw tooLong(path, maxIdBytes);
    return id;
  };
}

const scalarDecoders: Readonly<Record<Exclude<WireScalar, 'id'>, Decode>> = {
  string: decodeString,
  int32: integerDecoder(-(2 ** 31), 2 ** 31 - 1),
  uint32: integerDecoder(0, 2 ** 32 - 1),
  int64: integerDecoder(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  uint64: integerDecoder(0, Number.MAX_SAFE_INTEGER),
  hash64: (value, path) => {
    if (isAbsent(value)) return 0n;
    const exact = JSON.isRawJSON(value)
      ? BigInt(value.rawJSON)
      : Number.isSafeInteger(value)
        ? BigInt(value as number)
        : undefined;
    if (exact === undefined) throw invalid(path, 'an integer');
    if (exact < 0n || exact >= 2n ** 64n) throw errors.args(`${show(path)} is out of range`);
    return exact;
  },
  float: (value, path) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (isAbsent(value)) return 0;
    if (JSON.isRawJSON(value)) return Number(value.rawJSON);
    throw invalid(path, 'a number');
  },
  bool: (value, path) => {
    if (typeof value === 'boolean') return value;
    if (isAbsent(value)) return false;
    throw invalid(path, 'a boolean');
  },
  bytes: (value, path) => {
    if (isAbsent(value)) return emptyBytes;
    const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
    if (bytes === undefined) throw invalid(path, 'a base64 string');
    return bytes;
  },
};

function integerDecoder(minimum: number, maximum: number): Decode {
  return (value, path) => {
    if (isAbsent(value)) return 0;
    const isTooLarge = JSON.isRawJSON(value);
    if (!isTooLarge && !Number.isInteger(value)) throw invalid(path, 'an integer');
    const number = value as number;
    if (isTooLarge || number < minimum || number > maximum) throw errors.args(`${show(path)} is out of range`);
    // Turns -0 into 0.
    return number + 0;
  };
}

/** BoolValue is read more generously than bool. */
function decodeBoolOrBit(value: unknown, path: Path): unknown {
  return value === 0 || value === 1 ? value === 1 : scalarDecoders.bool(value, path);
}

function decodeAny(value: unknown): unknown {
  return value ?? null;
}

function decodeAnyObject(value: unknown, path: Path): unknown {
  if (isAbsent(value)) return null;
  if (!isJsonObject(value)) throw invalid(path, 'an object');
  return value;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

function invalid(path: Path, expected: string): Error {
  return errors.args(`${show(path)} must be ${expected}`);
}

function tooLong(path: Path, maxBytes: number): Error {
  return errors.args(`${show(path)} is over ${maxBytes} bytes`);
}

/** `users`, `[0]`, `ex` → `users[0].ex` */
function show(path: Path): string {
  return path.length === 0 ? 'body' : path.join('.').replaceAll('.[', '[');
}
