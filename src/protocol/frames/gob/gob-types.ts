/**
 * The type system of Go's gob encoding, as far as the socket's envelopes need it: the built-in types by their IDs, and
 * the types that a stream defines before its value. Protocol: websocket.md 2.6.
 */
import { FrameDecodeError } from '../frames.ts';

/** IDs of the types that no stream defines. */
export const builtInTypes = {
  bool: 1,
  int: 2,
  uint: 3,
  float: 4,
  bytes: 5,
  string: 6,
  complex: 7,
} as const;

/** IDs from here on are those of types that the stream itself defines. */
export const firstDefinedType = 64;

/** What one frame may hold, whatever its size: the envelopes have one type, of six fields, and nothing nested. */
export const gobLimits = {
  types: 64,
  /** Of one struct type. */
  fields: 256,
  /** Of a value inside others that has to be passed over. */
  nesting: 64,
} as const;

/** A type that a stream defines. The numbers are type IDs, which may be defined before or after, or not at all. */
export type GobType =
  | { readonly kind: 'struct'; readonly fields: readonly GobField[] }
  | { readonly kind: 'array'; readonly element: number; readonly length: number }
  | { readonly kind: 'slice'; readonly element: number }
  | { readonly kind: 'map'; readonly key: number; readonly element: number }
  /** Go types that encode themselves: a byte string to everybody else. */
  | { readonly kind: 'opaque' };

export interface GobField {
  readonly name: string;
  readonly type: number;
}

/** By type ID. */
export type GobTypes = ReadonlyMap<number, GobType>;

/** The fields of a struct that we read or write, in their order, each with the type of its values. */
export type StructSpec = Readonly<Record<string, FieldKind>>;

export type FieldKind = 'int32' | 'string' | 'bytes';

/** A value of such a struct. */
export type StructValue<S extends StructSpec> = { -readonly [Name in keyof S]: FieldValues[S[Name]] };

interface FieldValues {
  readonly int32: number;
  readonly string: string;
  readonly bytes: Uint8Array;
}

/** The type that a field must have on the wire; int, int32 and int64 are one there. */
export const wireTypes: Readonly<Record<FieldKind, number>> = {
  int32: builtInTypes.int,
  string: builtInTypes.string,
  bytes: builtInTypes.bytes,
};

/** For everything that is wrong with a frame. `reason` must not repeat the frame's content. */
export function refuse(reason: string): never {
  throw new FrameDecodeError(`gob: ${reason}`);
}
