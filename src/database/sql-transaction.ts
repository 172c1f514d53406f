/** A transaction of either dialect: Kysely's executor plus the effects that wait for the commit. */
import type { Kysely, KyselyPlugin } from 'kysely';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { EffectFailureListener } from './database.ts';
import type { Schema } from './schema.ts';

type Effect = () => void | Promise<void>;

/** One attempt of a unit of work. See {@link UnitOfWork}. */
export class SqlTransaction implements Transaction {
  readonly #executor: Kysely<Schema>;
  readonly #effects: Effect[] = [];
  #isOver = false;

  constructor(executor: Kysely<Schema>) {
    // Whoever got it in time may still ask it too late.
    const refusing: KyselyPlugin = {
      transformQuery: ({ node }) => {
        this.#requireOpen();
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    this.#executor = executor.withPlugin(refusing);
  }

  /**
   * It and its queries throw a TypeError once the work is done: what is asked for then would be in no transaction, or
   * another's.
   */
  get executor(): Kysely<Schema> {
    this.#requireOpen();
    return this.#executor;
  }

  afterCommit(effect: Effect): void {
    this.#effects.push(effect);
  }

  /**
   * @throws what `work` throws; TransactionOverdue if that has not come to its end after {@link longestTransactionMs}:
   *   the transaction is over then too, and whatever `work` still asks of it is refused
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { promise: overdue, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new TransactionOverdue()), longestTransactionMs);
    try {
      return await Promise.race([work(this), overdue]);
    } finally {
      clearTimeout(timer);
      this.#isOver = true;
    }
  }

  #requireOpen(): void {
    if (this.#isOver) throw new TypeError('this transaction is over');
  }

  /** Call it after the commit. One that fails is reported, and the next one runs all the same. */
  async runEffects(onFailure: EffectFailureListener): Promise<void> {
    for (const effect of this.#effects) {
      try {
        await effect();
      } catch (error) {
        onFailure(error);
      }
    }
  }
}

/** Others wait for what a transaction holds, on SQLite all of them: one that waits for something else is undone. */
export class TransactionOverdue extends Error {
  override readonly name = 'TransactionOverdue';

  constructor() {
    super('a transaction did not come to its end and was undone');
  }
}

/** After which clients have long given up; PostgreSQL ends a session that says nothing for as long. */
export const longestTransactionMs = 15_000;

/** Tells of a transaction that was undone for being overdue. */
export async function tellingOverdue<T>(
  transaction: Promise<T>,
  tell: (error: TransactionOverdue) => void,
): Promise<T> {
  try {
    return await transaction;
  } catch (error) {
    if (error instanceof TransactionOverdue) tell(error);
    throw error;
  }
}

/** @throws TypeError if `tx` was not made by this store: a transaction cannot span two databases. */
export function executorOf(tx: Transaction): Kysely<Schema> {
  if (!(tx instanceof SqlTransaction)) {
    throw new TypeError('transaction belongs to another store');
  }
  return tx.executor;
}
