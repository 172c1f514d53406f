/** What a secret must not be, wherever it is set. */

/** OpenIM ships with it, so everybody knows it. */
export const publishedDefault = 'openIM123';

/** Shorter ones are guessed, and could not be told from ordinary words when logs are scrubbed of them. */
export const shortestSecret = 8;

/**
 * @returns what is wrong, to be put behind the secret's name; undefined if nothing is. Never the secret itself
 * @param dev development mode accepts the published default
 */
export function secretFault(secret: string, { dev }: { readonly dev: boolean }): string | undefined {
  if (secret === publishedDefault && !dev) {
    return "is OpenIM's published default, which everybody knows; choose another, or start with --dev";
  }
  return secret.length < shortestSecret ? `must be at least ${shortestSecret} characters` : undefined;
}
