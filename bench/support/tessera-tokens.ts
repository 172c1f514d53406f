/**
 * Tessera's token authority on a real Redis, as its nodes run it: one node issues, one verifies with its cache and hears
 * of endings by pub/sub alone, one verifies without a cache. All in this process.
 */
import { randomBytes } from 'node:crypto';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { connectRedis, type RedisClient } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { TokenAuthority, type TokenAuthorityOptions } from '../../src/tokens/authority.ts';
import { TokenEvents } from '../../src/tokens/events.ts';
import { type LoginPolicy, loginPolicy } from '../../src/tokens/policy.ts';
import { SigningKeys } from '../../src/tokens/signing-keys.ts';
import { benchRedis } from './bench-redis.ts';
import {
  type Device,
  jtiOf,
  type Login,
  promisedEndOf,
  type TokenSystem,
  type TokenSystemOptions,
} from './token-system.ts';

/** As app/tokens.ts composes it. */
export const serverCache = { maxTokens: 50_000, ttlMs: 10_000 };
const noCache = { maxTokens: 0, ttlMs: 0 };
const signingKeys = new SigningKeys(['a signing key as long as people choose them']);
const operationID = 'bench';
const admin = { userID: 'imAdmin', platformID: platforms.Admin, jti: 'admin', expiresAt: 9e15, isAdmin: true };

export interface AuthorityChoices {
  readonly policy?: LoginPolicy;
  readonly lifetimes?: TokenAuthorityOptions['lifetimes'];
  readonly cache?: TokenAuthorityOptions['cache'];
  readonly events?: TokenEvents;
}

/** An authority on this Redis for which every user is registered. */
export function newAuthority(redis: RedisClient, choices: AuthorityChoices): TokenAuthority {
  const { policy = loginPolicy('keep-all', 0), cache = noCache, events = new TokenEvents(console.error) } = choices;
  const { lifetimes = { defaultMs: dayMs * 90, byPlatformMs: new Map(), maxMs: dayMs * 365, sessionMs: dayMs * 365 } } =
    choices;
  return new TokenAuthority({
    store: new RedisTokenStore(redis, Date.now),
    signingKeys,
    adminSecret: 'unused',
    adminUserIDs: [admin.userID],
    loginPolicy: policy,
    lifetimes,
    cache,
    acceptSignedMs: 0,
    honoursLegacy: false,
    clock: Date.now,
    monotonicMs: () => performance.now(),
    randomBytes,
    users: { findForToken: async () => ({ appManagerLevel: 0 }) },
    events,
  });
}

/** The call of a back end that asks for a user's token. */
export const adminCall = { caller: admin, operationID };

const dayMs = 86_400_000;

export class TesseraTokens implements TokenSystem {
  readonly name = 'Tessera';
  readonly isPredictable = true;
  onEnded: TokenSystem['onEnded'] = () => {};
  readonly #policyOf: TokenSystemOptions['policyOf'];
  readonly #issuers: ReadonlyMap<LoginPolicy, TokenAuthority>;
  readonly #verifiers: readonly TokenAuthority[];
  readonly #opened: AsyncDisposable;
  #lifetimeMs = 0;
  #checks = 0;

  static async start(options: TokenSystemOptions): Promise<TesseraTokens> {
    await using opened = new AsyncDisposableStack();
    const connect = async () => opened.use(await connectRedis(options.redisUrl, benchRedis));
    const verifyingRedis = await connect();
    const remembering = newAuthority(verifyingRedis, { cache: serverCache });
    opened.use(await remembering.watch());
    const verifiers = [remembering, newAuthority(verifyingRedis, {})];
    return new TesseraTokens(options, await connect(), verifiers, opened.move());
  }

  private constructor(
    { policies, policyOf }: TokenSystemOptions,
    redis: RedisClient,
    verifiers: readonly TokenAuthority[],
    opened: AsyncDisposable,
  ) {
    const lifetimeMs = () => this.#lifetimeMs;
    const lifetimes = {
      get defaultMs() {
        return lifetimeMs();
      },
      byPlatformMs: new Map(),
      maxMs: 365 * dayMs,
      sessionMs: 365 * dayMs,
    };
    const events = new TokenEvents(console.error);
    events.on('tokensEnded', ({ jtis }) => {
      for (const jti of jtis) this.onEnded(jti);
    });
    this.#policyOf = policyOf;
    this.#issuers = new Map(policies.map((policy) => [policy, newAuthority(redis, { policy, lifetimes, events })]));
    this.#verifiers = verifiers;
    this.#opened = opened;
  }

  configure(lifetimeSeconds: number): void {
    this.#lifetimeMs = lifetimeSeconds * 1000;
  }

  async logIn(device: Device, wishSeconds = 0): Promise<Login> {
    const request = { ...device, expireTimeSeconds: wishSeconds };
    return loginOf(await this.#issuerFor(device).issueUserToken(adminCall, request));
  }

  async renew(device: Device, old: Login, wishSeconds = 0): Promise<Login> {
    const caller = { ...device, jti: old.id, expiresAt: old.endsAt, isAdmin: false };
    const wishes = { expireTimeSeconds: wishSeconds };
    return loginOf(await this.#issuerFor(device).renewToken({ caller, operationID }, wishes));
  }

  async revoke(device: Device, { id }: Login): Promise<void> {
    await this.#issuerFor(device).revokeToken(adminCall, { token: '', jti: id, userID: device.userID });
  }

  async forceLogOut(device: Device): Promise<void> {
    await this.#issuerFor(device).forceLogout(adminCall, device);
  }

  /** On the two verifying nodes in turns. */
  async check(token: string): Promise<number> {
    try {
      await this.#verifiers[this.#checks++ % 2]!.verify(token);
      return 0;
    } catch (error) {
      if (error instanceof ProtocolError && error.code !== 500) return error.code;
      throw error;
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#opened[Symbol.asyncDispose]();
  }

  #issuerFor({ userID }: Device): TokenAuthority {
    return this.#issuers.get(this.#policyOf(userID))!;
  }
}

function loginOf({ token }: { token: string }): Login {
  return { id: jtiOf(token), token, endsAt: promisedEndOf(token) };
}
