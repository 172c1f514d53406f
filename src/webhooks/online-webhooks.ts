/**
 * Tells the receiver who comes online, and who goes offline, on which platform (objects-push-webhooks chapter, 3.5). What
 * was told is kept with what is told, so that it is told of a change only, by whichever node sees it first; and it is
 * looked again a little later whether it is still so, since nodes see one another's connections come and go in any order.
 */
import type { Transaction, UnitOfWork } from '../kernel/unit-of-work.ts';
import type { OnlineConnection, Presence } from '../presence/presence.ts';
import { platformLabel } from '../protocol/numbers/platforms.ts';
import type { HookName } from './hook-table.ts';
import type { ToldOnline, ToldOnlineStore } from './told-online-store.ts';
import type { Webhooks } from './webhooks.ts';

export interface OnlineWebhooksOptions {
  readonly webhooks: Pick<Webhooks, 'tell'>;
  readonly presence: Pick<Presence, 'connectionsOf'>;
  readonly store: ToldOnlineStore;
  readonly unitOfWork: UnitOfWork;
  readonly newID: () => string;
  /** Unix ms. */
  readonly now: () => number;
  /** It could not be looked who is online, or written; it is tried again. */
  readonly onHeldUp: (error: unknown) => void;
}

/** Who came or went: of whom is to be looked. */
type Seen = Pick<OnlineConnection, 'userID' | 'platformID' | 'connID'>;

export class OnlineWebhooks implements AsyncDisposable {
  readonly #options: OnlineWebhooksOptions;
  /** Of users who are to be looked at, the connection that was seen last on each platform. */
  #seen = new Map<string, Map<number, string>>();
  /** Users of whom something was told, who are looked at once more. */
  #told = new Set<string>();
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: OnlineWebhooksOptions) {
    this.#options = options;
  }

  /** A connection has come or gone. */
  note({ userID, platformID, connID }: Seen): void {
    this.#noteOnly(userID).set(platformID, connID);
    this.#lookSoon();
  }

  /** Connections that ended with their node. Resolves when that is told; rejects if it could not be. */
  async lost(connections: readonly Seen[]): Promise<void> {
    for (const connection of connections) this.note(connection);
    await this.#looking;
    if (connections.some(({ userID }) => this.#seen.has(userID))) throw new Error('who went offline is not told yet');
  }

  /** Looks at all who were told to be online: a process that died told nothing of those whom it held. */
  async resume(): Promise<void> {
    for (let after = ''; ; ) {
      const userIDs = await this.#options.store.userIDs(after, atOnce);
      for (const userID of userIDs) this.#noteOnly(userID);
      this.#lookSoon();
      await this.#looking;
      const last = userIDs.at(-1);
      if (last === undefined || userIDs.length < atOnce) return;
      after = last;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#looking;
    this.#isClosed = true;
    await this.#look();
  }

  #noteOnly(userID: string): Map<number, string> {
    const platforms = this.#seen.get(userID) ?? new Map<number, string>();
    this.#seen.set(userID, platforms);
    return platforms;
  }

  /** What else comes in this turn is looked at together. */
  #lookSoon(): void {
    if (this.#isClosed) return;
    this.#looking ??= this.#lookAfterTurn().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookAfterTurn(): Promise<void> {
    await new Promise(setImmediate);
    await this.#look();
    if (this.#told.size > 0 || this.#seen.size > 0) this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const userID of this.#told) this.#noteOnly(userID);
      this.#told.clear();
      this.#lookSoon();
    }, againMs);
  }

  async #look(): Promise<void> {
    const seen = this.#seen;
    this.#seen = new Map();
    const userIDs = [...seen.keys()];
    try {
      while (userIDs.length > 0) {
        const portion = userIDs.splice(0, atOnce);
        for (const userID of await this.#tellOf(portion, seen)) this.#told.add(userID);
        for (const userID of portion) seen.delete(userID);
      }
    } catch (error) {
      this.#options.onHeldUp(error);
      for (const [userID, platforms] of seen) {
        const later = this.#noteOnly(userID);
        for (const [platformID, connID] of platforms) if (!later.has(platformID)) later.set(platformID, connID);
      }
    }
  }

  /** @returns those of whom something was told */
  async #tellOf(
    userIDs: readonly string[],
    seen: ReadonlyMap<string, ReadonlyMap<number, string>>,
  ): Promise<ReadonlySet<string>> {
    const { presence, store, unitOfWork } = this.#options;
    const told = Map.groupBy(await store.of(userIDs), ({ userID }) => userID);
    const online = await presence.connectionsOf(userIDs);
    const come = online.flatMap((connections, index) =>
      [...Map.groupBy(connections, ({ platformID }) => platformID).values()].flatMap(([first]) => {
        const isTold = told.get(userIDs[index] ?? '')?.some(({ platformID }) => platformID === first?.platformID);
        return first === undefined || isTold ? [] : [first];
      }),
    );
    const gone = userIDs.flatMap((userID, index) =>
      (told.get(userID) ?? []).filter((row) => !online[index]?.some(({ platformID }) => platformID === row.platformID)),
    );
    if (come.length === 0 && gone.length === 0) return nobody;
    return unitOfWork.transaction(async (tx) => {
      const removed = await store.remove(tx, gone);
      const added = await store.add(tx, come);
      await this.#tell(tx, 'afterUserOffline', removed, ({ userID, platformID, connID }) => ({
        connID: seen.get(userID)?.get(platformID) ?? connID,
      }));
      const byConnection = new Map(come.map((one) => [one.connID, one]));
      await this.#tell(tx, 'afterUserOnline', added, ({ connID }) => ({
        isAppBackground: byConnection.get(connID)?.isBackground ?? false,
        connID,
      }));
      return new Set([...removed, ...added].map(({ userID }) => userID));
    });
  }

  async #tell(tx: Transaction, name: HookName, rows: readonly ToldOnline[], more: (row: ToldOnline) => object) {
    const { webhooks, newID, now } = this.#options;
    const entries = rows.map((row) => {
      const operationID = newID();
      return {
        key: `user ${row.userID}`,
        operationID,
        body: { ...userStatus(row, operationID, now()), ...more(row) },
      };
    });
    await webhooks.tell(tx, name, ...entries);
  }
}

/** U of 3.3. */
function userStatus({ userID, platformID }: ToldOnline, operationID: string, seq: number): object {
  return { operationID, platformID, platform: platformLabel(platformID), userID, seq };
}

const nobody: ReadonlySet<string> = new Set();
const atOnce = 500;
/** A node finds another one's connection in less. */
const againMs = 1000;
