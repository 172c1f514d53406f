/** Lists of users in calls. */
import { type ErrorFactory, errors } from '../protocol/errors.ts';
import type { UserStore } from '../users/user-store.ts';

/** The protocol's bound on most of them (relations-groups chapter, 2). */
export const maxUsersPerCall = 1000;

/** @throws 1001 if it is empty, too long or repeats a user */
export function requireUserList(name: string, userIDs: readonly string[]): void {
  if (userIDs.length === 0) throw errors.args(`${name} is empty`);
  if (userIDs.length > maxUsersPerCall) throw errors.args(`${name} has more than ${maxUsersPerCall}`);
  requireDistinct(name, userIDs);
}

/** @throws 1001 */
export function requireDistinct(name: string, userIDs: readonly string[]): void {
  if (new Set(userIDs).size < userIDs.length) throw errors.args(`${name} repeats a user`);
}

/** @throws what `error` makes, if one of them is not registered */
export async function requireUsers(
  users: Pick<UserStore, 'find'>,
  userIDs: readonly string[],
  error: ErrorFactory,
): Promise<void> {
  const distinct = [...new Set(userIDs)];
  for (let start = 0; start < distinct.length; start += readAtOnce) {
    const piece = distinct.slice(start, start + readAtOnce);
    if ((await users.find(piece)).length < piece.length) throw error('user not found');
  }
}

/** Whole users, with texts of their own. */
const readAtOnce = 250;
