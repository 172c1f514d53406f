/** Passes over the values of fields that we do not know. Protocol: websocket.md 2.6, parsing rules. */
import type { GobReader } from './gob-reader.ts';
import { builtInTypes, type GobTypes, gobLimits, refuse } from './gob-types.ts';

/**
 * Costs time in proportion to the bytes of the value: each element of whatever type takes at least one.
 *
 * @param type its ID. Interface values are refused, for they bring types of their own.
 */
export function skipValue(reader: GobReader, type: number, types: GobTypes, nesting = 0): void {
  if (nesting > gobLimits.nesting) refuse('nested too deep');
  switch (type) {
    case builtInTypes.bool:
    case builtInTypes.int:
    case builtInTypes.uint:
    case builtInTypes.float:
      reader.skipUint();
      break;
    case builtInTypes.bytes:
    case builtInTypes.string:
      reader.skipBytes();
      break;
    case builtInTypes.complex:
      reader.skipUint();
      reader.skipUint();
      break;
    default:
      skipDefined(reader, type, types, nesting + 1);
  }
}

function skipDefined(reader: GobReader, id: number, types: GobTypes, nesting: number): void {
  const type = types.get(id) ?? refuse('a type that is not defined');
  switch (type.kind) {
    case 'struct': {
      const count = type.fields.length;
      for (let field = reader.nextField(-1, count); field !== -1; field = reader.nextField(field, count)) {
        skipValue(reader, type.fields[field]?.type ?? 0, types, nesting);
      }
      break;
    }
    case 'array':
    case 'slice': {
      const count = reader.length();
      if (type.kind === 'array' && count !== type.length) refuse('an array of another length than its type');
      for (let i = 0; i < count; i++) skipValue(reader, type.element, types, nesting);
      break;
    }
    case 'map':
      for (let left = reader.length(); left > 0; left--) {
        skipValue(reader, type.key, types, nesting);
        skipValue(reader, type.element, types, nesting);
      }
      break;
    case 'opaque':
      reader.skipBytes();
  }
}
