/** Scans Redis for what the token store must never leave behind, and empties it. Layout: design.md 3. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createClient } from '@redis/client';
import { issueOrderOf } from '../../../src/redis/tokens/token-value.ts';

/**
 * From now on, after each of the test's subtests: every key has a TTL; a token's is its own exp, that of a set of tokens
 * is that of the longest-lived one in it. No set names a token that is gone, every token is in the set of its state, and
 * in no other.
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
  // Side by side, here and below: their commands share a round trip.
  const check = async (key: string) => {
    const endsAt = await client.pExpireTime(key);
    assert.ok(endsAt > 0, `${key} has no TTL`);
    const set = sets.find(({ ending }) => key.endsWith(ending));
    if (set !== undefined) indexed.push(...(await checkSet(client, key, set, endsAt)));
    else if (key.endsWith(':not-before')) assert.match((await client.get(key)) ?? '', /^\d+=\d+(,\d+=\d+)*$/);
    else tokens.push(key);
  };
  await Promise.all(keys.map(check));
  assert.deepEqual(tokens.sort(), indexed.sort(), 'the tokens are those in the indexes');
  return keys;
}

interface TokenSet {
  readonly ending: string;
  /** What the values of its tokens look like. */
  readonly value: RegExp;
  /** The score of each token. */
  readonly scoreOf: (endsAt: number, value: string) => number;
}

const live: TokenSet = { ending: '}:tokens', value: /^l/, scoreOf: (endsAt) => endsAt / 1000 };
const past: TokenSet = { ending: '}:past', value: /^[skr]/, scoreOf: (_, value) => issueOrderOf(value) };
const superseded: TokenSet = {
  ending: '}:superseded',
  value: /^s/,
  scoreOf: (_, value) => Number(value.split('|')[2]),
};
const sets = [live, past, superseded];

/** @returns the keys of its tokens; of the superseded ones none, as they are past too */
async function checkSet(client: Client, key: string, set: TokenSet, setEndsAt: number): Promise<string[]> {
  const tokens: string[] = [];
  let longest = 0;
  const check = async ({ value: jti, score }: { value: string; score: number }) => {
    const token = `${key.slice(0, -set.ending.length)}}:token:${jti}`;
    const [value, endsAt] = await Promise.all([
      client.get(token).then((text) => text ?? ''),
      client.pExpireTime(token),
    ]);
    assert.match(value, set.value, `${token} is in ${key}`);
    assert.equal(score, set.scoreOf(endsAt, value), `${token} stands in ${key} where it belongs`);
    longest = Math.max(longest, endsAt);
    tokens.push(token);
  };
  await Promise.all((await client.zRangeWithScores(key, 0, -1)).map(check));
  assert.ok(set === live ? setEndsAt === longest : setEndsAt >= longest, `${key} lives as its longest`);
  return set === superseded ? [] : tokens;
}
