/** The one reader of files that people write. */
import { readFileSync } from 'node:fs';

/**
 * The text without the byte order mark that some editors put in front of it: it would become a part of the first key.
 * @throws as readFileSync; also if the file is UTF-16
 */
export function readTextFile(path: string): string {
  const bytes = readFileSync(path);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw Object.assign(new Error(`${path} is UTF-16`), { code: 'UTF-16: save it as UTF-8' });
  }
  return new TextDecoder().decode(bytes);
}

/** Why a file could not be read, in a word. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
