/**
 * Strict standard base64. Node's own decoder forgives anything, the protocol does not.
 */

/** The bytes of padded standard base64, or undefined when the text is anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  // Node skips what it does not know, so a foreign character shows as missing bytes; - and _ it takes for + and /.
  if (bytes.length !== decodedLength(text) || text.includes('-') || text.includes('_')) return undefined;
  return bytes;
}

/** Padded standard base64 of any byte array, without copying it. */
export function encodeBase64(bytes: Uint8Array): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('base64');
}

/** Not a whole number where padding is missing. */
function decodedLength(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}
