/**
 * Tells those who have a user as a friend that the user's profile is another: an update in the version log of each, and
 * notification 1209 (relations-groups chapter, 9.2).
 *
 * Somebody may be the friend of ten thousand. The change itself would then hold its locks, and on SQLite the one writer,
 * for as long as it takes to write ten thousand logs. So it writes the first slice only; each slice leaves behind, in its
 * own transaction, a row in the outbox for the next. What others send and change has its turn in between, a crash loses
 * none, and what a slice does a second time after one is told once more. In this order, too, whoever is told reads the
 * new profile.
 */
import type { CallContext } from '../kernel/caller.ts';
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import { friendProfileNotice } from '../notices/catalogue/friends.ts';
import type { Notifier } from '../notices/notifier.ts';
import type { Outbox } from '../notices/outbox.ts';
import type { OutboxRow } from '../notices/outbox-store.ts';
import type { VersionLog } from '../sync/version-log.ts';
import type { FriendStore } from './friend-store.ts';

export interface FriendProfilesOptions {
  readonly store: Pick<FriendStore, 'ownersAfter'>;
  readonly versionLog: Pick<VersionLog, 'lock' | 'record'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly outbox: Pick<Outbox, 'add'>;
  readonly unitOfWork: UnitOfWork;
  /** For tests. */
  readonly ownersPerSlice?: number;
}

interface Slice {
  readonly operationID: string;
  readonly changedByID: string;
  readonly changedUserID: string;
  /** The last owner of the slice before. */
  readonly after: string;
}

export class FriendProfiles {
  readonly #options: FriendProfilesOptions;

  constructor(options: FriendProfilesOptions) {
    this.#options = options;
  }

  /** To be called in the transaction that changes a user's nickname or face. Those of the first slice are told with it. */
  async changed(tx: Transaction, { caller, operationID }: CallContext, changedUserID: string): Promise<void> {
    await this.#tell(tx, { operationID, changedByID: caller.userID, changedUserID, after: '' });
  }

  /** The outbox's handler for further slices. */
  async workOff({ payload }: Pick<OutboxRow, 'payload'>): Promise<void> {
    const slice = JSON.parse(payload) as Slice;
    await this.#options.unitOfWork.transaction((tx) => this.#tell(tx, slice));
  }

  async #tell(tx: Transaction, slice: Slice): Promise<void> {
    const { versionLog, notifier, outbox, ownersPerSlice = defaultOwnersPerSlice } = this.#options;
    const { changedByID, changedUserID, after } = slice;
    const owners = await this.#lockOwners(tx, changedUserID, after, ownersPerSlice);
    await versionLog.record(
      tx,
      'friends',
      owners.map((ownerID) => ({ ownerID, changes: [{ itemID: changedUserID, state: 'update' }] })),
    );
    const notices = owners.map((ownerID) => friendProfileNotice(changedByID, changedUserID, ownerID));
    await notifier.notify(tx, slice, ...notices);
    const last = owners.at(-1);
    if (last === undefined || owners.length < ownersPerSlice) return;
    const payload = JSON.stringify({ ...slice, after: last } satisfies Slice);
    await outbox.add(tx, [{ topic: 'friend-profiles', key: `friend-profiles:${changedUserID}`, payload }]);
  }

  /**
   * The next who have the user as a friend, which stays so until the transaction ends. Read again once they are locked:
   * who has been quicker to end the friendship is told of that alone, since an update logged after it would hide it. The
   * user's own log is locked, too, as whoever befriends the user does: who did so just now, and has read the old profile,
   * is among them; who comes after reads the new one.
   */
  async #lockOwners(tx: Transaction, userID: string, after: string, limit: number): Promise<readonly string[]> {
    const { store, versionLog } = this.#options;
    const locked = new Set<string>();
    for (;;) {
      const owners = await store.ownersAfter(tx, userID, after, limit);
      const open = [userID, ...owners].filter((ownerID) => !locked.has(ownerID));
      if (open.length === 0) return owners;
      await versionLog.lock(tx, 'friends', open);
      for (const ownerID of open) locked.add(ownerID);
    }
  }
}

/** Some milliseconds of writing. */
const defaultOwnersPerSlice = 50;
