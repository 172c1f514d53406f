/**
 * The token authority: who gets a token, whether a token is good, and how it ends before its time. Protocol:
 * rest-core.md 5 and 6.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isKnownPlatform, type PlatformID, platforms } from '../protocol/constants.ts';
import { errors, ProtocolError } from '../protocol/errors.ts';
import { type CallContext, type Caller, requireAdmin } from './caller.ts';
import { newTokenID, TokenCodec } from './claims.ts';
import type { TokenEvents } from './events.ts';
import { displacedPlatforms, type LoginPolicy, policyGroups } from './policy.ts';
import type { TokenEndReason, TokenRecord, TokenSelector, TokenStore } from './token-store.ts';

export interface TokenAuthorityOptions {
  readonly store: TokenStore;
  /** The first signs, all verify. */
  readonly signingKeys: readonly [string, ...string[]];
  /** What get_admin_token asks for. */
  readonly adminSecret: string;
  readonly adminUserIDs: readonly string[];
  readonly loginPolicy: LoginPolicy;
  /** Under policy 0; 0 or less is unlimited. */
  readonly maxTokensPerPlatform: number;
  readonly ttlMs: number;
  /** Unix ms. */
  readonly clock: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly users: TokenUsers;
  readonly events: TokenEvents;
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

/** A verified token's owner and limits. */
export interface Session extends Caller {
  readonly platformID: PlatformID;
  readonly jti: string;
  /** The token's own exp, Unix ms, exclusive. */
  readonly expiresAt: number;
  /** When the session must end (T7), Unix ms: `expiresAt`, or the end of its grace for a superseded admin token. */
  readonly endsAt: number;
}

export class TokenAuthority {
  readonly #options: TokenAuthorityOptions;
  readonly #codec: TokenCodec;
  readonly #adminSecretDigest: Buffer;
  readonly #adminUserIDs: ReadonlySet<string>;

  constructor(options: TokenAuthorityOptions) {
    this.#options = options;
    this.#codec = new TokenCodec(options.signingKeys);
    this.#adminSecretDigest = digest(options.adminSecret);
    this.#adminUserIDs = new Set(options.adminUserIDs);
  }

  /**
   * A platform 10 token for an admin. The admin's older ones stay for five minutes more.
   * @throws 1001 empty or not an admin's userID, 1002 wrong secret, 1004 admin not registered, 500 store failure
   */
  async issueAdminToken({ secret, userID }: { secret: string; userID: string }): Promise<IssuedToken> {
    if (userID === '') throw errors.args('userID is empty');
    if (!timingSafeEqual(digest(secret), this.#adminSecretDigest)) throw errors.noPermission('secret invalid');
    if (!this.#adminUserIDs.has(userID)) throw errors.args('userID is not an admin userID');
    if ((await this.#options.users.findForToken(userID)) === undefined) throw errors.recordNotFound('user not found');
    return this.#issue(userID, platforms.Admin);
  }

  /**
   * A token for a user's device, ending the user's sessions that the login policy leaves no room for.
   * @throws 1002 caller not an admin, 1001 platform not 1 to 11, 1002 platform 10 or an admin's userID, 1004 user not
   * registered, 1001 system account, 500 store failure
   */
  async issueUserToken(
    context: CallContext,
    { platformID, userID }: { platformID: number; userID: string },
  ): Promise<IssuedToken> {
    requireAdmin(context);
    if (!isKnownPlatform(platformID)) throw errors.args('platformID must be 1 to 11');
    if (platformID === platforms.Admin) throw errors.noPermission('platformID must not be the admin platform');
    if (this.#adminUserIDs.has(userID)) throw errors.noPermission('userID is an admin userID');
    const user = await this.#options.users.findForToken(userID);
    if (user === undefined) throw errors.recordNotFound('user not found');
    if (user.appManagerLevel >= systemAccountLevel) throw errors.args('app account can`t get token');
    return this.#issue(userID, platformID);
  }

  /**
   * Whose token this is, if it is accepted now.
   * @throws 1501, 1503, 1504, 1505 for what the token itself says; 1506 kicked or revoked; 1507 unknown, or superseded
   * and out of grace; 500, never 15xx, if the store fails (T5)
   */
  async verify(token: string): Promise<Session> {
    const now = this.#options.clock();
    const { userID, platformID, jti, expiresAt } = this.#codec.verify(token, now);
    const record = await guarded(this.#options.store.find(userID, jti));
    // It may have come to its end while the store was asked, which then no longer knows it.
    if (record === undefined && this.#options.clock() >= expiresAt) throw errors.tokenExpired();
    const isAdmin = this.#adminUserIDs.has(userID);
    const endsAt = Math.min(expiresAt, acceptedEnd(record, isAdmin));
    if (now >= endsAt) throw errors.tokenNotExist();
    return { userID, platformID, isAdmin, jti, expiresAt, endsAt };
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
    await this.#kick(userID, { platformID }, 'forced');
    // Not only those just marked: where a first attempt took effect and its answer was lost, trying again must still
    // close the sockets.
    const tokens = await guarded(this.#options.store.list(userID));
    const ended = tokens.filter((token) => token.platformID === platformID && !isAccepted(token));
    this.#announceEnded(userID, ended, 'forced');
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
    const ended = await this.#kick(session.userID, { jtis: others }, 'displaced');
    this.#announceEnded(session.userID, ended, 'displaced');
  }

  async #issue(userID: string, platformID: PlatformID): Promise<IssuedToken> {
    const { clock, randomBytes, ttlMs, store, loginPolicy, maxTokensPerPlatform, events } = this.#options;
    const now = clock();
    const signed = this.#codec.sign({ userID, platformID, jti: newTokenID(randomBytes), now, ttlMs });
    const acceptedUntil = now + adminGraceMs;
    const { kicked, superseded } = await guarded(
      store.issue({
        record: { jti: signed.jti, userID, platformID, issuedAt: now, expiresAt: signed.expiresAt },
        groups: policyGroups(loginPolicy, maxTokensPerPlatform, platformID),
        ...(platformID === platforms.Admin ? { supersedePlatform: { acceptedUntil } } : {}),
      }),
    );
    events.emit('tokenIssued', { userID, platformID, jti: signed.jti, expiresAt: signed.expiresAt });
    this.#announceEnded(userID, kicked, 'policy');
    if (superseded.length > 0) {
      events.emit('tokensSuperseded', { userID, platformID, jtis: superseded.map(({ jti }) => jti), acceptedUntil });
    }
    return { token: signed.token, expireTimeSeconds: Math.floor((signed.expiresAt - now) / 1000) };
  }

  #kick(userID: string, selector: TokenSelector, reason: TokenEndReason): Promise<readonly TokenRecord[]> {
    return guarded(this.#options.store.kick(userID, selector, reason, 'kicked'));
  }

  #announceEnded(userID: string, tokens: readonly TokenRecord[], reason: TokenEndReason): void {
    for (const [platformID, group] of Map.groupBy(tokens, (token) => token.platformID)) {
      const jtis = group.map(({ jti }) => jti);
      this.#options.events.emit('tokensEnded', { userID, platformID, jtis, reason });
    }
  }
}

const adminGraceMs = 5 * 60_000;
/** appManagerLevel of notification and robot accounts, which nobody logs in to (rest-core.md 3). */
const systemAccountLevel = 3;

/**
 * Unix ms until which the store has the token accepted; a live one as long as the token itself says.
 * @throws 1506, 1507
 */
function acceptedEnd(record: TokenRecord | undefined, isAdmin: boolean): number {
  if (record === undefined) throw errors.tokenNotExist();
  switch (record.state) {
    case 'live':
      return Number.POSITIVE_INFINITY;
    case 'superseded':
      // The grace is the admin's, not the token's: it ends with the role.
      if (!isAdmin) throw errors.tokenNotExist();
      return record.acceptedUntil;
    case 'kicked':
    case 'revoked':
      throw errors.tokenKicked();
  }
}

function isAccepted({ state }: TokenRecord): boolean {
  return state === 'live' || state === 'superseded';
}

/** Turns a store's failure into 500: it says nothing about the token (T5). */
async function guarded<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw Object.assign(errors.internal('token store unavailable'), { cause: error });
  }
}

/** Secrets are compared by digest: of one length, so that the comparison takes the same time whatever was sent. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
