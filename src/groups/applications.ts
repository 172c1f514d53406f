/** Requests to join as they are written and told of, whoever makes them (relations-groups chapter, 8.3 to 8.5 and 9.3). */
import { applicationNotices, handledNotices } from '../notices/catalogue/group-applications.ts';
import { handleResults, joinSources } from '../protocol/numbers/groups.ts';
import { toPublicUserInfo, type User } from '../users/user.ts';
import { type GroupRequest, toRequestInfo } from './group.ts';
import type { GroupChange } from './group-change.ts';
import type { GroupRequestStore } from './group-request-store.ts';
import type { GroupView } from './group-view.ts';

export interface ApplicationsOptions {
  readonly store: GroupRequestStore;
  /** Random, for one event. */
  readonly newEventID: () => string;
  /** Unix ms. */
  readonly now: () => number;
}

/** What is known of the users whom requests name. */
export type KnownUsers = ReadonlyMap<string, User>;

export class Applications {
  readonly #options: ApplicationsOptions;

  constructor(options: ApplicationsOptions) {
    this.#options = options;
  }

  /** A user asks to join. Notice 1503. */
  async apply(
    change: GroupChange,
    { userID, ...asked }: Pick<GroupRequest, 'userID' | 'reqMsg' | 'ex' | 'joinSource'>,
    users: KnownUsers,
  ): Promise<void> {
    const request = { ...this.#pending(change, userID), ...asked };
    await this.#put(change, [request], userID, users);
  }

  /** A member proposes others. Notice 1503 of each; those who are proposed hear nothing of it. */
  async propose(change: GroupChange, userIDs: readonly string[], users: KnownUsers): Promise<void> {
    const inviterUserID = change.call.caller.userID;
    const requests = userIDs.map((userID) => ({ ...this.#pending(change, userID), inviterUserID }));
    await this.#put(change, requests, inviterUserID, users);
  }

  find({ group, tx }: GroupView, userID: string): Promise<GroupRequest | undefined> {
    return this.#options.store.find(group.groupID, userID, tx);
  }

  /** A request is answered. Notice 1505 or 1506. */
  async answer(
    change: GroupChange,
    pending: GroupRequest,
    result: number,
    handleMsg: string,
    users: KnownUsers,
  ): Promise<void> {
    const { store, newEventID, now } = this.#options;
    const request = { ...pending, result, handleMsg, handlerUserID: change.call.caller.userID, handledAt: now() };
    await store.put(change.tx, [request]);
    const receivers = await receiversOf(change, 1, [request.userID]);
    const verdict = result === handleResults.agreed ? 'accepted' : 'rejected';
    const info = toRequestInfo(request, publicInfo(request.userID, users), null);
    change.tell(...handledNotices(change.event, verdict, info, newEventID(), receivers));
  }

  /** In place of earlier ones. @param askerID who asks, for itself or for others */
  async #put(
    change: GroupChange,
    requests: readonly GroupRequest[],
    askerID: string,
    users: KnownUsers,
  ): Promise<void> {
    await this.#options.store.put(change.tx, requests);
    const receivers = await receiversOf(change, requests.length, [askerID, change.call.caller.userID]);
    for (const request of requests) {
      const info = toRequestInfo(request, publicInfo(request.userID, users), null);
      change.tell(...applicationNotices(change.event, info, this.#options.newEventID(), receivers));
    }
  }

  #pending({ group }: GroupChange, userID: string): GroupRequest {
    return {
      groupID: group.groupID,
      userID,
      result: handleResults.pending,
      reqMsg: '',
      ex: '',
      joinSource: joinSources.invitation,
      inviterUserID: '',
      requestedAt: this.#options.now(),
      handlerUserID: '',
      handleMsg: '',
      handledAt: 0,
    };
  }
}

/**
 * Owner and admins, and others, each once. Where one call makes many requests, only the first of the admins are told at
 * once: what a call writes has a bound, and they all find the requests in their lists.
 */
async function receiversOf(change: GroupChange, requests: number, others: readonly string[]): Promise<string[]> {
  const managers = await change.managerIDs(Math.max(1, Math.floor(maxNotices / requests)));
  return [...new Set([...managers, ...others])];
}

const maxNotices = 2000;

function publicInfo(userID: string, users: KnownUsers) {
  return toPublicUserInfo(userID, users.get(userID));
}
