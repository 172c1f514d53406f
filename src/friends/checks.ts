/** Checks that calls about friends have in common. */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { errors } from '../protocol/errors.ts';
import type { User } from '../users/user.ts';
import type { UserStore } from '../users/user-store.ts';
import { maxUsersAtOnce } from './friendships.ts';

/** @param fields IDs by their names on the wire. @throws 1001 one of them is empty */
export function requireGiven(fields: Readonly<Record<string, string>>): void {
  for (const [name, id] of Object.entries(fields)) if (id === '') throw errors.args(`${name} is empty`);
}

/** @throws 1001 the list is empty or too long */
export function requireSize(name: string, ids: readonly string[]): void {
  if (ids.length === 0) throw errors.args(`${name} is empty`);
  if (ids.length > maxUsersAtOnce) throw errors.args(`${name} has more than ${maxUsersAtOnce} entries`);
}

/** @throws 1001 the list is empty, or names one twice */
export function requireDistinct(name: string, ids: readonly string[]): void {
  if (ids.length === 0) throw errors.args(`${name} is empty`);
  if (new Set(ids).size < ids.length) throw errors.args(`${name} names a user twice`);
}

/** Acting as one of two, or as an admin. @throws 1002 */
export function requireOneOf({ caller }: CallContext, userA: string, userB: string): void {
  if (caller.isAdmin || caller.userID === userA || caller.userID === userB) return;
  throw errors.noPermission(`user ${caller.userID} is neither of the two`);
}

/** Who of these is registered, by ID; distinct IDs, any number; as of the transaction, if there is one. */
export async function usersByID(
  users: Pick<UserStore, 'find'>,
  userIDs: readonly string[],
  tx?: Transaction,
): Promise<ReadonlyMap<string, User>> {
  const found = new Map<string, User>();
  for (let start = 0; start < userIDs.length; start += usersPerQuery) {
    for (const user of await users.find(userIDs.slice(start, start + usersPerQuery), tx)) found.set(user.userID, user);
  }
  return found;
}

/** {@link usersByID}. @throws 1004 one of them is not registered, or is named twice */
export async function requireRegistered(
  users: Pick<UserStore, 'find'>,
  userIDs: readonly string[],
): Promise<ReadonlyMap<string, User>> {
  const found = await usersByID(users, userIDs);
  if (found.size < userIDs.length) throw errors.recordNotFound('user not found');
  return found;
}

const usersPerQuery = 250;
