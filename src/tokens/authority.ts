/**
 * The token authority: who gets a token, whether a token is good, and how it ends before its time; one door to the parts
 * that do it. Protocol: rest-core.md 5 and 6; the endpoints that OpenIM does not have are described in docs/tokens.md.
 */
import { type CallContext, requireAccess } from '../kernel/caller.ts';
import type { PlatformID } from '../protocol/numbers/platforms.ts';
import { TokenCodec } from './claims.ts';
import { TokenEnder } from './ender.ts';
import { nobody, type TokenEvents } from './events.ts';
import { type IssuedToken, TokenIssuer, type TokenLifetimes, type TokenUsers } from './issuer.ts';
import { LastSeen } from './last-seen.ts';
import type { LoginPolicy } from './policy.ts';
import type { Session } from './session.ts';
import type { SigningKeys } from './signing-keys.ts';
import { guarded, StoreOutage } from './store-outage.ts';
import { pageAsked, showTokens, type TokenListPage, type TokenListRequest } from './token-list.ts';
import { TokenNews } from './token-news.ts';
import type { TokenStore, TokenWatch } from './token-store.ts';
import type { TokenTeller } from './token-teller.ts';
import { type RunningSession, TokenVerifier } from './verifier.ts';

export interface TokenAuthorityOptions {
  readonly store: TokenStore;
  readonly signingKeys: SigningKeys;
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  readonly adminUserIDs: readonly string[];
  readonly loginPolicy: LoginPolicy;
  readonly lifetimes: TokenLifetimes;
  /** In characters; 64 by default. */
  readonly maxDeviceNameLength?: number;
  /** See VerifiedTokens. */
  readonly cache: { readonly maxTokens: number; readonly ttlMs: number };
  /** How long a correct signature is enough while the store cannot be asked. 0: never. */
  readonly acceptSignedMs: number;
  /** Whether the store knows of OpenIM's tokens too: see LegacyTokenStore. */
  readonly honoursLegacy: boolean;
  /** Unix ms. */
  readonly clock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly users: TokenUsers;
  readonly events: TokenEvents;
  readonly teller?: TokenTeller | undefined;
}

export class TokenAuthority {
  readonly #options: TokenAuthorityOptions;
  readonly #issuer: TokenIssuer;
  readonly #verifier: TokenVerifier;
  readonly #ender: TokenEnder;
  readonly #news: TokenNews;
  readonly #lastSeen: LastSeen;

  constructor(options: TokenAuthorityOptions) {
    const { store, clock, events, lifetimes, signingKeys } = options;
    const shared = {
      ...options,
      codec: new TokenCodec(signingKeys),
      adminUserIDs: new Set(options.adminUserIDs),
      news: new TokenNews(events, options.teller),
    };
    this.#options = options;
    this.#news = shared.news;
    this.#lastSeen = new LastSeen(store, clock);
    this.#verifier = new TokenVerifier({ ...shared, outage: new StoreOutage(options) });
    this.#issuer = new TokenIssuer({ ...shared, everyonesCutoffs: this.#verifier.everyonesCutoffs });
    this.#ender = new TokenEnder({ ...shared, longestLifeMs: lifetimes.maxMs });
    signingKeys.whenReplaced(() => {
      events.emit('keysReplaced', { kids: new Set(signingKeys.ring.all.map(({ kid }) => kid)) });
    });
  }

  /** Begins to hear of what other nodes do to tokens. @throws the store's failure */
  async watch(): Promise<TokenWatch> {
    const { store, events } = this.#options;
    const how = { origin: 'elsewhere', by: nobody } as const;
    const watch = await store.watch({
      onChange: (change) => {
        if (change.kind === 'cutoff' || change.kind === 'cutoffButOne')
          events.emit('cutoffRaised', { ...change, ...how });
        else if (change.kind === 'superseded') events.emit('tokensSuperseded', { ...change, ...how });
        else this.#news.ended(change.userID, change.tokens, change.reason, how);
      },
      onLost: () => events.emit('hearing', { isHearing: false }),
      onRestored: () => events.emit('hearing', { isHearing: true }),
    });
    this.#verifier.relyOn(watch);
    return watch;
  }

  /** See {@link TokenIssuer.issueAdminToken}. */
  issueAdminToken(...call: Parameters<TokenIssuer['issueAdminToken']>): Promise<IssuedToken> {
    return this.#issuer.issueAdminToken(...call);
  }

  /** See {@link TokenIssuer.issueUserToken}. */
  issueUserToken(...call: Parameters<TokenIssuer['issueUserToken']>): Promise<IssuedToken> {
    return this.#issuer.issueUserToken(...call);
  }

  /** See {@link TokenIssuer.renewToken}. */
  renewToken(...call: Parameters<TokenIssuer['renewToken']>): Promise<IssuedToken> {
    return this.#issuer.renewToken(...call);
  }

  /** See {@link TokenVerifier.verify}. */
  async verify(token: string): Promise<Session> {
    const session = await this.#verifier.verify(token);
    this.#lastSeen.note(session);
    return session;
  }

  /** See {@link TokenVerifier.lookAgain}. */
  lookAgain(session: RunningSession): Promise<number | undefined> {
    return guarded(this.#verifier.lookAgain(session));
  }

  /** See {@link TokenVerifier.hearsAll}. */
  hearsAll(): boolean {
    return this.#verifier.hearsAll();
  }

  /** Stores when tokens were last used; to be called now and then. @throws the store's failure */
  flushLastSeen(): Promise<void> {
    return this.#lastSeen.flush();
  }

  /**
   * A user's tokens, newest first; with an empty userID the caller's.
   * @throws 1001 unreadable cursor, 1002 another user's, 500 store failure
   */
  async listTokens(context: CallContext, request: TokenListRequest): Promise<TokenListPage> {
    const userID = request.userID === '' ? context.caller.userID : request.userID;
    requireAccess(context, userID);
    const { store, clock } = this.#options;
    const listed = await guarded(store.list(userID, pageAsked(request)));
    const everyones = await guarded(this.#verifier.everyonesCutoffs.current());
    return showTokens(listed, { everyones, keys: this.#options.signingKeys, now: clock() });
  }

  /** See {@link TokenEnder.forceLogout}. */
  forceLogout(...call: Parameters<TokenEnder['forceLogout']>): Promise<void> {
    return this.#ender.forceLogout(...call);
  }

  /** See {@link TokenEnder.revokeToken}. */
  revokeToken(...call: Parameters<TokenEnder['revokeToken']>): Promise<number> {
    return this.#ender.revokeToken(...call);
  }

  /** See {@link TokenEnder.revokeForClient}. */
  revokeForClient(...call: Parameters<TokenEnder['revokeForClient']>): Promise<void> {
    return this.#ender.revokeForClient(...call);
  }

  /** See {@link TokenEnder.revokeTokens}. */
  revokeTokens(...call: Parameters<TokenEnder['revokeTokens']>): Promise<number> {
    return this.#ender.revokeTokens(...call);
  }

  /** See {@link TokenEnder.revokeIssuedBefore}. */
  revokeIssuedBefore(...call: Parameters<TokenEnder['revokeIssuedBefore']>): Promise<void> {
    return this.#ender.revokeIssuedBefore(...call);
  }

  /** See {@link TokenEnder.displacedPlatforms}. */
  displacedPlatforms(platformID: PlatformID): readonly PlatformID[] {
    return this.#ender.displacedPlatforms(platformID);
  }

  /** See {@link TokenEnder.displace}. */
  displace(session: Pick<Session, 'userID' | 'jti'>, jtis: readonly string[]): Promise<void> {
    return this.#ender.displace(session, jtis);
  }

  /** See {@link TokenEnder.displaceElsewhere}. */
  displaceElsewhere(session: Pick<Session, 'userID' | 'jti'>, jtis: readonly string[]): Promise<void> {
    return this.#ender.displaceElsewhere(session, jtis);
  }
}
