/**
 * The parts of a store's URL, taken apart by hand: a list of hosts is no authority that the URL class takes, and a
 * character that has to be written otherwise would make it look up a piece of the password as a host. A URL holds
 * credentials, so no message here repeats any part of one.
 */

export class StoreUrlError extends Error {
  override name = 'StoreUrlError';
  /** What the URL must do or have: words to go after "must", and nothing of the URL. */
  readonly demand: string;

  constructor(demand: string) {
    super(`the URL must ${demand}`);
    this.demand = demand;
  }
}

export interface StoreUrlParts {
  /** Without `://`. */
  readonly scheme: string;
  /** As it stands before the @; undefined if there is none. */
  readonly userinfo: string | undefined;
  readonly hosts: string;
  /** Without its first slash. */
  readonly path: string;
  readonly query: string | undefined;
}

/**
 * @param start what the URL must start with, for people
 * @throws StoreUrlError
 */
export function splitStoreUrl(url: string, schemes: readonly string[], start: string): StoreUrlParts {
  if (/[\s\p{Cc}]/u.test(url)) failUrl('hold no spaces; in a password one is written %20');
  if (url.includes('#')) failUrl('hold no #; in a password it is written %23');
  const match = /^([a-z+]+):\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url);
  const [, scheme = '', authority = '', path = '', query] = match ?? [];
  if (!schemes.includes(scheme)) failUrl(`start with ${start}`);
  // What a / or a ? of the password has cut off stands there, and the true host behind it.
  if (path.includes('@') || query?.includes('@') === true) failUrl(`hold no @ behind the host; ${encodedCharacters}`);
  const at = authority.lastIndexOf('@');
  const userinfo = at < 0 ? undefined : authority.slice(0, at);
  return { scheme, userinfo, hosts: authority.slice(at + 1), path, query };
}

/** What stands behind `%` in a name or a password. @throws StoreUrlError */
export function decodeUrlPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return failUrl('have a % in a name or a password written %25');
  }
}

/** For characters of a password that end it. */
export const encodedCharacters = '/ ? @ in a password are written %2F %3F %40';

export function failUrl(demand: string): never {
  throw new StoreUrlError(demand);
}
