/** Lua scripts in files below src/redis/. */
import { readFileSync } from 'node:fs';

/** @param path below src/redis/ */
export function readLua(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
