/** Tokens as OpenIM makes them: HS256, whole seconds, no `jti`. Protocol: rest-core.md 5.2. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PlatformID } from '../../src/protocol/numbers/platforms.ts';

export interface OpenIMClaims {
  readonly UserID: string;
  readonly PlatformID: PlatformID;
  readonly exp: number;
  readonly iat: number;
}

const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
const clockSkewSeconds = 5;

/** Two calls for one device within a second give the same token (known defect 4). @param now Unix ms */
export function signOpenIM(
  secret: string,
  { userID, platformID }: { userID: string; platformID: PlatformID },
  lifetimeSeconds: number,
  now: number,
): string {
  const second = Math.floor(now / 1000);
  const claims: OpenIMClaims = {
    UserID: userID,
    PlatformID: platformID,
    exp: second + lifetimeSeconds,
    iat: second - clockSkewSeconds,
  };
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${signatureOf(secret, signed)}`;
}

/** @returns the claims, or the protocol's code for what is wrong. @param now Unix ms */
export function verifyOpenIM(secret: string, token: string, now: number): OpenIMClaims | number {
  const signed = token.slice(0, token.lastIndexOf('.'));
  const given = Buffer.from(token.slice(signed.length + 1));
  const expected = Buffer.from(signatureOf(secret, signed));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 1505;
  const claims: OpenIMClaims = JSON.parse(Buffer.from(signed.slice(header.length + 1), 'base64url').toString());
  return now < claims.exp * 1000 ? claims : 1501;
}

function signatureOf(secret: string, signed: string): string {
  return createHmac('sha256', secret).update(signed).digest('base64url');
}
