/**
 * One publication from node to node: who sends, and what it has to say, each piece with its kind. A byte for the version
 * comes first; what follows in a version that is not known here cannot be read.
 */

export interface Said {
  readonly kind: string;
  readonly payload: Buffer;
}

export interface NodeEnvelope {
  readonly from: string;
  readonly said: readonly Said[];
}

const version = 1;

/** Names are short, and ASCII. */
export function encodeEnvelope({ from, said }: NodeEnvelope): Buffer {
  const pieces: Buffer[] = [Buffer.from([version]), nameBytes(from)];
  for (const { kind, payload } of said) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(payload.length);
    pieces.push(nameBytes(kind), length, payload);
  }
  return Buffer.concat(pieces);
}

/** @returns undefined for what is none, or of another version; the payloads are parts of `bytes` */
export function decodeEnvelope(bytes: Buffer): NodeEnvelope | undefined {
  if (bytes[0] !== version) return undefined;
  try {
    const [from, start] = nameAt(bytes, 1);
    const said: Said[] = [];
    let at = start;
    while (at < bytes.length) {
      const [kind, afterKind] = nameAt(bytes, at);
      const length = bytes.readUInt32BE(afterKind);
      at = afterKind + 4 + length;
      if (at > bytes.length) return undefined;
      said.push({ kind, payload: bytes.subarray(afterKind + 4, at) });
    }
    return { from, said };
  } catch {
    return undefined;
  }
}

function nameBytes(name: string): Buffer {
  return Buffer.from(`${String.fromCharCode(name.length)}${name}`, 'latin1');
}

/** @throws RangeError past the end */
function nameAt(bytes: Buffer, at: number): readonly [name: string, end: number] {
  const end = at + 1 + bytes.readUInt8(at);
  if (end > bytes.length) throw new RangeError('the name ends after the envelope');
  return [bytes.toString('latin1', at + 1, end), end];
}
