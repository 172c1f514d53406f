/** Kysely on our own connections to PostgreSQL, so that its queries and transactions begin and end as all others do. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  sql,
} from 'kysely';
import type { PostgresConnection, PostgresConnections } from './postgres-connections.ts';

/** Disposing the Kysely made with it closes the connections. */
export function postgresDialect(connections: PostgresConnections): Dialect {
  return {
    createAdapter: () => new PoolerProofAdapter(),
    createDriver: () => new ConnectionsDriver(connections),
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
