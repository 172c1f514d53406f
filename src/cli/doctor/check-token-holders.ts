/** Whether everybody who holds a token is registered: who is not is logged in, and cannot log in again. */
import type { RedisClient, RedisNode } from '../../redis/client/client.ts';
import { openimKeyPattern, parseOpenimKey } from '../../redis/openim/openim-layout.ts';
import { indexKeyPattern, userOfIndexKey } from '../../redis/tokens/token-keys.ts';
import type { RegisteredUsers } from '../registered-users.ts';
import { type Finding, ok, problem } from './finding.ts';

export async function checkTokenHolders(redis: RedisClient, registered: RegisteredUsers): Promise<Finding> {
  const subject = 'holders of tokens';
  const missing = new Set<string>();
  let holders = 0;
  for (const master of await redis.masters()) {
    for await (const userIDs of holdersOn(master)) {
      holders += userIDs.length;
      const known = await registered.among(userIDs);
      for (const userID of userIDs) if (!known.has(userID)) missing.add(userID);
    }
  }
  if (missing.size === 0) return ok(subject, `${holders}, all of them registered`);
  const examples = [...missing].slice(0, 3).map((userID) => JSON.stringify(userID));
  const some = missing.size > examples.length ? `${examples.join(', ')} and more` : examples.join(', ');
  return problem(
    subject,
    `${missing.size} are not registered (${some}): their tokens hold, their next login fails`,
    'tessera users import; see docs/migrating-from-openim.md',
  );
}

/** Of Tessera's tokens, and of those that OpenIM keeps on the same Redis. */
async function* holdersOn(master: RedisNode): AsyncGenerator<readonly string[]> {
  for await (const keys of master.scan(indexKeyPattern, 1000)) yield [...new Set(keys.map(userOfIndexKey))];
  for await (const keys of master.scan(openimKeyPattern, 1000)) {
    yield [...new Set(keys.flatMap((key) => parseOpenimKey(key)?.userID ?? []))];
  }
}
