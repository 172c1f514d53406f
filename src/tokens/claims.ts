/**
 * Signs and checks the JWT that a client carries. Only what the token itself says: whether it has been kicked is the
 * store's business. Protocol: rest-core.md 5.2. The one place that knows the JWT library.
 */
import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { createDecoder, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import { errors } from '../protocol/errors.ts';
import { isKnownPlatform, type PlatformID } from '../protocol/numbers/platforms.ts';
import type { KeyRing, SigningKey, SigningKeys } from './signing-keys.ts';

/** What a correctly signed, current token says. */
export interface TokenClaims {
  readonly userID: string;
  readonly platformID: PlatformID;
  /** The token's name in the store and in logs: its `jti`, or a hash of it if it has none of ours (T6). */
  readonly jti: string;
  /** Unix ms, of others' tokens and of earlier versions' to the second; 0 if the token does not say. */
  readonly issuedAt: number;
  /** Unix ms, from the claim `auth_time`: when the login was that the token goes on from, if it is renewed. */
  readonly loginAt?: number;
  /** Unix ms, from the claim `nbf`; 0 if the token does not say, as ours do not. */
  readonly notBefore: number;
  /** Unix ms: accepted while now < expiresAt (T1). */
  readonly expiresAt: number;
  /** True if Tessera made it, by its form: a `jti` like ours and a `kid`. OpenIM's tokens have neither. */
  readonly isOurs: boolean;
  /** The key that has signed it, also where the token does not name one. */
  readonly kid: string;
  /** Whether that key proves too little by itself: see {@link SigningKey}. */
  readonly needsStore: boolean;
}

export interface SignedToken extends TokenClaims {
  readonly token: string;
}

export interface SignRequest {
  readonly userID: string;
  readonly platformID: PlatformID;
  /** See {@link newTokenID}. */
  readonly jti: string;
  /** Unix ms. */
  readonly now: number;
  readonly ttlMs: number;
  /** Unix ms; of a renewal. The store may lose what it knows of it. */
  readonly loginAt?: number | undefined;
}

/**
 * A fresh token name: 80 random bits, base64url. It only has to differ from the user's other tokens, and no store takes
 * one twice; 14 characters save Redis an allocation class. `randomBytes` is node:crypto's, or a test's.
 */
export function newTokenID(randomBytes: (size: number) => Buffer): string {
  return randomBytes(10).toString('base64url');
}

export class TokenCodec {
  readonly #keys: SigningKeys;
  readonly #decodeHeader = headerDecoder();
  #tools: KeyTools;

  /** @param keys may be replaced at any time; what is signed and verified afterwards goes by the new ones */
  constructor(keys: SigningKeys) {
    this.#keys = keys;
    this.#tools = toolsFor(keys.ring);
  }

  /** Makes a token whose `exp` is the first whole second at or after now + ttlMs, so that it is never short-lived. */
  sign({ userID, platformID, jti, now, ttlMs, loginAt }: SignRequest): SignedToken {
    const exp = Math.ceil((now + ttlMs) / 1000);
    const iat = Math.floor(now / 1000) - clockSkewSeconds;
    const { ring, sign } = this.#current();
    // Where the store has lost what it knew of it, nobody else can say whether a logout was before or after that.
    const own = { iat_ms: now % 1000, ...(loginAt === undefined ? {} : loginClaims(loginAt)) };
    const token = sign({ UserID: userID, PlatformID: platformID, exp, iat, jti, ...own });
    const { kid, needsStore } = ring.signing;
    return {
      token,
      userID,
      platformID,
      jti,
      issuedAt: now,
      ...(loginAt === undefined ? {} : { loginAt }),
      notBefore: 0,
      expiresAt: exp * 1000,
      isOurs: true,
      kid,
      needsStore,
    };
  }

  /**
   * Checks structure, then algorithm and signature, then the claims; whether its time has come, {@link requireBegun}
   * says.
   * @param now Unix ms
   * @throws 1503 malformed, 1505 unknown algorithm, key or signature, 1501 expired
   */
  verify(token: string, now: number): TokenClaims {
    if (bearerPrefix.test(token)) throw errors.tokenMalformed('starts with Bearer');
    if (token.length > maxTokenLength) throw errors.tokenMalformed('too long');
    const signed = this.#verifySignature(token);
    const claims = readClaims(signed, token);
    if (now >= claims.expiresAt) throw errors.tokenExpired();
    return claims;
  }

  #verifySignature(token: string): Signed {
    const known = this.#current().keyByHeader.get(headerSegment(token));
    if (known !== undefined) return { payload: known.verify(token), namesKey: true, key: known };
    const { kid } = this.#decodeHeader(token);
    if (kid === undefined) return this.#verifyWithAny(token);
    const key = this.#keyNamed(kid);
    return { payload: key.verify(token), namesKey: true, key };
  }

  /** For a token without `kid`, which is how OpenIM signs. */
  #verifyWithAny(token: string): Signed {
    const candidates = [...this.#current().keys.values()];
    for (const key of candidates) {
      try {
        return { payload: key.verify(token), namesKey: false, key };
      } catch (error) {
        // Another key may fit; any other failure is the same for all keys.
        if (key === candidates.at(-1)) throw error;
      }
    }
    throw errors.tokenUnknown('signed with an unknown key');
  }

  #keyNamed(kid: unknown): VerifyingKey {
    const find = () => (typeof kid === 'string' ? this.#current().keys.get(kid) : undefined);
    let key = find();
    if (key === undefined) {
      // Another node may sign with a newer key already.
      this.#keys.lookForNewer();
      key = find();
    }
    if (key === undefined) throw errors.tokenUnknown('signed with an unknown key');
    return key;
  }

  #current(): KeyTools {
    if (this.#tools.ring !== this.#keys.ring) this.#tools = toolsFor(this.#keys.ring);
    return this.#tools;
  }
}

/** What the library makes of a key ring: costly to make, cheap to use. */
interface KeyTools {
  readonly ring: KeyRing;
  readonly sign: Signer;
  /** By `kid`. */
  readonly keys: ReadonlyMap<string, VerifyingKey>;
  /** By header segments of our own making, so that those need not be decoded. */
  readonly keyByHeader: ReadonlyMap<string, VerifyingKey>;
}

interface VerifyingKey extends Pick<SigningKey, 'kid' | 'needsStore'> {
  readonly verify: Verifier;
}

/** A payload whose signature is right. */
interface Signed {
  readonly payload: Payload;
  /** Whether the token names its key. */
  readonly namesKey: boolean;
  readonly key: VerifyingKey;
}

type Signer = (payload: Record<string, unknown>) => string;
type Payload = Readonly<Record<string, unknown>>;
/** @throws ProtocolError 1503 or 1505 */
type Verifier = (token: string) => Payload;

/** Clients and servers may disagree about the time by that much without a fresh token looking issued in the future. */
const clockSkewSeconds = 5;
/** Far above any token that we or OpenIM make; a longer one is not worth decoding. */
const maxTokenLength = 8192;
const bearerPrefix = /^bearer /i;
const algorithm = 'HS256';

function toolsFor(ring: KeyRing): KeyTools {
  const keys = ring.all.map(({ kid, secret, needsStore }) => {
    const key: VerifyingKey = { kid, needsStore, verify: verifierFor({ secret }) };
    return { key, header: headerOf(kid) };
  });
  return {
    ring,
    sign: signerFor(ring.signing),
    keys: new Map(keys.map(({ key }) => [key.kid, key])),
    keyByHeader: new Map(keys.map(({ key, header }) => [header, key])),
  };
}

/** RFC 7515, 3.1. Not the library's: it prepares key and header for each token, which takes longer than signing it. */
function signerFor({ kid, secret }: Pick<SigningKey, 'kid' | 'secret'>): Signer {
  const key = createSecretKey(Buffer.from(secret));
  const header = headerOf(kid);
  return (payload) => {
    const signed = `${header}.${segmentOf(payload)}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
  };
}

function headerOf(kid: string): string {
  return segmentOf({ alg: algorithm, typ: 'JWT', kid });
}

function segmentOf(part: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function verifierFor({ secret }: Pick<SigningKey, 'secret'>): Verifier {
  // Times are checked here, against the clock passed in and in the protocol's order.
  const verify = createVerifier({
    algorithms: [algorithm],
    key: Buffer.from(secret),
    cache: false,
    ignoreExpiration: true,
    ignoreNotBefore: true,
  });
  return (token) => translatingErrors(() => verify(token) as Payload);
}

/** @throws ProtocolError 1503, for a fault in the payload too */
function headerDecoder(): (token: string) => Payload {
  const decode = createDecoder({ complete: true });
  return (token) => translatingErrors(() => decode(token) as { header: Payload }).header;
}

function translatingErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw protocolErrorFor(error);
  }
}

/** The library's own texts and properties stay inside: some repeat parts of the token. */
function protocolErrorFor(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case TOKEN_ERROR_CODES.malformed:
    case TOKEN_ERROR_CODES.invalidPayload:
    case TOKEN_ERROR_CODES.invalidType:
      return errors.tokenMalformed();
    case TOKEN_ERROR_CODES.invalidAlgorithm:
      return errors.tokenUnknown('signing method is not accepted');
    case TOKEN_ERROR_CODES.invalidSignature:
    case TOKEN_ERROR_CODES.missingSignature:
    case TOKEN_ERROR_CODES.invalidCritHeader:
      return errors.tokenUnknown('signature is invalid');
    default:
      // Not a fact about the token (T5).
      return error;
  }
}

function readClaims({ payload, namesKey, key }: Signed, token: string): TokenClaims {
  const { UserID, PlatformID, exp, iat, nbf, jti, auth_time: login } = payload;
  const { iat_ms: issueMs, auth_ms: loginMs } = payload;
  if (typeof UserID !== 'string' || UserID === '') throw errors.tokenMalformed('claim UserID');
  if (typeof PlatformID !== 'number' || !isKnownPlatform(PlatformID)) throw errors.tokenMalformed('claim PlatformID');
  if (!isSeconds(exp)) throw errors.tokenMalformed('claim exp');
  if (iat !== undefined && !isSeconds(iat)) throw errors.tokenMalformed('claim iat');
  if (nbf !== undefined && !isSeconds(nbf)) throw errors.tokenMalformed('claim nbf');
  const ownID = typeof jti === 'string' && ownTokenID.test(jti) ? jti : undefined;
  return {
    userID: UserID,
    platformID: PlatformID,
    jti: ownID ?? hashOf(token),
    issuedAt: iat === undefined ? 0 : issuedAtOf(iat) + millisOf(issueMs),
    ...(isSeconds(login) ? { loginAt: login * 1000 + millisOf(loginMs) } : {}),
    notBefore: nbf === undefined ? 0 : nbf * 1000,
    expiresAt: exp * 1000,
    isOurs: ownID !== undefined && namesKey,
    kid: key.kid,
    needsStore: key.needsStore,
  };
}

/** To the second by the claim that others know, too. @param loginAt Unix ms */
function loginClaims(loginAt: number) {
  return { auth_time: Math.floor(loginAt / 1000), auth_ms: loginAt % 1000 };
}

/** What a claim says of an instant beyond its whole seconds. */
function millisOf(claim: unknown): number {
  return isSeconds(claim) && claim >= 0 && claim < 1000 ? claim : 0;
}

/** OpenIM and we set `iat` back by the skew. */
function issuedAtOf(iat: number): number {
  return (iat + clockSkewSeconds) * 1000;
}

/**
 * For a token that nobody knows here. One that the store knows was issued, whatever the clocks of the hosts say of when:
 * a clock that is set back must not turn away who has just logged in.
 * @param now Unix ms
 * @throws 1504 not valid yet, 1505 issued in the future
 */
export function requireBegun({ notBefore, issuedAt }: TokenClaims, now: number): void {
  if (now < notBefore) throw errors.tokenNotValidYet();
  if (now < issuedAt - clockSkewSeconds * 1000) throw errors.tokenUnknown('token used before issued');
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e12;
}

/** What `newTokenID` makes. Anything else is not ours and, as a part of store keys, not to be trusted either. */
const ownTokenID = /^[\w-]{14}$/;

/** Of the signed part only: the same signature can be spelt in several ways, and the name must not depend on that. */
function hashOf(token: string): string {
  const signedPart = token.slice(0, token.lastIndexOf('.'));
  return `h:${createHash('sha256').update(signedPart).digest('base64url').slice(0, 14)}`;
}

function headerSegment(token: string): string {
  return token.slice(0, token.indexOf('.'));
}
