/**
 * Tells those who have a user as a friend that the user's profile is another: an update in the version log of each, and
 * notification 1209 (relations-groups chapter, 9.2).
 *
 * Somebody may be the friend of ten thousand. The change itself would then hold its locks, and on SQLite the one writer,
 * for as long as it takes to write ten thousand logs. So it writes the first slice only; each slice leaves behind, in its
 * own transaction, a row in the outbox for the next, and takes its own. What others send and change has its turn in
 * between, and a crash neither loses one nor tells it twice. In this order, too, whoever is told reads the new profile.
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
  readonly store: Pick<FriendStore, 'ownersAfter' | 'ownersAmong'>;
  readonly versionLog: Pick<VersionLog, 'lock' | 'record'>;
  readonly notifier: Pick<Notifier, 'notify'>;
  readonly outbox: Pick<Outbox, 'add' | 'take'>;
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
  async workOff(row: OutboxRow): Promise<void> {
    const { unitOfWork, outbox } = this.#options;
    const slice = JSON.parse(row.payload) as Slice;
    await unitOfWork.transaction(async (tx) => {
      if (await outbox.take(tx, row)) await this.#tell(tx, slice);
    });
  }

  async #tell(tx: Transaction, slice: Slice): Promise<void> {
    const { store, versionLog, notifier, outbox, ownersPerSlice = defaultOwnersPerSlice } = this.#options;
    const { changedByID, changedUserID, after } = slice;
    const candidates = await store.ownersAfter(tx, changedUserID, after, ownersPerSlice);
    await versionLog.lock(tx, 'friends', candidates);
    // Who has been quicker to end the friendship is told of that alone: an update logged after it would hide it.
    const friendsStill = await store.ownersAmong(changedUserID, candidates, tx);
    const owners = candidates.filter((ownerID) => friendsStill.has(ownerID));
    await versionLog.record(
      tx,
      'friends',
      owners.map((ownerID) => ({ ownerID, changes: [{ itemID: changedUserID, state: 'update' }] })),
    );
    const notices = owners.map((ownerID) => friendProfileNotice(changedByID, changedUserID, ownerID));
    await notifier.notify(tx, slice, ...notices);
    const last = candidates.at(-1);
    if (last === undefined || candidates.length < ownersPerSlice) return;
    const payload = JSON.stringify({ ...slice, after: last } satisfies Slice);
    await outbox.add(tx, [{ topic: 'friend-profiles', key: `friend-profiles:${changedUserID}`, payload }]);
  }
}

/** Some milliseconds of writing. */
const defaultOwnersPerSlice = 50;
