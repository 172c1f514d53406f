/** What a secret must not be, and what it had better not be, wherever it is set. */
import { guessBits } from './secret-strength.ts';

/** OpenIM ships with it, so everybody knows it. */
export const publishedDefault = 'openIM123';

/** Shorter ones are guessed, and could not be told from ordinary words when logs are scrubbed of them. */
export const shortestSecret = 8;

/** How to make a good one. */
const makeAGoodOne = 'make a random one, such as `openssl rand -base64 32` prints';

/** A patient guesser finds what is below, through the throttle of the API too. */
const guessableBits = 35;
/** Below, one who has much hardware and a token may find it. */
const doubtfulBits = 64;

/**
 * @returns what is wrong, to be put behind the secret's name; undefined if nothing is. Never the secret itself
 * @param dev development mode accepts any
 */
export function secretFault(secret: string, { dev }: { readonly dev: boolean }): string | undefined {
  const weakness = dev ? undefined : guessableBecause(secret);
  return weakness === undefined ? undefined : `${weakness}; ${makeAGoodOne}, or start with --dev`;
}

/** @returns why it can be guessed; undefined if nothing speaks for that. Never the secret itself */
export function guessableBecause(secret: string): string | undefined {
  if (secret === publishedDefault) return "is OpenIM's published default, which everybody knows";
  if (secret.length < shortestSecret) return `must be at least ${shortestSecret} characters`;
  const bits = guessBits(secret);
  return bits < guessableBits ? `is easily guessed: about 2^${Math.ceil(bits)} tries find it` : undefined;
}

/** @returns what is to be warned of, to be put behind the secret's name; undefined for a good one */
export function secretDoubt(secret: string): string | undefined {
  const weakness = guessableBecause(secret);
  if (weakness !== undefined) return `${weakness}; ${makeAGoodOne}`;
  const bits = guessBits(secret);
  return bits < doubtfulBits ? `may be guessed: about 2^${Math.ceil(bits)} tries find it; ${makeAGoodOne}` : undefined;
}
