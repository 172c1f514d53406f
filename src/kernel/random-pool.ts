/** Random bytes in small pieces, cut from a large one: a call of the system's generator costs more than a name needs. */
import { randomBytes } from 'node:crypto';

/** A source of random bytes for names, which are no secrets: those that were given away stay in memory for a while. */
export function randomPool(poolSize = 4096): (size: number) => Buffer {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (size) => {
    if (used + size > pool.length) {
      pool = randomBytes(Math.max(poolSize, size));
      used = 0;
    }
    used += size;
    return pool.subarray(used - size, used);
  };
}
