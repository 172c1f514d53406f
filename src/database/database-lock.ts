/**
 * One process per PostgreSQL database, as long as nodes cannot hand messages to each other's sockets: a second one would
 * silently keep its users' messages from the first one's. PostgreSQL drops the lock with the connection.
 */
import pg from 'pg';
import { StartError } from '../kernel/start-error.ts';

/** Any number that other programs on the database are unlikely to lock. */
const lockKey = 7_355_437_201;
/** A process that was killed is gone from the server a moment later than from its own machine. */
const patienceMs = 5000;

/**
 * @param onLost hears if the connection that holds the lock breaks
 * @throws StartError if another process holds the database.
 */
export async function lockDatabase(url: string, onLost: (error: unknown) => void): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, keepAlive: true });
  client.on('error', onLost);
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${patienceMs}`);
    await client.query('SELECT pg_advisory_lock($1)', [lockKey]);
  } catch (error) {
    await client.end();
    if (!isLockTimeout(error)) throw error;
    throw new StartError(
      'another Tessera runs on this database (TESSERA_DATABASE_URL). One process per database: nodes do not yet deliver to each other.',
    );
  }
  return { [Symbol.asyncDispose]: () => client.end() };
}

/** lock_not_available */
function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}
