/** Kysely on our own connections to PostgreSQL, so that its queries and transactions begin and end as all others do. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  sql,
} from 'kysely';
import type { PostgresConnection, PostgresConnections } from './postgres-connections.ts';
import type { Schema } from './schema.ts';

/** Disposing the Kysely made with it closes the connections. */
export function postgresDialect(connections: PostgresConnections): Dialect {
  return dialectWith(new ConnectionsDriver(connections));
}

/** All queries on one connection, which stays its owner's: within a transaction that the owner has begun. */
export function kyselyOn(connection: PostgresConnection): Kysely<Schema> {
  return new Kysely({ dialect: dialectWith(new OneConnectionDriver(connection)) });
}

function dialectWith(driver: Driver): Dialect {
  return {
    createAdapter: () => new PoolerProofAdapter(),
    createDriver: () => driver,
    createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/** Takes the lock of migrations for their transaction; Kysely's own is one of the session, which a pooler mixes up. */
class PoolerProofAdapter extends PostgresAdapter {
  override async acquireMigrationLock(db: Kysely<never>): Promise<void> {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(migrationLockKey)})`.execute(db);
  }

  override async releaseMigrationLock(): Promise<void> {}
}

/** Any number that other programs on the database are unlikely to lock. */
const migrationLockKey = 7_355_437_203;

class ConnectionsDriver implements Driver {
  readonly #connections: PostgresConnections;

  constructor(connections: PostgresConnections) {
    this.#connections = connections;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DriverConnection> {
    return new DriverConnection(await this.#connections.connect());
  }

  beginTransaction({ connection }: DriverConnection): Promise<void> {
    return connection.begin();
  }

  commitTransaction({ connection }: DriverConnection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction({ connection }: DriverConnection): Promise<void> {
    return connection.rollback();
  }

  async releaseConnection({ connection }: DriverConnection): Promise<void> {
    connection.release();
  }

  destroy(): Promise<void> {
    return this.#connections.end();
  }
}

class OneConnectionDriver implements Driver {
  readonly #connection: DriverConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = new DriverConnection(connection);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DriverConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    throw new Error('a transaction is under way');
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class DriverConnection implements DatabaseConnection {
  readonly connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.connection = connection;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { command, rowCount, rows } = await this.connection.query(sql, parameters);
    return command === 'SELECT'
      ? { rows: rows as Row[] }
      : { numAffectedRows: BigInt(rowCount ?? 0), rows: rows as Row[] };
  }

  streamQuery(): never {
    throw new Error('reading in streams is not provided for');
  }
}
