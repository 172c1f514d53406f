/** Scans a Redis for what the token store must never leave behind, and empties it. Layout: design.md 3. */
import assert from 'node:assert/strict';
import { createClient } from 'redis';

/**
 * Every key has a TTL: a token's is its own exp, an index's is that of the longest-lived token in it. No index names a
 * token that is gone, and no token is missing from its index.
 */
export async function checkAndClear(url: string): Promise<void> {
  const client = createClient({ url });
  await client.connect();
  try {
    const indexed: string[] = [];
    const tokens: string[] = [];
    for (const key of await client.keys('*')) {
      const expiresAt = await client.pExpireTime(key);
      assert.ok(expiresAt > 0, `${key} has no TTL`);
      if (key.endsWith('}:tokens')) {
        const entries = await client.zRangeWithScores(key, 0, -1);
        const ends = entries.map(({ score }) => Math.abs(score));
        assert.equal(expiresAt, Math.max(...ends), `${key} has the TTL of its longest-lived token`);
        for (const [i, { value, score }] of entries.entries()) {
          const token = `${key.slice(0, -'s'.length)}:${value}`;
          assert.equal(await client.pExpireTime(token), ends[i], `${token} ends when the index says`);
          assert.equal(
            score > 0,
            /^[ls]/.test((await client.get(token)) ?? ''),
            `${token} is accepted as the index says`,
          );
          indexed.push(token);
        }
      } else {
        assert.equal(expiresAt, Number((await client.get(key))?.split('|')[3]), `${key} ends at its own exp`);
        tokens.push(key);
      }
    }
    assert.deepEqual(tokens.sort(), indexed.sort());
    await client.flushAll();
  } finally {
    await client.close();
  }
}
