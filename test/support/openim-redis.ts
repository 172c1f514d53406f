/**
 * An OpenIM server as its Redis sees it: tokens signed, stored, kicked and looked up with plain commands, in the layouts
 * of 3.7.1 and 3.8. Protocol: rest-core.md 5.2 to 5.9.
 */
import { createHmac } from 'node:crypto';
import { platformName, platforms } from '../../src/protocol/numbers/platforms.ts';
import type { RedisClient } from '../../src/redis/client/client.ts';

export const openimSecret = 'the share.secret of an OpenIM';

/**
 * 3.7.1 sets a hash's expiry with its first token, 3.8 with each. Keys and fields are the same.
 */
export type OpenimVersion = '3.7.1' | '3.8';

export interface OpenimOptions {
  readonly version?: OpenimVersion;
  readonly secret?: string;
  /** tokenPolicy.expire; OpenIM has whole days. */
  readonly expireMs?: number;
  /** Unix ms. */
  readonly clock?: () => number;
}

export interface OpenimTokenClaims {
  readonly userID: string;
  readonly platformID: number;
  /** Unix ms. */
  readonly issuedAt: number;
  /** Unix ms. */
  readonly expiresAt: number;
}

export class OpenimServer {
  readonly #redis: RedisClient;
  readonly #options: Required<OpenimOptions>;

  constructor(redis: RedisClient, options: OpenimOptions = {}) {
    this.#redis = redis;
    this.#options = { version: '3.8', secret: openimSecret, expireMs: 90 * 86_400_000, clock: Date.now, ...options };
  }

  /** Signs and stores a token, whatever others there are. @param lifeMs of the token; the hash's is by the version */
  async issue(userID: string, platformID: number, lifeMs = this.#options.expireMs): Promise<string> {
    const { version, secret, expireMs, clock } = this.#options;
    const issuedAt = clock();
    const token = signOpenimToken({ userID, platformID, issuedAt, expiresAt: issuedAt + lifeMs }, secret);
    const hash = openimHash(userID, platformID);
    const isNew = (await this.#redis.command(hash, ['EXISTS', hash])) === 0;
    await this.#redis.command(hash, ['HSET', hash, token, '0']);
    if (isNew || version === '3.8') await this.#redis.command(hash, ['PEXPIRE', hash, String(expireMs)]);
    await this.#invalidate(hash);
    return token;
  }

  /** As the login policy, a forced logout or the gateway does it. */
  async kick(userID: string, platformID: number, ...tokens: readonly string[]): Promise<void> {
    const hash = openimHash(userID, platformID);
    await this.#redis.command(hash, ['HSET', hash, ...tokens.flatMap((token) => [token, '2'])]);
    await this.#invalidate(hash);
  }

  /** Every token of a user and platform. */
  async forceLogout(userID: string, platformID: number): Promise<void> {
    await this.kick(userID, platformID, ...Object.keys(await this.fields(userID, platformID)));
  }

  /** What a newer admin token does to an older one. */
  async supersede(userID: string, token: string, graceMs = 5 * 60_000): Promise<void> {
    const hash = openimHash(userID, platforms.Admin);
    const key = openimTemporary(userID, token);
    await this.#redis.command(key, ['SET', key, '', 'PX', String(graceMs)]);
    await this.#redis.command(hash, ['HDEL', hash, token]);
    await this.#invalidate(hash);
  }

  /** What each issue does first: ended tokens are forgotten. */
  async purge(userID: string, platformID: number): Promise<void> {
    const ended = Object.entries(await this.fields(userID, platformID)).filter(([, status]) => status !== '0');
    const hash = openimHash(userID, platformID);
    if (ended.length > 0) await this.#redis.command(hash, ['HDEL', hash, ...ended.map(([token]) => token)]);
    await this.#invalidate(hash);
  }

  /** The code that OpenIM answers a token of this user and platform with, as long as its signature and times are right. */
  async codeOf(userID: string, platformID: number, token: string): Promise<number> {
    const status = await this.#redis.hget(openimHash(userID, platformID), token);
    if (status === null) {
      const temporary = platformID === platforms.Admin && (await this.#redis.get(openimTemporary(userID, token)));
      return temporary === '' ? 0 : 1507;
    }
    return { '0': 0, '2': 1506 }[status] ?? 1505;
  }

  /** Status by token. */
  async fields(userID: string, platformID: number): Promise<Readonly<Record<string, string>>> {
    return { ...(await this.#redis.hgetall(openimHash(userID, platformID))) };
  }

  /** Milliseconds that the hash has left; -1: it has no TTL, -2: it is gone. */
  async hashLifeMs(userID: string, platformID: number): Promise<number> {
    const hash = openimHash(userID, platformID);
    return Number(await this.#redis.command(hash, ['PTTL', hash]));
  }

  /** The hash lapses, as it does when its life is over before that of its tokens. */
  async lapse(userID: string, platformID: number): Promise<void> {
    const hash = openimHash(userID, platformID);
    await this.#redis.command(hash, ['DEL', hash]);
  }

  #invalidate(hash: string): Promise<void> {
    return this.#redis.publish('DELETE_CACHE_AUTH', JSON.stringify([hash]));
  }
}

/** Claims in OpenIM's order, iat set back by five seconds, neither jti nor kid. */
export function signOpenimToken(claims: OpenimTokenClaims, secret = openimSecret): string {
  const { userID, platformID, issuedAt, expiresAt } = claims;
  const payload = {
    UserID: userID,
    PlatformID: platformID,
    exp: Math.floor(expiresAt / 1000),
    iat: Math.floor(issuedAt / 1000) - 5,
  };
  const signedPart = `${header}.${base64url(JSON.stringify(payload))}`;
  return `${signedPart}.${createHmac('sha256', secret).update(signedPart).digest('base64url')}`;
}

export function openimHash(userID: string, platformID: number): string {
  return `UID_PID_TOKEN_STATUS:${userID}:${platformName(platformID)}`;
}

export function openimTemporary(userID: string, token: string): string {
  return `UID_PID_TOKEN_STATUS::TEMPORARY:${userID}:Admin:${token}`;
}

const header = base64url('{"alg":"HS256","typ":"JWT"}');

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

const dayMs = 86_400_000;

/** A Redis after years of OpenIM: every state that its keys can be in. */
export interface OpenimHistory {
  /** Accepted by OpenIM. */
  readonly live: readonly OpenimTokenClaims[];
  /** What an import has to find, by the names of its report. */
  readonly expected: Readonly<Record<string, number>>;
}

/** @param now Unix ms, a whole second */
export async function fillWithHistory(redis: RedisClient, now: number): Promise<OpenimHistory> {
  const live: OpenimTokenClaims[] = [];
  const token = (userID: string, platformID: number, { issuedAgoMs = dayMs, lifeMs = 90 * dayMs } = {}) => {
    const claims = { userID, platformID, issuedAt: now - issuedAgoMs, expiresAt: now - issuedAgoMs + lifeMs };
    return { claims, text: signOpenimToken(claims) };
  };
  const liveToken = (...args: Parameters<typeof token>) => {
    const made = token(...args);
    live.push(made.claims);
    return made.text;
  };
  const write = async (key: string, fields: Readonly<Record<string, string>>, ttlMs?: number) => {
    await redis.command(key, ['HSET', key, ...Object.entries(fields).flat()]);
    if (ttlMs !== undefined) await redis.command(key, ['PEXPIRE', key, String(ttlMs)]);
  };

  // 3.8: the hash's life was set with the newest token.
  await write(openimHash('anna', 1), { [liveToken('anna', 1)]: '0' }, 89 * dayMs);
  await write(openimHash('anna', 5), { [liveToken('anna', 5)]: '0' }, 89 * dayMs);
  await write(openimHash('anna', 11), { [liveToken('anna', 11)]: '0' }, 89 * dayMs);
  // 3.7.1: the hash is about to lapse with its first token, and the second would die with it.
  await write(
    openimHash('bert', 2),
    {
      [token('bert', 2, { issuedAgoMs: 91 * dayMs }).text]: '0',
      [liveToken('bert', 2, { issuedAgoMs: dayMs / 2 })]: '0',
    },
    60_000,
  );
  // Known defects 3 and 8: without a TTL.
  await write(openimHash('cleo', 3), { [liveToken('cleo', 3)]: '0' });
  // Kicked, and one that was not.
  await write(
    openimHash('dora', 8),
    { [token('dora', 8).text]: '2', [liveToken('dora', 8, { issuedAgoMs: dayMs / 3 })]: '0' },
    90 * dayMs,
  );
  // A state that OpenIM never writes; what is no token; and what others have signed.
  await write(
    openimHash('emil', 4),
    {
      [token('emil', 4).text]: '1',
      'no token at all': '0',
      'a.b.c': '0',
      '': '0',
      [signOpenimToken({ userID: 'emil', platformID: 4, issuedAt: now, expiresAt: now + dayMs }, 'another secret')]:
        '0',
    },
    89 * dayMs,
  );
  // In a hash where OpenIM would not look for it.
  await write(openimHash('fred', 5), { [token('anna', 5, { issuedAgoMs: dayMs / 4 }).text]: '0' }, 89 * dayMs);
  // Known defect 17: a platform that does not exist.
  const stray = signOpenimToken({ userID: 'gina', platformID: 42, issuedAt: now, expiresAt: now + dayMs });
  await write('UID_PID_TOKEN_STATUS:gina:', { [stray]: '0' }, 89 * dayMs);
  // Not a hash.
  await redis.command('UID_PID_TOKEN_STATUS:hugo:IOS', ['SET', 'UID_PID_TOKEN_STATUS:hugo:IOS', 'x', 'EX', '600']);
  // An admin's token, and the one before it in its grace.
  await write(openimHash('imAdmin', 10), { [liveToken('imAdmin', 10)]: '0' }, 89 * dayMs);
  const older = token('imAdmin', 10, { issuedAgoMs: 2 * dayMs }).text;
  await redis.command(openimTemporary('imAdmin', older), ['SET', openimTemporary('imAdmin', older), '', 'EX', '200']);

  const expected = {
    hashes: 10,
    converted: 7,
    kicked: 1,
    superseded: 1,
    expired: 1,
    malformed: 3,
    wrongSecret: 1,
    misplaced: 1,
    invalid: 1,
    unknownPlatform: 1,
    hashesWithoutTtl: 1,
    hashesEndingEarly: 1,
    notHashes: 1,
  };
  return { live, expected };
}

/** Users `user0`, `user1`, ... with a Web token each, one hash per user. For benches. @param now Unix ms */
export async function fillWithTokens(redis: RedisClient, count: number, now: number): Promise<void> {
  const portion = 1000;
  for (let first = 0; first < count; first += portion) {
    const writes = Array.from({ length: Math.min(portion, count - first) }, async (_, i) => {
      const userID = `user${first + i}`;
      const claims = { userID, platformID: platforms.Web, issuedAt: now - dayMs, expiresAt: now + 89 * dayMs };
      const hash = openimHash(userID, platforms.Web);
      await Promise.all([
        redis.command(hash, ['HSET', hash, signOpenimToken(claims), '0']),
        redis.command(hash, ['PEXPIRE', hash, String(89 * dayMs)]),
      ]);
    });
    await Promise.all(writes);
  }
}
