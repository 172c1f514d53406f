/** The token scripts from their files, each with what they share in front of it. */
import { readFileSync } from 'node:fs';
import { type RedisScript, redisScript } from './client.ts';

/** @param name of a file in scripts/ */
export function loadScript(name: string): RedisScript {
  const read = (file: string) => readFileSync(new URL(`./scripts/${file}`, import.meta.url), 'utf8');
  return redisScript(`${read('token-records.lua')}\n${read(name)}`);
}
