/** Scans Redis for what the token store must never leave behind, and empties it. Layout: design.md 3. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createClient } from 'redis';

/**
 * From now on, after each of the test's subtests: every key has a TTL; a token's is its own exp, an index's is that of
 * the longest-lived token in it. No index names a token that is gone, and no token is missing from its index.
 * @param urls of every master
 */
export async function checkLayoutAfterEach(t: TestContext, ...urls: readonly string[]): Promise<void> {
  const clients = await Promise.all(urls.map((url) => createClient({ url }).connect()));
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  t.afterEach(async () => {
    for (const client of clients) {
      const keys = await checkKeys(client);
      // One by one: a Cluster takes no keys of different slots together, and takes long to flush.
      await Promise.all(keys.map((key) => client.del(key)));
    }
  });
}

type Client = Pick<ReturnType<typeof createClient>, 'keys' | 'pExpireTime' | 'get' | 'zRangeWithScores'>;

/** One master's keys, all of them. @returns their names */
export async function checkKeys(client: Client): Promise<string[]> {
  const indexed: string[] = [];
  const tokens: string[] = [];
  const keys = await client.keys('*');
  for (const key of keys) {
    const endsAt = await client.pExpireTime(key);
    assert.ok(endsAt > 0, `${key} has no TTL`);
    if (key.endsWith('}:tokens')) indexed.push(...(await checkIndex(client, key, endsAt)));
    else if (key.endsWith(':not-before')) assert.match((await client.get(key)) ?? '', /^\d+=\d+(,\d+=\d+)*$/);
    else tokens.push(key);
  }
  assert.deepEqual(tokens.sort(), indexed.sort(), 'the tokens are those in the indexes');
  return keys;
}

/** @returns the keys of its tokens */
async function checkIndex(client: Client, key: string, endsAt: number): Promise<string[]> {
  const entries = await client.zRangeWithScores(key, 0, -1);
  assert.equal(endsAt, Math.max(...entries.map(({ score }) => Math.abs(score) * 1000)), `${key} lives as its longest`);
  const tokens: string[] = [];
  for (const { value: jti, score } of entries) {
    const token = `${key.slice(0, -'s'.length)}:${jti}`;
    assert.equal(await client.pExpireTime(token), Math.abs(score) * 1000, `${token} ends when the index says`);
    const value = (await client.get(token)) ?? '';
    // A superseded one is on either side: it changes with the first login after its grace.
    assert.match(value, score > 0 ? /^[ls]/ : /^[skr]/, `${token} is accepted as the index says`);
    tokens.push(token);
  }
  return tokens;
}
