/**
 * OpenIM's token store, emulated from the protocol reference (rest-core.md 5.4 to 5.9): the tokens of one user on one
 * platform are the fields of one Redis hash, and the hash has one expiry for all of them. What the versions differ in,
 * when that expiry is set, is in openim-3-7-1.ts and openim-3-8.ts.
 *
 * Where the reference leaves room the emulation takes what is kinder to OpenIM. Its callers do one thing after the other
 * for each user, so none of OpenIM's races (known defects 1, 2, 9) shows. Its parse cache is left out: it would hide a
 * lost token for up to five minutes, which of lives of days is nothing.
 */
import { type PlatformID, platformName } from '../../src/protocol/numbers/platforms.ts';
import { connectRedis, type RedisClient } from '../../src/redis/client/client.ts';
import { chooseVictims, policyGroups } from '../../src/tokens/policy.ts';
import { benchRedis } from './bench-redis.ts';
import { signOpenIM, verifyOpenIM } from './openim-jwt.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type Device, type Login, promisedEndOf, type TokenSystem, type TokenSystemOptions } from './token-system.ts';

/** When the one expiry of a hash is set. */
export interface ExpiryRule {
  readonly name: string;
  /** At the issue of a token into a hash that exists already; into a new one always. */
  readonly rearmsAtIssue: boolean;
  /** When the login policy kicks a token of the hash. Kicks by other means never touch it (known defect 8). */
  readonly rearmsAtPolicyKick: boolean;
}

export interface OpenIMOptions extends TokenSystemOptions {
  /** The platforms that the load uses; OpenIM reads the hashes of all eleven, of which the others would be empty. */
  readonly platformIDs: readonly PlatformID[];
  /** Picks who survives where OpenIM leaves it to the order of a map (known defect 5). */
  readonly random: SeededRandom;
}

const secret = 'a secret as OpenIM has it';
const normal = '0';
const kicked = '2';

export class OpenIMTokens implements TokenSystem {
  readonly name: string;
  readonly isPredictable = false;
  onEnded: TokenSystem['onEnded'] = () => {};
  readonly #rule: ExpiryRule;
  readonly #options: OpenIMOptions;
  readonly #redis: RedisClient;
  #lifetimeSeconds = 0;

  static async start(rule: ExpiryRule, options: OpenIMOptions): Promise<OpenIMTokens> {
    return new OpenIMTokens(rule, options, await connectRedis(options.redisUrl, benchRedis));
  }

  private constructor(rule: ExpiryRule, options: OpenIMOptions, redis: RedisClient) {
    this.name = rule.name;
    this.#rule = rule;
    this.#options = options;
    this.#redis = redis;
  }

  configure(lifetimeSeconds: number): void {
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /**
   * Protocol: rest-core.md 5.5.
   * @param wishSeconds OpenIM has no such wish: it stands for the setting that is in force at this issue
   */
  async logIn(device: Device, wishSeconds = this.#lifetimeSeconds): Promise<Login> {
    const { userID, platformID } = device;
    const now = Date.now();
    const live = await this.#purge(await this.#readHashes(userID), now);
    const groups = policyGroups(this.#options.policyOf(userID), platformID);
    for (const victim of chooseVictims(groups, live)) await this.#kickByPolicy(victim, wishSeconds);

    const key = hashKey(device);
    const isNewHash = (await this.#command(key, 'EXISTS', key)) === 0;
    const token = signOpenIM(secret, device, wishSeconds, Date.now());
    await this.#command(key, 'HSET', key, token, normal);
    if (isNewHash || this.#rule.rearmsAtIssue) await this.#expire(key, wishSeconds);
    return { id: token, token, endsAt: promisedEndOf(token) };
  }

  /** OpenIM has no renewal: whose token comes to its end logs in again. */
  renew(device: Device, _old: Login, wishSeconds?: number): Promise<Login> {
    return this.logIn(device, wishSeconds);
  }

  /** The primitive "kick tokens" (rest-core.md 5.9): marks the field, whether or not the hash is still there. */
  async revoke(device: Device, { token }: Login): Promise<void> {
    if (typeof verifyOpenIM(secret, token, Date.now()) === 'number') return;
    const key = hashKey(device);
    await this.#command(key, 'HSET', key, token, kicked);
    this.onEnded(token);
  }

  /** Reads the whole hash and writes it back with every token kicked (rest-core.md 5.9). */
  async forceLogOut(device: Device): Promise<void> {
    const key = hashKey(device);
    const tokens = Object.keys(await this.#redis.hgetall(key));
    if (tokens.length === 0) return;
    await this.#command(key, 'HSET', key, ...tokens.flatMap((token) => [token, kicked]));
    for (const token of tokens) this.onEnded(token);
  }

  /** Protocol: rest-core.md 5.7. */
  async check(token: string): Promise<number> {
    const claims = verifyOpenIM(secret, token, Date.now());
    if (typeof claims === 'number') return claims;
    const { UserID: userID, PlatformID: platformID } = claims;
    const state = await this.#redis.hget(hashKey({ userID, platformID }), token);
    if (state === null) return 1507;
    return state === normal ? 0 : 1506;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#redis[Symbol.asyncDispose]();
  }

  #readHashes(userID: string): Promise<Hash[]> {
    return Promise.all(
      this.#options.platformIDs.map(async (platformID) => {
        const key = hashKey({ userID, platformID });
        return { key, platformID, fields: await this.#redis.hgetall(key) };
      }),
    );
  }

  /** Removes what is not normal or does not verify any more, and returns the rest in random order. */
  async #purge(hashes: readonly Hash[], now: number): Promise<Field[]> {
    const live: Field[] = [];
    for (const { key, platformID, fields } of hashes) {
      const dead: string[] = [];
      for (const [token, state] of Object.entries(fields)) {
        const isLive = state === normal && typeof verifyOpenIM(secret, token, now) !== 'number';
        if (isLive) live.push({ key, token, platformID, issueOrder: this.#options.random.next() });
        else dead.push(token);
      }
      if (dead.length > 0) await this.#command(key, 'HDEL', key, ...dead);
    }
    return live;
  }

  async #kickByPolicy({ key, token }: Field, lifetimeSeconds: number): Promise<void> {
    await this.#command(key, 'HSET', key, token, kicked);
    if (this.#rule.rearmsAtPolicyKick) await this.#expire(key, lifetimeSeconds);
    this.onEnded(token);
  }

  #expire(key: string, seconds: number): Promise<unknown> {
    return this.#command(key, 'EXPIRE', key, String(seconds));
  }

  #command(key: string, ...args: string[]): Promise<unknown> {
    return this.#redis.command(key, args);
  }
}

interface Hash {
  readonly key: string;
  readonly platformID: PlatformID;
  /** Token -> state. */
  readonly fields: Readonly<Record<string, string>>;
}

interface Field {
  readonly key: string;
  readonly token: string;
  readonly platformID: number;
  readonly issueOrder: number;
}

function hashKey({ userID, platformID }: Device): string {
  return `UID_PID_TOKEN_STATUS:${userID}:${platformName(platformID)}`;
}
