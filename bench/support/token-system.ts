/** What bench/token-lifetime asks of Tessera and of the emulations of OpenIM, so that one load can be put on each. */
import type { PlatformID } from '../../src/protocol/numbers/platforms.ts';
import type { LoginPolicy } from '../../src/tokens/policy.ts';

export interface Login {
  /** Names the token: its `jti`; the token itself where it has none. */
  readonly id: string;
  readonly token: string;
  /** The end that the token's own `exp` promises, Unix ms, exclusive. */
  readonly endsAt: number;
}

export interface Device {
  readonly userID: string;
  readonly platformID: PlatformID;
}

export interface TokenSystem extends AsyncDisposable {
  readonly name: string;
  /**
   * True if the policy always keeps the newest and no token is forgotten, so that the benchmark can foretell who is
   * kicked.
   */
  readonly isPredictable: boolean;
  /** Called when a token has been kicked or revoked, before the call that did it resolves. */
  onEnded: (id: string) => void;
  /** The lifetime that logins get from now on, as an operator sets it. */
  configure(lifetimeSeconds: number): void;
  /** @param wishSeconds lifetime of this one token instead of the configured one */
  logIn(device: Device, wishSeconds?: number): Promise<Login>;
  /** A fresh token for the holder of `old`. */
  renew(device: Device, old: Login, wishSeconds?: number): Promise<Login>;
  /** Ends this one token. */
  revoke(device: Device, login: Login): Promise<void>;
  /** Ends all tokens of the user on the platform. */
  forceLogOut(device: Device): Promise<void>;
  /** @returns 0 if the token is accepted now, else the protocol's code for the refusal */
  check(token: string): Promise<number>;
}

export interface TokenSystemOptions {
  readonly redisUrl: string;
  readonly policyOf: (userID: string) => LoginPolicy;
  readonly policies: readonly LoginPolicy[];
}

/** The end that a JWT promises, Unix ms, read without any of our own code. */
export function promisedEndOf(token: string): number {
  return claimsOf(token).exp * 1000;
}

export function jtiOf(token: string): string {
  return claimsOf(token).jti;
}

function claimsOf(token: string): { exp: number; jti: string } {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
}
