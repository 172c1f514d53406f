/**
 * Who gets a token, and for how long. Protocol: rest-core.md 5.1 and 6; lifetimes by request and renewal, which OpenIM
 * does not have, are described in docs/tokens.md.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type CallContext, notAdmin } from '../kernel/caller.ts';
import { errors, type ProtocolError } from '../protocol/errors.ts';
import { isKnownPlatform, type PlatformID, platformRange, platforms } from '../protocol/numbers/platforms.ts';
import { newTokenID, type TokenCodec } from './claims.ts';
import { type Actor, actorOf, type TokenEvents } from './events.ts';
import type { EveryonesCutoffs } from './everyones-cutoffs.ts';
import { type LoginPolicy, type PolicyGroup, policyGroups } from './policy.ts';
import { keyMark } from './signing-keys.ts';
import { guarded } from './store-outage.ts';
import type { TokenNews } from './token-news.ts';
import { loginOf, type NewToken, type Successor, type TokenRecord, type TokenStore } from './token-store.ts';

export interface TokenIssuerOptions {
  readonly store: Pick<TokenStore, 'issue' | 'find'>;
  readonly codec: TokenCodec;
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  readonly adminUserIDs: ReadonlySet<string>;
  readonly loginPolicy: LoginPolicy;
  readonly lifetimes: TokenLifetimes;
  /** In characters; 64 by default. */
  readonly maxDeviceNameLength?: number;
  readonly everyonesCutoffs: EveryonesCutoffs;
  /** Unix ms. */
  readonly clock: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly users: TokenUsers;
  readonly events: TokenEvents;
  readonly news: TokenNews;
}

export interface TokenLifetimes {
  readonly defaultMs: number;
  readonly byPlatformMs: ReadonlyMap<number, number>;
  /** What a caller may ask for at most. */
  readonly maxMs: number;
  /** How long after its login a session may go on by renewals. */
  readonly sessionMs: number;
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

export class TokenIssuer {
  readonly #options: TokenIssuerOptions;
  readonly #adminSecretDigest: Buffer;
  /** What the policy says, by the platform of a new token. */
  readonly #groups = new Map<PlatformID, readonly PolicyGroup[]>();
  /** jtis of tokens that are being renewed by this node. */
  readonly #renewing = new Set<string>();

  constructor(options: TokenIssuerOptions) {
    this.#options = options;
    this.#adminSecretDigest = digest(options.adminSecret);
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
      const claimed = this.#options.adminUserIDs.has(userID) ? userID : '';
      throw this.#options.news.refused(claimed, platforms.Admin, by, errors.noPermission('secret invalid'));
    }
    if (!this.#options.adminUserIDs.has(userID)) throw errors.args('userID is not an admin userID');
    if ((await this.#options.users.findForToken(userID)) === undefined) throw errors.recordNotFound('user not found');
    return this.#issue({ userID, platformID: platforms.Admin, wishes, by });
  }

  /**
   * A token for a user's device, ending the user's sessions that the login policy leaves no room for.
   * @throws 1002 caller not an admin, 1001 unknown platform, 1002 platform 10 or an admin's userID, 1004 user not
   * registered, 1001 system account or a lifetime or device name out of range, 500 store failure
   */
  async issueUserToken(
    context: CallContext,
    request: { platformID: number; userID: string } & TokenWishes,
  ): Promise<IssuedToken> {
    const { platformID, userID } = request;
    const refusal = this.#refusalOfUserToken(context, platformID, userID);
    if (refusal !== undefined) throw this.#options.news.refused(userID, platformID, actorOf(context), refusal);
    if (!isKnownPlatform(platformID)) throw errors.args(`platformID must be ${platformRange}`);
    const user = await this.#options.users.findForToken(userID);
    if (user === undefined) throw errors.recordNotFound('user not found');
    if (user.appManagerLevel >= systemAccountLevel) throw errors.args('app account can`t get token');
    return this.#issue({ userID, platformID, wishes: request, by: actorOf(context) });
  }

  /**
   * A fresh token for the device that calls, in the place of the one it called with, which is accepted for another
   * minute. It lives as long as one asked for now would, but no longer than the old one was given: who got a short-lived
   * token cannot make it a long-lived one; and no row of renewals goes on for longer after its login than a session may.
   * Who asks again within that minute, as the answer was lost, gets the same token again.
   * @throws 1001 a lifetime out of range, a token that is being renewed at this moment, whose successor has ended or that
   * is too young; 1501 the token has come to its end meanwhile, 1507 the store has lost it,
   * 500 store failure
   */
  async renewToken(context: CallContext, wishes: TokenWishes): Promise<IssuedToken> {
    const { jti } = context.caller;
    // Of several at once one is answered, so that each of a client's windows need not fear for its token.
    if (this.#renewing.has(jti)) throw errors.args('this token is being renewed');
    this.#renewing.add(jti);
    try {
      const renewed = await this.#renew(context, wishes);
      // What came in together with this call may still wait to be read.
      await twoTurns();
      return renewed;
    } finally {
      this.#renewing.delete(jti);
    }
  }

  async #renew(context: CallContext, wishes: TokenWishes): Promise<IssuedToken> {
    const { store, clock } = this.#options;
    const { caller } = context;
    const { record: old } = await guarded(store.find(caller));
    const now = clock();
    if (now >= caller.expiresAt) throw errors.tokenExpired();
    if (old === undefined || !isKnownPlatform(old.platformID)) throw errors.tokenNotExist();
    if (old.state === 'superseded' && old.successor !== undefined) return this.#again(old, old.successor);
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

  /** The token that has taken another one's place, made anew from what the store knows of it: it says the same. */
  async #again({ userID, platformID }: TokenRecord, { jti, expiresAt }: Successor): Promise<IssuedToken> {
    const { store, codec, clock } = this.#options;
    const now = clock();
    const { record } = await guarded(store.find({ userID, jti, expiresAt }));
    if (record?.state !== 'live' || !isKnownPlatform(platformID)) throw endedAlready();
    const { issuedAt, loginAt } = record;
    const { token } = codec.sign({ userID, platformID, jti, now: issuedAt, ttlMs: expiresAt - issuedAt, loginAt });
    return { token, expireTimeSeconds: Math.floor((expiresAt - now) / 1000) };
  }

  async #issue({ userID, platformID, wishes, by, renews }: IssueOrder): Promise<IssuedToken> {
    const { clock, randomBytes, store, codec, everyonesCutoffs, events, news } = this.#options;
    const ttlMs = this.#lifetimeMs(platformID, wishes.expireTimeSeconds ?? 0, renews);
    const deviceName = checkDeviceName(wishes.deviceName ?? '', this.#options.maxDeviceNameLength ?? 64);
    const cutoffs = everyonesCutoffs.known ?? (await guarded(everyonesCutoffs.current()));

    const now = clock();
    const loginAt = renews === undefined ? undefined : loginOf(renews);
    const signed = codec.sign({ userID, platformID, jti: newTokenID(randomBytes), now, ttlMs, loginAt });
    const { jti, expiresAt } = signed;
    const how = renews === undefined ? { how: 'login' as const } : { how: 'renewal' as const, renews: renews.jti };
    const issued = { userID, platformID, jti, expiresAt, by, ...how };
    const outcome = await guarded(
      store.issue(
        {
          record: { jti, userID, platformID, issuedAt: now, expiresAt, deviceName, keyMark: keyMark(signed.kid) },
          // A renewal takes the room of its predecessor.
          groups: renews === undefined ? this.#groupsOf(platformID) : [],
          everyonesCutoffs: cutoffs,
          ...supersession(platformID, renews, now),
          tell: news.tellingOfIssue(issued),
        },
        signed.token,
      ),
    );
    if (!outcome.isIssued) throw endedAlready();

    events.emit('tokenIssued', issued);
    news.ended(userID, outcome.kicked, 'policy', { origin: 'here', by });
    news.superseded(userID, outcome.superseded);
    return { token: signed.token, expireTimeSeconds: Math.floor((expiresAt - now) / 1000) };
  }

  #groupsOf(platformID: PlatformID): readonly PolicyGroup[] {
    const known = this.#groups.get(platformID);
    if (known !== undefined) return known;
    const groups = policyGroups(this.#options.loginPolicy, platformID);
    this.#groups.set(platformID, groups);
    return groups;
  }

  /** 1002, if nobody may have such a token, or not by this caller. */
  #refusalOfUserToken(context: CallContext, platformID: number, userID: string): ProtocolError | undefined {
    if (!context.caller.isAdmin) return notAdmin(context);
    if (platformID === platforms.Admin) return errors.noPermission('platformID must not be the admin platform');
    if (isKnownPlatform(platformID) && this.#options.adminUserIDs.has(userID)) {
      return errors.noPermission('userID is an admin userID');
    }
    return undefined;
  }

  /** The request's wish, else the platform's setting, else the general one. @throws 1001 */
  #lifetimeMs(platformID: number, wishedSeconds: number, renews: TokenRecord | undefined): number {
    const { defaultMs, byPlatformMs, maxMs, sessionMs } = this.#options.lifetimes;
    if (!Number.isInteger(wishedSeconds) || wishedSeconds < 0 || wishedSeconds * 1000 > maxMs) {
      throw errors.args(`expireTimeSeconds must be 1 to ${Math.floor(maxMs / 1000)}`);
    }
    const lifetimeMs = wishedSeconds > 0 ? wishedSeconds * 1000 : (byPlatformMs.get(platformID) ?? defaultMs);
    if (renews === undefined) return lifetimeMs;
    // Whole seconds: an exp is rounded up, and by that the life of a token would grow with every renewal.
    const givenSeconds = Math.floor((renews.expiresAt - renews.issuedAt) / 1000);
    // The last day of its session, but nobody loses by renewing what the old one promised.
    const lastDay = Math.max(loginOf(renews) + sessionMs, renews.expiresAt);
    const leftSeconds = Math.floor((lastDay - this.#options.clock()) / 1000);
    return Math.min(lifetimeMs, Math.max(1, Math.min(givenSeconds, leftSeconds)) * 1000);
  }
}

interface IssueOrder {
  readonly userID: string;
  readonly platformID: PlatformID;
  readonly wishes: TokenWishes;
  readonly by: Actor;
  /** The token that the new one takes the place of. */
  readonly renews?: TokenRecord;
}

async function twoTurns(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** No 15xx: the token that was to be renewed may still be accepted (T5). */
function endedAlready() {
  return errors.args('this token has been renewed or ended already');
}

const adminGraceMs = 5 * 60_000;
const renewalOverlapMs = 60_000;
const longestRenewalWaitMs = 3_600_000;
/** appManagerLevel of notification and robot accounts, which nobody logs in to (rest-core.md 3). */
const systemAccountLevel = 3;

function supersession(platformID: PlatformID, renews: NewToken | undefined, now: number) {
  if (renews !== undefined) {
    return { supersede: { which: { jti: renews.jti }, acceptedUntil: now + renewalOverlapMs } };
  }
  if (platformID !== platforms.Admin) return {};
  return { supersede: { which: 'platform' as const, acceptedUntil: now + adminGraceMs } };
}

/** @throws 1001 */
function checkDeviceName(name: string, maxLength: number): string {
  if (name === '') return name;
  // UTF-16 first: the characters of a body full of them are not counted.
  if (name.length > 2 * maxLength || [...name].length > maxLength) {
    throw errors.args(`deviceName is over ${maxLength} characters`);
  }
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) throw errors.args('deviceName holds control characters');
  return name;
}

/**
 * A token may be renewed once a hundredth of its life is over: each one that was is remembered to its own end, and
 * renewing in a loop must not fill the store.
 */
function renewableAfterMs({ issuedAt, expiresAt }: NewToken): number {
  return Math.min((expiresAt - issuedAt) / 100, longestRenewalWaitMs);
}

/** Secrets are compared by digest: of one length, so that the comparison takes the same time whatever was sent. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
