/**
 * Which nodes have members of a group online: a set per group, `tessera:{g:<groupID>}:nodes`. What this node holds is told
 * by itself alone, and told again after Redis may have forgotten it.
 */
import type { RedisClient } from '../client/client.ts';

export interface GroupNodesOptions {
  readonly redis: Pick<RedisClient, 'command'>;
  readonly nodeID: string;
  readonly onFailure: (error: unknown) => void;
  /** How long after its last member has gone a group is still held: most come back soon. */
  readonly releaseAfterMs?: number;
}

type Change = 'SADD' | 'SREM';

/** Commands under way at once. */
const commandsAtOnce = 500;
const tryAgainMs = 1000;

export class GroupNodes implements AsyncDisposable {
  readonly #options: Required<GroupNodesOptions>;
  /** Groups with members here; those that Redis has been told of are `true`. */
  readonly #held = new Map<string, boolean>();
  /** Without members here, told or not. By when they are to be told. */
  readonly #released = new Map<string, NodeJS.Timeout>();
  readonly #waiting = new Map<string, Change>();
  #telling: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: GroupNodesOptions) {
    this.#options = { releaseAfterMs: 30_000, ...options };
  }

  /**
   * Resolves when whoever asks for the groups' nodes finds this one, at the cost of a command for each that is new here;
   * rejects if Redis cannot be told now.
   */
  async hold(groupIDs: readonly string[]): Promise<void> {
    for (const groupID of groupIDs) {
      clearTimeout(this.#released.get(groupID));
      this.#released.delete(groupID);
      if (this.#held.has(groupID)) continue;
      this.#held.set(groupID, false);
      this.#waiting.set(groupID, 'SADD');
    }
    while (groupIDs.some((groupID) => this.#held.get(groupID) === false)) await this.#tell();
  }

  release(groupID: string): void {
    if (!this.#held.has(groupID) || this.#released.has(groupID)) return;
    const timer = setTimeout(() => {
      this.#released.delete(groupID);
      this.#held.delete(groupID);
      this.#waiting.set(groupID, 'SREM');
      void this.#tell().catch(this.#options.onFailure);
    }, this.#options.releaseAfterMs).unref();
    this.#released.set(groupID, timer);
  }

  /** Redis may have forgotten what it was told. Resolves when it knows again, however long that takes. */
  async retell(): Promise<void> {
    for (const groupID of this.#held.keys()) {
      this.#held.set(groupID, false);
      this.#waiting.set(groupID, 'SADD');
    }
    while (this.#waiting.size > 0 && !this.#isClosed) {
      try {
        await this.#tell();
      } catch (error) {
        this.#options.onFailure(error);
        await new Promise((resolve) => setTimeout(resolve, tryAgainMs).unref());
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#released.values()) clearTimeout(timer);
    this.#waiting.clear();
    for (const groupID of this.#held.keys()) this.#waiting.set(groupID, 'SREM');
    await this.#tell().catch(this.#options.onFailure);
  }

  /** One piece after another, so that what is said later of a group is heard later. */
  #tell(): Promise<void> {
    this.#telling ??= this.#tellWaiting().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  async #tellWaiting(): Promise<void> {
    const piece = [...this.#waiting].slice(0, commandsAtOnce);
    for (const [groupID] of piece) this.#waiting.delete(groupID);
    const { redis, nodeID } = this.#options;
    const told = await Promise.allSettled(
      piece.map(async ([groupID, change]) => {
        const key = groupNodesKey(groupID);
        await redis.command(key, [change, key, nodeID]);
      }),
    );
    for (const [index, [groupID, change]] of piece.entries()) {
      const isTold = told[index]?.status === 'fulfilled';
      if (isTold && change === 'SADD' && this.#held.has(groupID) && !this.#waiting.has(groupID)) {
        this.#held.set(groupID, true);
      } else if (!isTold && !this.#waiting.has(groupID)) this.#waiting.set(groupID, change);
    }
    const failure = told.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }
}

export function groupNodesKey(groupID: string): string {
  return `tessera:{g:${groupID}}:nodes`;
}
