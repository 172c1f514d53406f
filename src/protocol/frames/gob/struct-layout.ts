/** How the fields of a struct lie on the wire, as the type definitions before its value say. */
import type { GobReader } from './gob-reader.ts';
import { type FieldKind, type GobField, type GobTypes, refuse, wireTypes } from './gob-types.ts';
import { readTypeDefinitions } from './type-definition.ts';

export interface StructLayout {
  /** Where the value's message begins. */
  readonly start: number;
  /** Of the value's type. */
  readonly id: number;
  /** In the order of the wire. */
  readonly fields: readonly FieldLayout[];
  /** For the values of fields that are not wanted. */
  readonly types: GobTypes;
}

interface FieldLayout extends GobField {
  /** Undefined for a field that is not wanted. */
  readonly kind: FieldKind | undefined;
}

/**
 * Reads type definitions, and into the value message that follows.
 *
 * @param wanted the fields to find, by their names
 */
export function readLayout(reader: GobReader, wanted: ReadonlyMap<string, FieldKind>): StructLayout {
  const { id, types, start } = readTypeDefinitions(reader);
  const struct = types.get(id);
  if (struct?.kind !== 'struct') refuse('the value is not a struct');
  const fields = struct.fields.map(({ name, type }) => ({ name, type, kind: wanted.get(name) }));
  const found = fields.filter(({ kind }) => kind !== undefined);
  if (found.length === 0 && fields.length > 0) refuse('a struct of other fields than ours');
  if (found.some(isOfOtherType)) refuse('a field of another type than ours');
  return { start, id, fields, types };
}

function isOfOtherType({ kind, type }: FieldLayout): boolean {
  return kind !== undefined && wireTypes[kind] !== type;
}
