/**
 * Groups while this server has none: what clients ask of them at login, answered truthfully
 * (relations-groups chapter, 5 and 10.5). The version logs are real and only lack entries, so that whatever the
 * groups domain records later is a change since what a client was told here.
 */

import { type CallContext, requireAccess } from '../kernel/caller.ts';
import { errors } from '../protocol/errors.ts';
import { type Pagination, requirePagination } from '../protocol/pagination.ts';
import { idHash } from './id-hash.ts';
import type { ItemChanges, VersionLog } from './version-log.ts';
import type { VersionHead } from './version-log-store.ts';

export class EmptyRelations {
  readonly #versionLog: VersionLog;

  constructor(versionLog: VersionLog) {
    this.#versionLog = versionLog;
  }

  /** What changed of a user's joined groups; `full` sends a client to the lists below. @throws 1002 */
  changesSince(call: CallContext, kind: 'joined_groups', userID: string, since: VersionHead): Promise<ItemChanges> {
    requireAccess(call, userID);
    return this.#versionLog.changesSince(kind, userID, since);
  }

  /** The head to keep with a full list of IDs, and whether the client's list is right. @throws 1001, 1002 */
  async fullIDs(
    call: CallContext,
    kind: 'joined_groups',
    userID: string,
    knownHash: bigint,
  ): Promise<VersionHead & { readonly isEqual: boolean }> {
    requireUserID(userID);
    requireAccess(call, userID);
    return { ...(await this.#versionLog.head(kind, userID)), isEqual: knownHash === idHash([]) };
  }

  /** A page of joined groups: the checks are all there is to do. @throws 1001, 1002 */
  async page(call: CallContext, userID: string, pagination: Pagination | null): Promise<void> {
    requireUserID(userID);
    requirePagination(pagination);
    requireAccess(call, userID);
  }

  /** Those of the given groups that exist: none. Anybody may ask. @throws 1001 */
  async groupsAmong(groupIDs: readonly string[]): Promise<void> {
    if (groupIDs.length === 0) throw errors.args('groupIDs is empty');
  }
}

function requireUserID(userID: string): void {
  if (userID === '') throw errors.args('userID is empty');
}
