/** Names of objects, and the URLs that are made of them (objects chapter, 1.3). */
import type { CallContext } from '../kernel/caller.ts';
import { exceedsBytes } from '../protocol/bounds.ts';
import { errors } from '../protocol/errors.ts';

const maxNameBytes = 1024;

/** @throws 1001 ill-formed, 1002 the name belongs to somebody else */
export function requireName({ caller }: CallContext, name: string): void {
  if (name.trim() === '') throw errors.args('name is empty');
  if (name.startsWith('/')) throw errors.args('name begins with a slash');
  if (exceedsBytes(name, maxNameBytes)) throw errors.args(`name is over ${maxNameBytes} bytes`);
  if (!name.isWellFormed()) throw errors.args('name is not valid Unicode');
  // No database keeps one, no log should.
  if (/\p{Cc}/u.test(name)) throw errors.args('name has control characters');
  // Browsers and proxies take them out of a path: the object would never be found.
  if (name.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw errors.args('name has a segment . or ..');
  }
  if (!caller.isAdmin && !name.startsWith(`${caller.userID}/`)) {
    throw errors.noPermission('name must begin with the own userID and a slash');
  }
}

/** @param apiUrl ends in a slash */
export function objectUrl(apiUrl: string, name: string): string {
  return `${apiUrl}object/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** The same name with a segment of its own behind the first. */
export function withSegment(name: string, segment: string): string {
  const slash = name.indexOf('/');
  return `${name.slice(0, slash + 1)}${segment}/${name.slice(slash + 1)}`;
}
