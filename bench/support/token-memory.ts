/** How much Redis memory tokens take, Tessera's layout beside OpenIM's with the same users. */
import { type PlatformID, platforms } from '../../src/protocol/numbers/platforms.ts';
import { connectRedis } from '../../src/redis/client/client.ts';
import { loginPolicy } from '../../src/tokens/policy.ts';
import { startRedis } from '../../test/support/services/redis.ts';
import { benchRedis } from './bench-redis.ts';
import { startOpenIM38 } from './openim-3-8.ts';
import { SeededRandom } from './seeded-random.ts';
import { TesseraTokens } from './tessera-tokens.ts';
import type { Device, TokenSystem, TokenSystemOptions } from './token-system.ts';

export interface MemoryRow {
  readonly title: string;
  /** Bytes per token. */
  readonly tessera: number;
  readonly openIM: number;
  readonly aim: string;
}

const policy = loginPolicy('keep-all', 0);
const lifetimeSeconds = 90 * 86_400;
const { IOS, Android, Windows, Web } = platforms;
const layouts: readonly { title: string; platformIDs: readonly PlatformID[]; aim: string }[] = [
  { title: 'one token per user', platformIDs: [IOS], aim: '330' },
  { title: 'four per user, on four platforms', platformIDs: [IOS, Android, Windows, Web], aim: '220' },
  { title: 'four per user, on one platform', platformIDs: [Web, Web, Web, Web], aim: '220' },
];

export async function measureTokenMemory(tokens: number): Promise<readonly MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const { title, platformIDs, aim } of layouts) {
    const startOpenIM = (options: TokenSystemOptions) =>
      startOpenIM38({ ...options, platformIDs: [...new Set(platformIDs)], random: new SeededRandom(1) });
    rows.push({
      title,
      tessera: await bytesPerToken(TesseraTokens.start, tokens, platformIDs),
      openIM: await bytesPerToken(startOpenIM, tokens, platformIDs),
      aim,
    });
  }
  return rows;
}

async function bytesPerToken(
  start: (options: TokenSystemOptions) => Promise<TokenSystem>,
  tokens: number,
  platformIDs: readonly PlatformID[],
): Promise<number> {
  await using redis = await startRedis();
  await using system = await start({ redisUrl: redis.url, policies: [policy], policyOf: () => policy });
  // Everybody's first token, then everybody's second: nobody logs in twice within a millisecond.
  const users = tokens / platformIDs.length;
  const devices = Array.from({ length: tokens }, (_, index) => ({
    userID: String(1_000_000_000 + (index % users)),
    platformID: platformIDs[Math.floor(index / users)]!,
  }));
  // Scripts and connections are there already when the counting begins.
  await system.logIn({ userID: 'first', platformID: Web }, lifetimeSeconds);
  const before = await usedMemory(redis.url);
  await logInAll(system, devices);
  return ((await usedMemory(redis.url)) - before) / tokens;
}

async function logInAll(system: TokenSystem, devices: readonly Device[]): Promise<void> {
  const waiting = devices.entries();
  const worker = async () => {
    for (const [, device] of waiting) await system.logIn(device, lifetimeSeconds);
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

async function usedMemory(redisUrl: string): Promise<number> {
  await using redis = await connectRedis(redisUrl, benchRedis);
  const info = String(await redis.command(undefined, ['INFO', 'memory']));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}
