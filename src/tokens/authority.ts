/**
 * The token authority: who gets a token, whether a token is good, and how it ends before its time. Protocol:
 * rest-core.md 5 and 6; the endpoints that OpenIM does not have are described in docs/tokens.md.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type CallContext, notAdmin, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { errors, ProtocolError } from '../protocol/errors.ts';
import { isKnownPlatform, longestTokenLifeMs, type PlatformID, platforms } from '../protocol/numbers/constants.ts';
import { newTokenID, type TokenClaims, TokenCodec } from './claims.ts';
import { allPlatforms, effectiveCutoff } from './cutoffs.ts';
import type { Actor, TokenEvents } from './events.ts';
import { LastSeen } from './last-seen.ts';
import type { LegacyTokens } from './legacy-tokens.ts';
import { displacedPlatforms, type LoginPolicy, policyGroups } from './policy.ts';
import type { Session } from './session.ts';
import type { SigningKeys } from './signing-keys.ts';
import { StoreOutage, storeFailure } from './store-outage.ts';
import { pageOfTokens, type TokenListPage, type TokenListRequest } from './token-list.ts';
import type { NewToken, TokenEndReason, TokenRecord, TokenSelector, TokenStore } from './token-store.ts';
import { type RunningSession, TokenVerifier } from './verifier.ts';

export interface TokenAuthorityOptions {
  readonly store: TokenStore;
  readonly signingKeys: SigningKeys;
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  readonly adminUserIDs: readonly string[];
  readonly loginPolicy: LoginPolicy;
  readonly lifetimes: TokenLifetimes;
  /** See VerifiedTokens. */
  readonly cache: { readonly maxTokens: number; readonly ttlMs: number };
  /** How long a correct signature is enough while the store cannot be asked. 0: never. */
  readonly acceptSignedMs: number;
  /** OpenIM's tokens, if they are to be honoured. */
  readonly legacy?: LegacyTokens | undefined;
  /** Unix ms. */
  readonly clock: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly users: TokenUsers;
  readonly events: TokenEvents;
}

export interface TokenLifetimes {
  readonly defaultMs: number;
  readonly byPlatformMs: ReadonlyMap<number, number>;
  /** What a caller may ask for at most. */
  readonly maxMs: number;
}

/** What the authority has to know about users; the users domain provides it. */
export interface TokenUsers {
  /** Undefined if the user is not registered. */
  findForToken(userID: string): Promise<{ readonly appManagerLevel: number } | undefined>;
}

export interface IssuedToken {
  readonly token: string;
  /** A duration, rounded down; the instant is in the token. */
  readonly expireTimeSeconds: number;
}

/** What a caller may say about a token to be issued; callers written for OpenIM say nothing. */
export interface TokenWishes {
  /** Lifetime of this one token; 0 is the configured one. */
  readonly expireTimeSeconds?: number;
  /** A label for lists. */
  readonly deviceName?: string;
}

export class TokenAuthority {
  readonly #options: TokenAuthorityOptions;
  readonly #codec: TokenCodec;
  readonly #verifier: TokenVerifier;
  readonly #lastSeen: LastSeen;
  readonly #adminSecretDigest: Buffer;
  readonly #adminUserIDs: ReadonlySet<string>;

  constructor(options: TokenAuthorityOptions) {
    const { store, clock, events, cache, acceptSignedMs, legacy, signingKeys } = options;
    this.#options = options;
    this.#codec = new TokenCodec(signingKeys);
    this.#adminSecretDigest = digest(options.adminSecret);
    this.#adminUserIDs = new Set(options.adminUserIDs);
    this.#lastSeen = new LastSeen(store, clock);
    this.#verifier = new TokenVerifier({
      store,
      codec: this.#codec,
      adminUserIDs: this.#adminUserIDs,
      clock,
      events,
      cache,
      outage: new StoreOutage({ acceptSignedMs, clock, events }),
      legacy,
    });
    signingKeys.whenReplaced(() => {
      events.emit('keysReplaced', { kids: new Set(signingKeys.ring.all.map(({ kid }) => kid)) });
    });
  }

  /** Begins to hear of what other nodes do to tokens. @throws the store's failure */
  async watch(): Promise<AsyncDisposable> {
    const { store, events } = this.#options;
    const how = { origin: 'elsewhere', by: nobody } as const;
    return store.watch({
      onChange: (change) => {
        if (change.kind === 'cutoff') events.emit('cutoffRaised', { ...change, ...how });
        else if (change.kind === 'superseded') events.emit('tokensSuperseded', { ...change, ...how });
        else this.#emitEnded(change.userID, change.tokens, change.reason, how);
      },
      onLost: () => events.emit('hearing', { isHearing: false }),
      onRestored: () => events.emit('hearing', { isHearing: true }),
    });
  }

  /**
   * A platform 10 token for an admin. The admin's older ones stay for five minutes more.
   * @param address of whoever knows the secret, for the audit trail
   * @throws 1001 empty or not an admin's userID or a lifetime out of range, 1002 wrong secret, 1004 admin not
   * registered, 500 store failure
   */
  async issueAdminToken(
    { secret, userID, ...wishes }: { secret: string; userID: string } & TokenWishes,
    operationID = '',
    address = '',
  ): Promise<IssuedToken> {
    if (userID === '') throw errors.args('userID is empty');
    const by = { userID: address === '' ? '' : `address:${address}`, operationID };
    if (!timingSafeEqual(digest(secret), this.#adminSecretDigest)) {
      // Of others nobody needs to know, and one who confuses the two fields has put the secret there (T6).
      const claimed = this.#adminUserIDs.has(userID) ? userID : '';
      throw this.#refused(claimed, platforms.Admin, by, errors.noPermission('secret invalid'));
    }
    if (!this.#adminUserIDs.has(userID)) throw errors.args('userID is not an admin userID');
    if ((await this.#options.users.findForToken(userID)) === undefined) throw errors.recordNotFound('user not found');
    return this.#issue({ userID, platformID: platforms.Admin, wishes, by });
  }

  /**
   * A token for a user's device, ending the user's sessions that the login policy leaves no room for.
   * @throws 1002 caller not an admin, 1001 platform not 1 to 11, 1002 platform 10 or an admin's userID, 1004 user not
   * registered, 1001 system account or a lifetime or device name out of range, 500 store failure
   */
  async issueUserToken(
    context: CallContext,
    { platformID, userID, ...wishes }: { platformID: number; userID: string } & TokenWishes,
  ): Promise<IssuedToken> {
    const refusal = this.#refusalOfUserToken(context, platformID, userID);
    if (refusal !== undefined) throw this.#refused(userID, platformID, actorOf(context), refusal);
    if (!isKnownPlatform(platformID)) throw errors.args('platformID must be 1 to 11');
    const user = await this.#options.users.findForToken(userID);
    if (user === undefined) throw errors.recordNotFound('user not found');
    if (user.appManagerLevel >= systemAccountLevel) throw errors.args('app account can`t get token');
    return this.#issue({ userID, platformID, wishes, by: actorOf(context) });
  }

  /**
   * A fresh token for the device that calls, in the place of the one it called with, which is accepted for another
   * minute. It lives as long as one asked for now would, but no longer than the old one was given: who got a short-lived
   * token cannot make it a long-lived one.
   * @throws 1001 a lifetime out of range, a token that has been renewed already or that is too young for it; 1501 the
   * token has come to its end meanwhile, 1507 the store has lost it, 500 store failure
   */
  async renewToken(context: CallContext, wishes: TokenWishes): Promise<IssuedToken> {
    const { store, clock } = this.#options;
    const { caller } = context;
    const { record: old } = await guarded(store.find(caller));
    const now = clock();
    if (now >= caller.expiresAt) throw errors.tokenExpired();
    if (old === undefined || !isKnownPlatform(old.platformID)) throw errors.tokenNotExist();
    if (now < old.issuedAt + renewableAfterMs(old)) throw errors.args('the token is too young to be renewed');
    const { userID, platformID, deviceName } = old;
    return this.#issue({
      userID,
      platformID,
      wishes: { ...wishes, deviceName: wishes.deviceName || deviceName },
      by: actorOf(context),
      renews: old,
    });
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

  /** Stores when tokens were last used; to be called now and then. @throws the store's failure */
  flushLastSeen(): Promise<void> {
    return this.#lastSeen.flush();
  }

  /**
   * A user's tokens, newest first.
   * @throws 1001 empty userID or unreadable cursor, 1002 another user's, 500 store failure
   */
  async listTokens(context: CallContext, request: TokenListRequest): Promise<TokenListPage> {
    if (request.userID === '') throw errors.args('userID is empty');
    requireAccess(context, request.userID);
    const { store, clock, legacy } = this.#options;
    await guarded(legacy?.adoptAll(request.userID));
    const { tokens, cutoffs } = await guarded(store.list(request.userID));
    const everyones = await guarded(this.#verifier.everyonesCutoffs.current());
    return pageOfTokens(tokens, { request, cutoffs: [cutoffs, everyones], now: clock() });
  }

  /**
   * Ends every token of a user on one platform and closes its sockets: marked first, so that a client that reconnects
   * at once is refused (known defect 10). Nothing to end is a success.
   * @throws 1001 empty userID or platform not 1 to 11, 1002 caller not an admin, 500 store failure
   */
  async forceLogout(
    context: CallContext,
    { userID, platformID }: { userID: string; platformID: number },
  ): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    if (!isKnownPlatform(platformID)) throw errors.args('platformID must be 1 to 11');
    requireAdmin(context);
    await this.#end(userID, { platformIDs: [platformID] }, 'forced', 'kicked', actorOf(context));
  }

  /**
   * Ends one token: the given one, or a user's by its jti. What has ended already is a success.
   * @returns how many were ended
   * @throws 1001 neither token nor jti or both, or a userID beside a token; 1002 another user's; 1503 or 1505 not a token
   * of this server; 1004 no such jti; 500 store failure
   */
  async revokeToken(
    context: CallContext,
    { token, jti, userID }: { token: string; jti: string; userID: string },
  ): Promise<number> {
    if ((token === '') === (jti === '')) throw errors.args('give either token or jti');
    if (token !== '' && userID !== '') throw errors.args('userID goes with jti: a token says whose it is');
    const claims = token === '' ? undefined : this.#claimsOf(token);
    if (token !== '' && claims === undefined) return 0;
    const target = claims ?? { userID: userID === '' ? context.caller.userID : userID, jti };
    requireAccess(context, target.userID);
    if (claims !== undefined) await this.#takeIn(claims, token);
    const by = actorOf(context);
    const { ended, known } = await this.#end(target.userID, { jtis: [target.jti] }, 'revoked', 'revoked', by);
    if (claims === undefined && known === 0) throw errors.recordNotFound('the user has no token of this jti');
    return ended;
  }

  /**
   * Ends a token on behalf of an OAuth client (RFC 7009): a token that is not ours or has ended is a success.
   * @throws 500 store failure
   */
  async revokeForClient(clientID: string, token: string, operationID: string): Promise<void> {
    let claims: TokenClaims | undefined;
    try {
      claims = this.#claimsOf(token);
    } catch (error) {
      if (error instanceof ProtocolError) return;
      throw error;
    }
    if (claims === undefined) return;
    await this.#takeIn(claims, token);
    const by = { userID: `client:${clientID}`, operationID };
    await this.#end(claims.userID, { jtis: [claims.jti] }, 'revoked', 'revoked', by);
  }

  /**
   * Ends tokens of a user, on all platforms or some.
   * @param request.exceptCaller spare the token that the call is made with
   * @returns how many were ended
   * @throws 1001 empty userID or unknown platform, 1002 another user's, 500 store failure
   */
  async revokeTokens(
    context: CallContext,
    { userID, platformIDs, exceptCaller }: { userID: string; platformIDs: readonly number[]; exceptCaller: boolean },
  ): Promise<number> {
    if (userID === '') throw errors.args('userID is empty');
    requireAccess(context, userID);
    requirePlatforms(platformIDs);
    const selector = {
      platformIDs: platformIDs.length === 0 ? everyPlatform : platformIDs,
      ...(exceptCaller ? { exceptJti: context.caller.jti } : {}),
    };
    return (await this.#end(userID, selector, 'revoked', 'revoked', actorOf(context))).ended;
  }

  /**
   * Ends every token issued before an instant: a user's, or with an empty userID everyone's; on some platforms, or with
   * an empty list on all. An instant before one that is set already changes nothing.
   * @param request.issuedBefore Unix ms, not in the future: that would keep people from logging in
   * @throws 1001 unknown platform or an instant in the future, 1002 another user's, or everyone's without being an admin,
   * 500 store failure
   */
  async revokeIssuedBefore(
    context: CallContext,
    { userID, platformIDs, issuedBefore }: { userID: string; platformIDs: readonly number[]; issuedBefore: number },
  ): Promise<void> {
    const { store, clock, legacy, lifetimes, events } = this.#options;
    if (userID === '') requireAdmin(context);
    else requireAccess(context, userID);
    requirePlatforms(platformIDs);
    const now = clock();
    if (issuedBefore <= 0 || issuedBefore > now)
      throw errors.args('issuedBefore must be Unix ms and not in the future');
    if (userID !== '') await guarded(legacy?.adoptAll(userID));
    // The store keeps a user's for as long as any of the user's tokens. Everyone's it cannot know: others than we may
    // have given longer lives than we would give.
    const keepUntil = now + (userID === '' ? longestTokenLifeMs : lifetimes.maxMs);
    for (const platformID of platformIDs.length === 0 ? [allPlatforms] : platformIDs) {
      const hasMoved = await guarded(store.cutOff(userID, platformID, issuedBefore, keepUntil));
      // Where the answer to a first attempt was lost, trying again must still close the sockets.
      const origin = hasMoved ? 'here' : 'elsewhere';
      const by = actorOf(context);
      events.emit('cutoffRaised', { userID, platformID, notBefore: issuedBefore, origin, by });
    }
    await this.#mirrorCutoff(userID);
  }

  /** Platforms whose open sockets a new connection on `platformID` displaces. See {@link displace}. */
  displacedPlatforms(platformID: PlatformID): readonly PlatformID[] {
    return displacedPlatforms(this.#options.loginPolicy, platformID);
  }

  /**
   * Ends the tokens of sockets that the connection of `session` displaces; its own token is spared, since the same
   * token on a second socket is a reconnect (websocket.md 7.2).
   * @throws 500 store failure
   */
  async displace(session: Session, jtis: readonly string[]): Promise<void> {
    const others = jtis.filter((jti) => jti !== session.jti);
    if (others.length === 0) return;
    await this.#end(session.userID, { jtis: others }, 'displaced', 'kicked', { ...nobody, userID: session.userID });
  }

  async #issue({ userID, platformID, wishes, by, renews }: IssueOrder): Promise<IssuedToken> {
    const { clock, randomBytes, store, loginPolicy, events, legacy } = this.#options;
    const ttlMs = this.#lifetimeMs(platformID, wishes.expireTimeSeconds ?? 0, renews);
    const deviceName = checkDeviceName(wishes.deviceName ?? '');
    await guarded(legacy?.adoptAll(userID));
    const everyonesCutoffs = await guarded(this.#verifier.everyonesCutoffs.current());

    const now = clock();
    const signed = this.#codec.sign({ userID, platformID, jti: newTokenID(randomBytes), now, ttlMs });
    const { jti, expiresAt } = signed;
    const outcome = await guarded(
      store.issue({
        record: { jti, userID, platformID, issuedAt: now, expiresAt, deviceName },
        // A renewal takes the room of its predecessor.
        groups: renews === undefined ? policyGroups(loginPolicy, platformID) : [],
        everyonesCutoffs,
        ...supersession(platformID, renews, now),
      }),
    );
    // No 15xx: a token that was renewed a moment ago is still accepted (T5).
    if (!outcome.isIssued) throw errors.args('this token has been renewed or ended already');
    await legacy?.mirrorIssued({ userID, platformID, expiresAt }, signed.token);
    await legacy?.mirrorEnded(userID, [...outcome.kicked, ...outcome.superseded]);

    const how = renews === undefined ? 'login' : 'renewal';
    events.emit('tokenIssued', { userID, platformID, jti, expiresAt, by, how });
    this.#announceEnded(userID, outcome.kicked, 'policy', by);
    this.#announceSuperseded(userID, outcome.superseded);
    return { token: signed.token, expireTimeSeconds: Math.floor((expiresAt - now) / 1000) };
  }

  /** 1002, if nobody may have such a token, or not by this caller. */
  #refusalOfUserToken(context: CallContext, platformID: number, userID: string): ProtocolError | undefined {
    if (!context.caller.isAdmin) return notAdmin(context);
    if (platformID === platforms.Admin) return errors.noPermission('platformID must not be the admin platform');
    if (isKnownPlatform(platformID) && this.#adminUserIDs.has(userID)) {
      return errors.noPermission('userID is an admin userID');
    }
    return undefined;
  }

  /** The request's wish, else the platform's setting, else the general one. @throws 1001 */
  #lifetimeMs(platformID: number, wishedSeconds: number, renews: NewToken | undefined): number {
    const { defaultMs, byPlatformMs, maxMs } = this.#options.lifetimes;
    if (!Number.isInteger(wishedSeconds) || wishedSeconds < 0 || wishedSeconds * 1000 > maxMs) {
      throw errors.args(`expireTimeSeconds must be 1 to ${Math.floor(maxMs / 1000)}`);
    }
    const lifetimeMs = wishedSeconds > 0 ? wishedSeconds * 1000 : (byPlatformMs.get(platformID) ?? defaultMs);
    if (renews === undefined) return lifetimeMs;
    // Whole seconds: an exp is rounded up, and by that the life of a token would grow with every renewal.
    const givenSeconds = Math.floor((renews.expiresAt - renews.issuedAt) / 1000);
    return Math.min(lifetimeMs, Math.max(1, givenSeconds) * 1000);
  }

  /** Undefined for a token that has expired: there is nothing left to end. @throws 1503, 1504, 1505 */
  #claimsOf(token: string): TokenClaims | undefined {
    try {
      return this.#codec.verify(token, this.#options.clock());
    } catch (error) {
      if (error instanceof ProtocolError && error.code === expiredCode) return undefined;
      throw error;
    }
  }

  /** So that one of OpenIM's that was never used here can be ended, also one in a grace that only its text leads to. */
  async #takeIn(claims: TokenClaims, token: string): Promise<void> {
    const { store, legacy } = this.#options;
    if (legacy === undefined || claims.isOurs) return;
    const { record } = await guarded(store.find(claims));
    try {
      await guarded(legacy.check(claims, token, record));
    } catch (error) {
      // 1505: OpenIM refuses it already.
      if (!(error instanceof ProtocolError) || error.code !== unknownCode) throw error;
    }
  }

  /** @returns how many were ended now, and how many of those meant there are at all */
  async #end(
    userID: string,
    selector: TokenSelector,
    reason: TokenEndReason,
    state: 'kicked' | 'revoked',
    by: Actor,
  ): Promise<{ readonly ended: number; readonly known: number }> {
    const { store, legacy } = this.#options;
    await guarded(legacy?.adoptAll(userID));
    const ended = await guarded(store.kick(userID, selector, reason, state));
    await legacy?.mirrorEnded(userID, ended);
    this.#announceEnded(userID, ended, reason, by);
    const endedBefore = await this.#endedBefore(userID, selector, ended);
    this.#emitEnded(userID, endedBefore, reason, { origin: 'elsewhere', by });
    return { ended: ended.length, known: ended.length + endedBefore.length };
  }

  /**
   * Those meant that had ended already: where a first attempt took effect and its answer was lost, trying again must
   * still close the sockets.
   */
  async #endedBefore(
    userID: string,
    selector: TokenSelector,
    ended: readonly TokenRecord[],
  ): Promise<readonly TokenRecord[]> {
    const justEnded = new Set(ended.map(({ jti }) => jti));
    if ('jtis' in selector && selector.jtis.every((jti) => justEnded.has(jti))) return [];
    const { tokens } = await guarded(this.#options.store.list(userID));
    return tokens.filter((token) => isMeant(token, selector) && !isAccepted(token) && !justEnded.has(token.jti));
  }

  /** OpenIM's servers know no cutoffs: of one user, every token that is cut off is marked for them. */
  async #mirrorCutoff(userID: string): Promise<void> {
    const { store, legacy } = this.#options;
    if (legacy === undefined || userID === '') return;
    const { tokens, cutoffs } = await guarded(store.list(userID));
    const cutOff = tokens.filter(({ platformID, issuedAt }) => issuedAt < effectiveCutoff(platformID, cutoffs));
    await legacy.mirrorEnded(
      userID,
      cutOff.map((token) => ({ ...token, state: 'revoked' as const })),
    );
  }

  #announceEnded(userID: string, tokens: readonly TokenRecord[], reason: TokenEndReason, by: Actor): void {
    this.#emitEnded(userID, tokens, reason, { origin: 'here', by });
  }

  #announceSuperseded(userID: string, tokens: readonly TokenRecord[]): void {
    const [first] = tokens;
    if (first === undefined) return;
    const { acceptedUntil } = first;
    const jtis = tokens.map(({ jti }) => jti);
    this.#options.events.emit('tokensSuperseded', { userID, jtis, acceptedUntil, origin: 'here' });
  }

  #emitEnded(
    userID: string,
    tokens: readonly Pick<TokenRecord, 'jti' | 'platformID'>[],
    reason: TokenEndReason,
    how: { origin: 'here' | 'elsewhere'; by: Actor },
  ): void {
    for (const [platformID, group] of Map.groupBy(tokens, (token) => token.platformID)) {
      const jtis = group.map(({ jti }) => jti);
      this.#options.events.emit('tokensEnded', { userID, platformID, jtis, reason, ...how });
    }
  }

  #refused(userID: string, platformID: number, by: Actor, error: ProtocolError): ProtocolError {
    this.#options.events.emit('tokenRefused', { what: 'issue', code: error.code, userID, platformID, jti: '', by });
    return error;
  }
}

interface IssueOrder {
  readonly userID: string;
  readonly platformID: PlatformID;
  readonly wishes: TokenWishes;
  readonly by: Actor;
  /** The token that the new one takes the place of. */
  readonly renews?: NewToken;
}

const adminGraceMs = 5 * 60_000;
const renewalOverlapMs = 60_000;
const longestRenewalWaitMs = 3_600_000;
/** appManagerLevel of notification and robot accounts, which nobody logs in to (rest-core.md 3). */
const systemAccountLevel = 3;
const expiredCode = 1501;
const unknownCode = 1505;
const maxDeviceNameLength = 64;
const everyPlatform: readonly PlatformID[] = Object.values(platforms);
const nobody: Actor = { userID: '', operationID: '' };

function actorOf({ caller, operationID }: CallContext): Actor {
  return { userID: caller.userID, operationID };
}

function supersession(platformID: PlatformID, renews: NewToken | undefined, now: number) {
  if (renews !== undefined) {
    return { supersede: { which: { jti: renews.jti }, acceptedUntil: now + renewalOverlapMs } };
  }
  if (platformID !== platforms.Admin) return {};
  return { supersede: { which: 'platform' as const, acceptedUntil: now + adminGraceMs } };
}

/** @throws 1001 */
function checkDeviceName(name: string): string {
  if ([...name].length > maxDeviceNameLength) throw errors.args(`deviceName is over ${maxDeviceNameLength} characters`);
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) throw errors.args('deviceName holds control characters');
  return name;
}

/** @throws 1001 */
function requirePlatforms(platformIDs: readonly number[]): void {
  if (!platformIDs.every(isKnownPlatform)) throw errors.args('platformIDs must each be 1 to 11');
}

function isMeant(token: TokenRecord, selector: TokenSelector): boolean {
  if ('jtis' in selector) return selector.jtis.includes(token.jti);
  return selector.platformIDs.includes(token.platformID) && token.jti !== selector.exceptJti;
}

/**
 * A token may be renewed once a hundredth of its life is over: each one that was is remembered to its own end, and
 * renewing in a loop must not fill the store.
 */
function renewableAfterMs({ issuedAt, expiresAt }: NewToken): number {
  return Math.min((expiresAt - issuedAt) / 100, longestRenewalWaitMs);
}

function isAccepted({ state }: TokenRecord): boolean {
  return state === 'live' || state === 'superseded';
}

/** Turns a store's failure into 500: it says nothing about the token (T5). */
async function guarded<T>(answer: Promise<T> | undefined): Promise<T> {
  try {
    return (await answer) as T;
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw storeFailure(error);
  }
}

/** Secrets are compared by digest: of one length, so that the comparison takes the same time whatever was sent. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
