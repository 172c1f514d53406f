/**
 * A commit whose answer was lost, and of which nobody could say in time whether it holds. Whoever waited for it is told
 * of a failure; what follows a commit is done all the same once it is known to hold.
 */
export class InDoubt<T = unknown> extends Error {
  override readonly name = 'InDoubt';
  /** Resolves, perhaps much later, with what the work returned if the commit holds, and with undefined if it does not. */
  readonly outcome: Promise<T | undefined>;

  constructor(cause: unknown, outcome: Promise<T | undefined>) {
    super('the answer to a commit was lost, and it is not known yet whether it holds', { cause });
    this.outcome = outcome;
  }
}
