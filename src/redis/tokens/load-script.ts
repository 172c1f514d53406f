/** The token scripts from their files, each with what they share in front of it. */
import { readFileSync } from 'node:fs';
import { type RedisScript, redisScript } from '../client/client.ts';

/** @param path of a file below src/redis/ */
export function loadScript(path: string): RedisScript {
  const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  return redisScript(`${read('tokens/scripts/token-records.lua')}\n${read(path)}`);
}
