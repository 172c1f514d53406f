/**
 * Keeps pushes of a conversation in the order of its seqs: clients count what is pushed to them (conversations-messages
 * chapter, 6.2). Transactions on several connections commit in that order, but the answers of the database may arrive in
 * another. What comes too early is held for a moment; what then still lacks is not waited for, since its commit may have
 * failed to be heard of at all.
 */
export interface PushOrderOptions<Push> {
  readonly push: (push: Push) => void;
  /** For tests. */
  readonly holdMs?: number;
  readonly maxLogs?: number;
}

interface Log<Push> {
  /** Everything up to it has been pushed, or is not waited for any more. */
  last: number;
  /** What came too early; undefined while there is nothing. */
  held: Held<Push> | undefined;
}

interface Held<Push> {
  readonly bySeq: Map<number, Push>;
  readonly timer: NodeJS.Timeout;
}

export class PushOrder<Push> {
  readonly #push: (push: Push) => void;
  readonly #holdMs: number;
  readonly #maxLogs: number;
  /** The one that was heard of first comes first. */
  readonly #logs = new Map<string, Log<Push>>();

  constructor({ push, holdMs = 100, maxLogs = 10_000 }: PushOrderOptions<Push>) {
    this.#push = push;
    this.#holdMs = holdMs;
    this.#maxLogs = maxLogs;
  }

  /** @param seq 0 of what is not stored, which is in no order */
  add(logID: string, seq: number, push: Push): void {
    const log = this.#logs.get(logID);
    if (seq === 0 || log === undefined || seq <= log.last + 1) {
      this.#push(push);
      if (log !== undefined) this.#advance(log, seq);
      else if (seq > 0) this.#remember(logID, seq);
      return;
    }
    log.held ??= { bySeq: new Map(), timer: setTimeout(() => this.#giveUp(log), this.#holdMs).unref() };
    log.held.bySeq.set(seq, push);
  }

  #remember(logID: string, seq: number): void {
    this.#logs.set(logID, { last: seq, held: undefined });
    const [oldest] = this.#logs;
    if (this.#logs.size <= this.#maxLogs || oldest === undefined) return;
    this.#logs.delete(oldest[0]);
    this.#giveUp(oldest[1]);
  }

  #advance(log: Log<Push>, seq: number): void {
    log.last = Math.max(log.last, seq);
    const { held } = log;
    if (held === undefined) return;
    for (let next = held.bySeq.get(log.last + 1); next !== undefined; next = held.bySeq.get(log.last + 1)) {
      log.last += 1;
      held.bySeq.delete(log.last);
      this.#push(next);
    }
    if (held.bySeq.size > 0) return;
    clearTimeout(held.timer);
    log.held = undefined;
  }

  #giveUp(log: Log<Push>): void {
    if (log.held === undefined) return;
    const { bySeq, timer } = log.held;
    clearTimeout(timer);
    log.held = undefined;
    for (const [seq, push] of [...bySeq].sort(([a], [b]) => a - b)) {
      log.last = seq;
      this.#push(push);
    }
  }
}
