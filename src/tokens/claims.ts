/**
 * Signs and checks the JWT that a client carries. Only what the token itself says: whether it has been kicked is the
 * store's business. Protocol: rest-core.md 5.2. The one place that knows the JWT library.
 */
import { createHash } from 'node:crypto';
import { createDecoder, createSigner, createVerifier, TOKEN_ERROR_CODES } from 'fast-jwt';
import { isKnownPlatform, type PlatformID } from '../protocol/constants.ts';
import { errors } from '../protocol/errors.ts';

/** What a correctly signed, current token says. */
export interface TokenClaims {
  readonly userID: string;
  readonly platformID: PlatformID;
  /** The token's name in the store and in logs: its `jti`, or a hash of it if it has none of ours (T6). */
  readonly jti: string;
  /** Unix ms: accepted while now < expiresAt (T1). */
  readonly expiresAt: number;
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
}

/** A fresh token name: 128 random bits, base64url. `randomBytes` is node:crypto's, or a test's. */
export function newTokenID(randomBytes: (size: number) => Buffer): string {
  return randomBytes(16).toString('base64url');
}

export class TokenCodec {
  readonly #sign: (payload: Record<string, unknown>) => string;
  readonly #decodeHeader = headerDecoder();
  readonly #verifiers = new Map<string, Verifier>();
  /** Header segments of our own making, whose key is known without decoding them. */
  readonly #verifierByHeader = new Map<string, Verifier>();

  /** @param signingKeys secrets; the first signs, all verify. */
  constructor(signingKeys: readonly [string, ...string[]]) {
    this.#sign = signerFor(signingKeys[0]);
    for (const key of signingKeys) {
      const verifier = verifierFor(key);
      this.#verifiers.set(keyID(key), verifier);
      this.#verifierByHeader.set(headerSegment(signerFor(key)({})), verifier);
    }
  }

  /** Makes a token whose `exp` is the first whole second at or after now + ttlMs, so that it is never short-lived. */
  sign({ userID, platformID, jti, now, ttlMs }: SignRequest): SignedToken {
    const exp = Math.ceil((now + ttlMs) / 1000);
    const iat = Math.floor(now / 1000) - clockSkewSeconds;
    const token = this.#sign({ UserID: userID, PlatformID: platformID, exp, iat, jti });
    return { token, userID, platformID, jti, expiresAt: exp * 1000 };
  }

  /**
   * Checks structure, then algorithm and signature, then the claims.
   * @param now Unix ms
   * @throws 1503 malformed, 1505 unknown algorithm, key or signature or issued in the future, 1501 expired, 1504 not
   * valid yet
   */
  verify(token: string, now: number): TokenClaims {
    if (bearerPrefix.test(token)) throw errors.tokenMalformed('starts with Bearer');
    if (token.length > maxTokenLength) throw errors.tokenMalformed('too long');
    const payload = this.#verifySignature(token);
    const claims = readClaims(payload, token);
    checkTimes(payload, claims.expiresAt, now);
    return claims;
  }

  #verifySignature(token: string): Payload {
    const known = this.#verifierByHeader.get(headerSegment(token));
    if (known !== undefined) return known(token);
    const candidates = this.#candidates(this.#decodeHeader(token));
    for (const verifier of candidates) {
      try {
        return verifier(token);
      } catch (error) {
        // Another key may fit; any other failure is the same for all keys.
        if (verifier === candidates.at(-1)) throw error;
      }
    }
    throw errors.tokenUnknown('signed with an unknown key');
  }

  /** The key that `kid` names; every key for a token without `kid`, which is how OpenIM signs. */
  #candidates(header: Payload): readonly Verifier[] {
    if (header.kid === undefined) return [...this.#verifiers.values()];
    const verifier = typeof header.kid === 'string' ? this.#verifiers.get(header.kid) : undefined;
    return verifier === undefined ? [] : [verifier];
  }
}

type Payload = Readonly<Record<string, unknown>>;
/** @throws ProtocolError 1503 or 1505 */
type Verifier = (token: string) => Payload;

/** Clients and servers may disagree about the time by that much without a fresh token looking issued in the future. */
const clockSkewSeconds = 5;
/** Far above any token that we or OpenIM make; a longer one is not worth decoding. */
const maxTokenLength = 8192;
const bearerPrefix = /^bearer /i;
const algorithm = 'HS256';

/**
 * Names a key in the `kid` header. It tells an attacker nothing new: whoever has a token can already test guesses of a
 * weak key against its signature, at the same cost as against this hash.
 */
function keyID(key: string): string {
  return createHash('sha256').update('tessera signing key id\0').update(key).digest('base64url').slice(0, 8);
}

function signerFor(key: string): (payload: Record<string, unknown>) => string {
  return createSigner({ algorithm, key: Buffer.from(key), kid: keyID(key) });
}

function verifierFor(key: string): Verifier {
  // Times are checked here, against the clock passed in and in the protocol's order.
  const verify = createVerifier({
    algorithms: [algorithm],
    key: Buffer.from(key),
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

function readClaims({ UserID, PlatformID, exp, jti }: Payload, token: string): TokenClaims {
  if (typeof UserID !== 'string' || UserID === '') throw errors.tokenMalformed('claim UserID');
  if (typeof PlatformID !== 'number' || !isKnownPlatform(PlatformID)) throw errors.tokenMalformed('claim PlatformID');
  if (!isSeconds(exp)) throw errors.tokenMalformed('claim exp');
  return {
    userID: UserID,
    platformID: PlatformID,
    jti: typeof jti === 'string' && ownTokenID.test(jti) ? jti : hashOf(token),
    expiresAt: exp * 1000,
  };
}

function checkTimes({ nbf, iat }: Payload, expiresAt: number, now: number): void {
  if (nbf !== undefined && !isSeconds(nbf)) throw errors.tokenMalformed('claim nbf');
  if (iat !== undefined && !isSeconds(iat)) throw errors.tokenMalformed('claim iat');
  if (now >= expiresAt) throw errors.tokenExpired();
  if (nbf !== undefined && now < nbf * 1000) throw errors.tokenNotValidYet();
  if (iat !== undefined && now < iat * 1000) throw errors.tokenUnknown('token used before issued');
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e12;
}

/** What `newTokenID` makes. Anything else is not ours and, as a part of store keys, not to be trusted either. */
const ownTokenID = /^[\w-]{22}$/;

/** Of the signed part only: the same signature can be spelt in several ways, and the name must not depend on that. */
function hashOf(token: string): string {
  const signedPart = token.slice(0, token.lastIndexOf('.'));
  return `h:${createHash('sha256').update(signedPart).digest('base64url').slice(0, 22)}`;
}

function headerSegment(token: string): string {
  return token.slice(0, token.indexOf('.'));
}
