/**
 * Decodes frames of one struct value each. What the client calls its type, its ID and the order of its fields are the
 * client's own: fields are known by their names. Protocol: websocket.md 2.6, parsing rules.
 */
import { GobReader } from './gob-reader.ts';
import type { FieldKind, StructSpec, StructValue } from './gob-types.ts';
import { skipValue } from './skip-value.ts';
import { readLayout, type StructLayout } from './struct-layout.ts';

/**
 * Makes a decoder of frames that are whole streams: type definitions, then one value. Fields that are missing are 0, ''
 * or empty; fields that are not in `spec` are passed over, and so is what follows the value. Bytes are views into the
 * frame. For any other frame the decoder throws FrameDecodeError, in time and memory that its size bounds.
 *
 * A client sends the same definitions with every frame: the decoder remembers the latest few, to read them only once.
 */
export function createStructDecoder<const S extends StructSpec>(spec: S): (frame: Buffer) => StructValue<S> {
  const wanted = new Map(Object.entries(spec));
  const zero = Object.fromEntries([...wanted].map(([name, kind]) => [name, zeroes[kind]]));
  const known: KnownHead[] = [];
  let learned = 0;
  return (frame) => {
    const value: Record<string, FieldValue> = { ...zero };
    if (!readKnown(frame, known, value)) {
      const head = readUnknown(frame, wanted, value);
      if (head.bytes.length <= maxHeadLength)
        known[learned++ % maxKnownHeads] = { ...head, bytes: Buffer.from(head.bytes) };
    }
    return value as StructValue<S>;
  };
}

type FieldValue = StructValue<{ field: FieldKind }>['field'];

/** The type definitions of a frame, and what they say. */
interface KnownHead {
  readonly bytes: Buffer;
  readonly layout: StructLayout;
}

/** One for each generation of the Go core that is about. */
const maxKnownHeads = 4;
const maxHeadLength = 512;

const zeroes: Readonly<Record<FieldKind, FieldValue>> = { int32: 0, string: '', bytes: new Uint8Array() };

/** False if the frame does not begin with known definitions and go on with a value of theirs. */
function readKnown(frame: Buffer, known: readonly KnownHead[], value: Record<string, FieldValue>): boolean {
  for (const { bytes, layout } of known) {
    if (frame.length <= bytes.length || bytes.compare(frame, 0, bytes.length) !== 0) continue;
    const reader = new GobReader(frame, bytes.length);
    reader.nextMessage();
    if (reader.int() !== layout.id) continue;
    readFields(reader, layout, value);
    return true;
  }
  return false;
}

/** @returns the head, as a view into the frame */
function readUnknown(
  frame: Buffer,
  wanted: ReadonlyMap<string, FieldKind>,
  value: Record<string, FieldValue>,
): KnownHead {
  const reader = new GobReader(frame);
  const layout = readLayout(reader, wanted);
  readFields(reader, layout, value);
  return { bytes: frame.subarray(0, layout.start), layout };
}

function readFields(reader: GobReader, { fields, types }: StructLayout, value: Record<string, FieldValue>): void {
  const count = fields.length;
  for (let index = reader.nextField(-1, count); index !== -1; index = reader.nextField(index, count)) {
    const field = fields[index];
    if (field === undefined) continue;
    if (field.kind === undefined) skipValue(reader, field.type, types);
    else value[field.name] = readValue(reader, field.kind);
  }
}

function readValue(reader: GobReader, kind: FieldKind): FieldValue {
  switch (kind) {
    case 'int32':
      return reader.int32();
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.bytes();
  }
}
