/**
 * Reads how a stream defines its types: each definition is itself a struct value, of Go's built-in WireType.
 * Protocol: websocket.md 2.6, type definition payload.
 */
import type { GobReader } from './gob-reader.ts';
import { firstDefinedType, type GobField, type GobType, type GobTypes, gobLimits, refuse } from './gob-types.ts';

/**
 * Reads messages up to the first one that is a value, and into that.
 *
 * @returns where that message begins, the value's type ID, and the types that were defined before
 */
export function readTypeDefinitions(reader: GobReader): {
  readonly start: number;
  readonly id: number;
  readonly types: GobTypes;
} {
  const types = new Map<number, GobType>();
  for (;;) {
    const start = reader.position;
    reader.nextMessage();
    const id = reader.int();
    if (id >= 0) return { start, id, types };
    if (-id < firstDefinedType) refuse('a built-in type is defined');
    if (types.has(-id)) refuse('a type is defined twice');
    if (types.size === gobLimits.types) refuse('too many types');
    types.set(-id, readWireType(reader));
    if (!reader.isAtEnd) refuse('something follows a type in its message');
  }
}

/** One field of the seven is set, and says what kind of type it is. */
function readWireType(reader: GobReader): GobType {
  const kind = reader.nextField(-1, 7);
  if (kind === -1) refuse('a type without a kind');
  const type = readKind(reader, kind);
  if (reader.nextField(kind, 7) !== -1) refuse('a type of two kinds');
  return type;
}

function readKind(reader: GobReader, kind: number): GobType {
  switch (kind) {
    case 0: {
      const [element = 0, length = 0] = readNumbers(reader, 2);
      return { kind: 'array', element, length };
    }
    case 1: {
      const [element = 0] = readNumbers(reader, 1);
      return { kind: 'slice', element };
    }
    case 2:
      return readStructType(reader);
    case 3: {
      const [key = 0, element = 0] = readNumbers(reader, 2);
      return { kind: 'map', key, element };
    }
    default:
      readNumbers(reader, 0);
      return { kind: 'opaque' };
  }
}

/** A struct value of a CommonType and `count` integers. */
function readNumbers(reader: GobReader, count: number): readonly number[] {
  const numbers = [0, 0];
  for (let field = reader.nextField(-1, count + 1); field !== -1; field = reader.nextField(field, count + 1)) {
    if (field === 0) skipCommonType(reader);
    else numbers[field - 1] = reader.int();
  }
  return numbers;
}

function readStructType(reader: GobReader): GobType {
  const fields: GobField[] = [];
  for (let field = reader.nextField(-1, 2); field !== -1; field = reader.nextField(field, 2)) {
    if (field === 0) skipCommonType(reader);
    else for (let left = reader.length(); left > 0; left--) fields.push(readFieldType(reader, fields.length));
  }
  return { kind: 'struct', fields };
}

function readFieldType(reader: GobReader, before: number): GobField {
  if (before === gobLimits.fields) refuse('too many fields');
  let name = '';
  let type = 0;
  for (let field = reader.nextField(-1, 2); field !== -1; field = reader.nextField(field, 2)) {
    if (field === 0) name = reader.string();
    else type = reader.int();
  }
  return { name, type };
}

/** The type's name and once more its ID: nobody is to rely on either. */
function skipCommonType(reader: GobReader): void {
  for (let field = reader.nextField(-1, 2); field !== -1; field = reader.nextField(field, 2)) {
    if (field === 0) reader.skipBytes();
    else reader.skipUint();
  }
}
