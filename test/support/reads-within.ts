/**
 * Imported by what opens databases for tests: work of a transaction that reads beside it fails. On SQLite it would not
 * see what the transaction, or one of the same commit, has written; on PostgreSQL it holds one connection and waits for
 * another, until sixteen of them wait for each other.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { PostgresConnections } from '../../src/database/postgres-connections.ts';
import { SqlTransaction } from '../../src/database/sql-transaction.ts';
import { StatementCache } from '../../src/database/statement-cache.ts';

const transactions = new AsyncLocalStorage<SqlTransaction>();

/** For what a test itself does while a transaction is open. */
export function besideTransactions<Result>(work: () => Result): Result {
  return transactions.exit(work);
}

const { run } = SqlTransaction.prototype;
SqlTransaction.prototype.run = function (work) {
  return run.call(this, (tx) => transactions.run(this, () => work(tx))) as ReturnType<typeof work>;
};

const { connect } = PostgresConnections.prototype;
PostgresConnections.prototype.connect = function () {
  requireNoTransaction();
  return connect.call(this);
};

const { prepare } = StatementCache.prototype;
StatementCache.prototype.prepare = function (sql) {
  // The connection that writes is in the transaction, too.
  if (!this.isTransaction) requireNoTransaction();
  return prepare.call(this, sql);
};

function requireNoTransaction(): void {
  if (transactions.getStore() !== undefined) throw new TypeError('work of a transaction reads beside it');
}
