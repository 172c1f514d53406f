/** Encodes struct values as frames of one each. Protocol: websocket.md 2.6, producing rules. */
import { type FieldKind, type StructSpec, type StructValue, wireTypes } from './gob-types.ts';
import { GobWriter, maxUint } from './gob-writer.ts';

/**
 * Makes an encoder of frames that are whole streams: the definition of the struct, the same every time, and a value.
 * Fields that are 0, '' or empty are left out. Integers must be int32.
 *
 * @param typeName nobody relies on it, as little as on `typeID`, which is 64 or more
 */
export function createStructEncoder<const S extends StructSpec>(
  typeName: string,
  typeID: number,
  spec: S,
): (value: StructValue<S>) => Buffer {
  const fields: readonly (readonly [keyof S, FieldKind])[] = Object.entries(spec);
  const definition = encodeDefinition(typeName, typeID, spec);
  return (value) => {
    let maxLength = maxUint + 1;
    for (const [name] of fields) maxLength += maxFieldLength(value[name]);
    const writer = new GobWriter(definition.length, maxLength);
    writer.int(typeID);
    let skipped = 0;
    for (const [name] of fields) {
      skipped++;
      const field: FieldValue = value[name];
      if (isZero(field)) continue;
      writer.uint(skipped);
      skipped = 0;
      write(writer, field);
    }
    writer.uint(0);
    return writer.finish(definition);
  };
}

type FieldValue = StructValue<{ field: FieldKind }>['field'];

/** The message that defines the struct: a value of Go's built-in WireType, of which only the third field is set. */
function encodeDefinition(typeName: string, typeID: number, spec: StructSpec): Buffer {
  const fields = Object.entries(spec);
  const names = [typeName, ...fields.map(([name]) => name)];
  const writer = new GobWriter(0, 64 + names.reduce((sum, name) => sum + 16 + Buffer.byteLength(name), 0));
  writer.int(-typeID);
  writer.uint(3);
  writer.uint(1);
  encodeNameAndNumber(writer, typeName, typeID);
  writer.uint(1);
  writer.uint(fields.length);
  for (const [name, kind] of fields) encodeNameAndNumber(writer, name, wireTypes[kind]);
  writer.uint(0);
  writer.uint(0);
  return writer.finish(new Uint8Array());
}

/** What a CommonType and a FieldType both are. */
function encodeNameAndNumber(writer: GobWriter, name: string, id: number): void {
  writer.uint(1);
  writer.string(name);
  writer.uint(1);
  writer.int(id);
  writer.uint(0);
}

/** With its delta. A character of UTF-16 has at most three bytes in UTF-8. */
function maxFieldLength(field: FieldValue): number {
  return 1 + maxUint + (typeof field === 'number' ? 0 : typeof field === 'string' ? 3 * field.length : field.length);
}

function isZero(field: FieldValue): boolean {
  return typeof field === 'number' ? field === 0 : field.length === 0;
}

function write(writer: GobWriter, field: FieldValue): void {
  if (typeof field === 'number') writer.int(field);
  else if (typeof field === 'string') writer.string(field);
  else writer.bytes(field);
}
