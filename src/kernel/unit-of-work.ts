/**
 * The contract between domains and whatever stores their data: a transaction that either commits whole or not at all,
 * and effects (notifications, webhooks, cache drops, socket kicks) that run only after it has committed.
 */

/** Handed to store methods so that their writes join the caller's transaction. Opaque to domains. */
export interface Transaction {
  /**
   * Registers an effect to run once the transaction is on disk. Effects run in order of registration; one that fails is
   * reported and does not stop the others, because what they follow has already happened.
   */
  afterCommit(effect: () => void | Promise<void>): void;
}

export interface UnitOfWork {
  /**
   * Runs `work` in one transaction and resolves with its result after the commit and the effects.
   * Rejects, with nothing written and no effect run, if `work` throws. `work` may be run again from the start when the
   * database asks for a retry (serialisation failure), so it must do nothing outside the transaction.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}
