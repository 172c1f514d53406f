/** A transaction of either dialect: Kysely's executor plus the effects that wait for the commit. */
import type { Kysely } from 'kysely';
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
    this.#executor = executor;
  }

  /** @throws TypeError once the work is done: what is asked for then would be in no transaction, or another's. */
  get executor(): Kysely<Schema> {
    if (this.#isOver) throw new TypeError('this transaction is over');
    return this.#executor;
  }

  afterCommit(effect: Effect): void {
    this.#effects.push(effect);
  }

  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await work(this);
    } finally {
      this.#isOver = true;
    }
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

/** @throws TypeError if `tx` was not made by this store: a transaction cannot span two databases. */
export function executorOf(tx: Transaction): Kysely<Schema> {
  if (!(tx instanceof SqlTransaction)) {
    throw new TypeError('transaction belongs to another store');
  }
  return tx.executor;
}
