/** The token scripts from their files, each with what they share in front of it. */
import { type RedisScript, redisScript } from '../client/client.ts';
import { readLua } from '../lua-file.ts';

/** @param path of a file below src/redis/ */
export function loadScript(path: string): RedisScript {
  return redisScript(`${readLua('tokens/scripts/token-records.lua')}\n${readLua(path)}`);
}
