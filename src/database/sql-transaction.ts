/** A transaction of either dialect: Kysely's executor plus the effects that wait for the commit. */
import type { Kysely } from 'kysely';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { EffectFailureListener } from './database.ts';
import type { Schema } from './schema.ts';

type Effect = () => void | Promise<void>;

class SqlTransaction implements Transaction {
  readonly executor: Kysely<Schema>;
  readonly effects: Effect[] = [];

  constructor(executor: Kysely<Schema>) {
    this.executor = executor;
  }

  afterCommit(effect: Effect): void {
    this.effects.push(effect);
  }
}

/** Runs `work` in a Kysely transaction, then its effects. See {@link UnitOfWork}. */
export async function runTransaction<T>(
  writer: Kysely<Schema>,
  onEffectFailure: EffectFailureListener,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let effects: readonly Effect[] = [];
  const result = await writer.transaction().execute(async (executor) => {
    const tx = new SqlTransaction(executor);
    const value = await work(tx);
    effects = tx.effects;
    return value;
  });
  for (const effect of effects) {
    try {
      await effect();
    } catch (error) {
      onEffectFailure(error);
    }
  }
  return result;
}

/** @throws TypeError if `tx` was not made by this store: a transaction cannot span two databases. */
export function executorOf(tx: Transaction): Kysely<Schema> {
  if (!(tx instanceof SqlTransaction)) {
    throw new TypeError('transaction belongs to another store');
  }
  return tx.executor;
}
