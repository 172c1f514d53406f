/**
 * How tokens end before their time: kicked, revoked, displaced or cut off. Protocol: rest-core.md 5.8 and 6; what OpenIM
 * does not have is described in docs/tokens.md.
 */
import { type CallContext, requireAccess, requireAdmin } from '../kernel/caller.ts';
import { errors, ProtocolError } from '../protocol/errors.ts';
import { isKnownPlatform, type PlatformID, platformRange, platforms } from '../protocol/numbers/platforms.ts';
import { longestTokenLifeMs } from '../protocol/numbers/token-life.ts';
import type { TokenClaims, TokenCodec } from './claims.ts';
import { allPlatforms } from './cutoffs.ts';
import { type Actor, actorOf, nobody, type TokenEvents } from './events.ts';
import { displacedPlatforms, type LoginPolicy } from './policy.ts';
import type { Session } from './session.ts';
import { guarded } from './store-outage.ts';
import type { TokenNews } from './token-news.ts';
import type { TokenEndReason, TokenRecord, TokenSelector, TokenStore } from './token-store.ts';

export interface TokenEnderOptions {
  readonly store: Pick<TokenStore, 'find' | 'kick' | 'list' | 'cutOff'>;
  readonly codec: TokenCodec;
  readonly loginPolicy: LoginPolicy;
  /** The longest life that a token is given. */
  readonly longestLifeMs: number;
  /** Whether the store knows of OpenIM's tokens too. */
  readonly honoursLegacy: boolean;
  /** Unix ms. */
  readonly clock: () => number;
  readonly events: TokenEvents;
  readonly news: TokenNews;
}

export class TokenEnder {
  readonly #options: TokenEnderOptions;

  constructor(options: TokenEnderOptions) {
    this.#options = options;
  }

  /**
   * Ends every token of a user on one platform and closes its sockets: marked first, so that a client that reconnects
   * at once is refused (known defect 10). Nothing to end is a success.
   * @throws 1001 empty userID or unknown platform, 1002 caller not an admin, 500 store failure
   */
  async forceLogout(
    context: CallContext,
    { userID, platformID }: { userID: string; platformID: number },
  ): Promise<void> {
    if (userID === '') throw errors.args('userID is empty');
    if (!isKnownPlatform(platformID)) throw errors.args(`platformID must be ${platformRange}`);
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
   * @param request.issuedBefore Unix ms, not in the future: that would keep people from logging in. What is at most
   * {@link callersAheadMs} ahead is now by a caller's clock, and taken for now
   * @throws 1001 unknown platform or an instant further in the future, 1002 another user's, or everyone's without being an admin,
   * 500 store failure
   */
  async revokeIssuedBefore(
    context: CallContext,
    { userID, platformIDs, issuedBefore }: { userID: string; platformIDs: readonly number[]; issuedBefore: number },
  ): Promise<void> {
    const { store, clock, longestLifeMs, events, news } = this.#options;
    if (userID === '') requireAdmin(context);
    else requireAccess(context, userID);
    requirePlatforms(platformIDs);
    const now = clock();
    if (issuedBefore <= 0 || issuedBefore > now + callersAheadMs)
      throw errors.args('issuedBefore must be Unix ms and not in the future');
    const notBefore = Math.min(issuedBefore, now);
    // The store keeps a user's for as long as any of the user's tokens. Everyone's it cannot know: others than we may
    // have given longer lives than we would give.
    const keepUntil = now + (userID === '' ? longestTokenLifeMs : longestLifeMs);
    for (const platformID of platformIDs.length === 0 ? [allPlatforms] : platformIDs) {
      const cutoff = { userID, platformID, notBefore, by: actorOf(context) };
      const tell = news.tellingOfCutoff(cutoff);
      const hasMoved = await guarded(store.cutOff(userID, platformID, notBefore, keepUntil, tell));
      // Where the answer to a first attempt was lost, trying again must still close the sockets.
      events.emit('cutoffRaised', { ...cutoff, origin: hasMoved ? 'here' : 'elsewhere' });
    }
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
  async displace(session: Pick<Session, 'userID' | 'jti'>, jtis: readonly string[]): Promise<void> {
    const others = jtis.filter((jti) => jti !== session.jti);
    if (others.length === 0) return;
    await this.#end(session.userID, { jtis: others }, 'displaced', 'kicked', { ...nobody, userID: session.userID });
  }

  /**
   * {@link displace} for sockets of other nodes. Superseded tokens are left out: this node may not have heard of it. One
   * that the store has lost is not: it would be taken in again.
   * @throws 500 store failure
   */
  async displaceElsewhere(session: Pick<Session, 'userID' | 'jti'>, jtis: readonly string[]): Promise<void> {
    const { userID } = session;
    const { store } = this.#options;
    const expiresAt = Number.MAX_SAFE_INTEGER;
    const found = await guarded(Promise.all(jtis.map((jti) => store.find({ userID, jti, expiresAt }))));
    const displaced = jtis.filter((_, index) => {
      const record = found[index]?.record;
      return record === undefined || record.state === 'live';
    });
    await this.displace(session, displaced);
  }

  /** Undefined for a token that has expired: there is nothing left to end. @throws 1503, 1504, 1505 */
  #claimsOf(token: string): TokenClaims | undefined {
    try {
      return this.#options.codec.verify(token, this.#options.clock());
    } catch (error) {
      if (error instanceof ProtocolError && error.code === expiredCode) return undefined;
      throw error;
    }
  }

  /**
   * So that one of OpenIM's that was never used here can be ended, also one in a grace that only its text leads to, and one
   * that the store has lost.
   */
  async #takeIn(claims: TokenClaims, token: string): Promise<void> {
    const { store, honoursLegacy } = this.#options;
    if (!honoursLegacy && !claims.isOurs) return;
    try {
      await guarded(store.find(claims, { claims, text: token }));
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
    const { store, news } = this.#options;
    const tell = news.tellingOfEnds(userID, reason, by);
    const ended = await guarded(store.kick(userID, selector, reason, state, tell));
    news.ended(userID, ended, reason, { origin: 'here', by });
    const endedBefore = await this.#endedBefore(userID, selector, ended);
    news.ended(userID, endedBefore, reason, { origin: 'elsewhere', by });
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
    const { store } = this.#options;
    const justEnded = new Set(ended.map(({ jti }) => jti));
    const isMeant = (token: TokenRecord) => !isAccepted(token) && !justEnded.has(token.jti);
    if ('jtis' in selector) {
      const others = selector.jtis.filter((jti) => !justEnded.has(jti));
      // By its name alone: its end is not known here, and does not matter.
      const expiresAt = Number.POSITIVE_INFINITY;
      const found = await guarded(Promise.all(others.map((jti) => store.find({ userID, jti, expiresAt }))));
      return found.flatMap(({ record }) => (record !== undefined && isMeant(record) ? [record] : []));
    }
    const { platformIDs, exceptJti } = selector;
    const { tokens } = await guarded(store.list(userID, { limit: lookedBackAt }));
    return tokens.filter(
      (token) => isMeant(token) && platformIDs.includes(token.platformID) && token.jti !== exceptJti,
    );
  }
}

/** What a lost answer has left behind is among a user's newest tokens; the others a busy user has are not looked at. */
const lookedBackAt = 100;
/** So far may the clock of a caller be ahead of ours. */
const callersAheadMs = 10_000;
const expiredCode = 1501;
const unknownCode = 1505;
const everyPlatform: readonly PlatformID[] = Object.values(platforms);

/** @throws 1001 */
function requirePlatforms(platformIDs: readonly number[]): void {
  if (!platformIDs.every(isKnownPlatform)) throw errors.args(`platformIDs must each be ${platformRange}`);
}

function isAccepted({ state }: TokenRecord): boolean {
  return state === 'live' || state === 'superseded';
}
